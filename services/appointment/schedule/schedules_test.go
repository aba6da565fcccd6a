package schedule

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestMasterMovesMeanwhile: a change of hours that was begun for a master of the salon is not made when the master has moved since.
func TestMasterMovesMeanwhile(t *testing.T) {
	f := newFixture(t)
	of := Subject{SalonID: id.FirstSalon, ID: f.mira.UserID, Kind: OfMaster}
	begin := func(of Subject) error {
		return f.db.InTx(t.Context(), func(tx *postgres.DB) error {
			_, err := f.root.begin(t.Context(), tx, of)
			return err
		})
	}
	if err := begin(of); err != nil {
		t.Fatal(err)
	}
	unknown := of
	unknown.ID = f.NewID()
	if err := begin(unknown); !errors.Is(err, claims.ErrContention) {
		t.Errorf("a master who is not known: %v", err)
	}
	f.setMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: f.other, DisplayName: "Mira", Version: 2})
	if err := begin(of); !errors.Is(err, claims.ErrContention) {
		t.Errorf("a master who has moved: %v", err)
	}
	f.setMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, DisplayName: "Mira", Disabled: true, Version: 3})
	if err := begin(of); !errors.Is(err, claims.ErrContention) {
		t.Errorf("a master who was disabled: %v", err)
	}
}

// TestChangesAtOnce: of changes that exclude each other, one is made.
func TestChangesAtOnce(t *testing.T) {
	f := newFixture(t)
	closure := func() error {
		_, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
			SalonId: id.FirstSalon, StartDate: "2027-05-03", EndDate: "2027-05-04",
		})
		return err
	}
	hours := func() error {
		_, err := f.client.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{
			SalonId: id.FirstSalon, Periods: periods{everyDay("09:00", "17:00")}, Etag: "1",
		})
		return err
	}
	for name, tt := range map[string]struct {
		change func() error
		reason string
	}{"closures of the same dates": {closure, "DATES_TAKEN"}, "hours of the same etag": {hours, "ETAG_MISMATCH"}} {
		const tries = 6
		results := make(chan error, tries)
		for range tries {
			go func() { results <- tt.change() }()
		}
		made := 0
		for range tries {
			switch err := <-results; {
			case status.Code(err) == codes.OK:
				made++
			case apierr.ReasonOf(err) != tt.reason:
				t.Errorf("%s: %v", name, err)
			}
		}
		if made != 1 {
			t.Errorf("%s: %d were made", name, made)
		}
	}
}

// TestDeleteWhatIsNotThere: what another change has deleted, between the read and the deletion, is not found.
func TestDeleteWhatIsNotThere(t *testing.T) {
	f := newFixture(t)
	store := NewStore(f.db)
	gone := f.NewID()
	if err := store.DeleteDated(t.Context(), DatedEntry{ID: gone, Subject: Subject{SalonID: id.FirstSalon}}, errNoClosure); !errors.Is(err, errNoClosure) {
		t.Errorf("a closure: %v", err)
	}
	if err := store.DeleteTimeOff(t.Context(), TimeOffEntry{ID: gone, SalonID: id.FirstSalon}); !errors.Is(err, errNoTimeOff) {
		t.Errorf("time off: %v", err)
	}
}
