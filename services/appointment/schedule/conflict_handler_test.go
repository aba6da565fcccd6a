package schedule

import (
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// colour is half an hour of work, an hour of waiting, half an hour of work.
const colour = `[{"minutes": 30}, {"wait": true, "minutes": 60}, {"minutes": 30}]`

// TestConflictsOfOpeningHours: all masters count; what has ended, is over, or did not fit before does not.
func TestConflictsOfOpeningHours(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("07:00", "20:00"))                                   // 06:00Z to 19:00Z
	underWay := f.book("CONFIRMED", "2027-03-01T05:30Z", part{f.mira, 60, ""}) // did not fit
	noon := f.book("PENDING", "2027-03-02T11:00Z", part{f.mira, 60, ""})
	chain := f.book("CONFIRMED", "2027-03-02T15:00Z", part{f.mira, 60, ""}, part{f.noor, 60, ""}, part{f.mira, 60, ""})
	waits := f.book("CONFIRMED", "2027-03-02T15:30Z", part{f.noor, 120, colour})
	for _, state := range []string{"COMPLETED", "CANCELLED", "NO_SHOW"} {
		f.book(state, "2027-03-02T17:00Z", part{f.mira, 60, ""})
	}
	f.book("CONFIRMED", "2027-02-28T17:00Z", part{f.mira, 60, ""}) // has ended

	got := f.setOpening(everyDay("09:00", "17:00")) // 08:00Z to 16:00Z
	want := []*appointmentv1.Conflict{
		conflict(t, chain, "2027-03-02T15:00Z", "2027-03-02T18:00Z", f.noor, f.mira),
		conflict(t, waits, "2027-03-02T15:30Z", "2027-03-02T17:30Z", f.noor),
	}
	servicetest.WantMessage(t, got, &appointmentv1.SetOpeningHoursResponse{OpeningHours: got.GetOpeningHours(), Conflicts: want})
	got = f.setOpening(period("", "2027-03-01", weekly("09:00", "17:00", 1))) // from 2 March on the salon is closed
	want = []*appointmentv1.Conflict{
		conflict(t, noon, "2027-03-02T11:00Z", "2027-03-02T12:00Z", f.mira),
		conflict(t, chain, "2027-03-02T15:00Z", "2027-03-02T18:00Z", f.mira),
	}
	servicetest.WantMessage(t, got, &appointmentv1.SetOpeningHoursResponse{OpeningHours: got.GetOpeningHours(), Conflicts: want})
	if got := f.setOpening(); len(got.GetConflicts()) > 0 {
		t.Errorf("a salon that is open all day has %v", got)
	}
	got = f.setOpening(everyDay("00:00", "06:00"))
	if len(got.GetConflicts()) != 4 || got.GetConflicts()[0].GetAppointmentId() != underWay {
		t.Errorf("got %v", got)
	}
	for _, a := range []string{underWay, noon, chain, waits} {
		if f.count("appointments WHERE id = ? AND state IN ('PENDING', 'CONFIRMED') AND version = 7", a) != 1 {
			t.Errorf("appointment %s was changed", a)
		}
	}
}

// TestConflictsOfAMaster: only the master's segments count, and the time that the master waits does not.
func TestConflictsOfAMaster(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("08:00", "20:00"))
	chain := f.book("CONFIRMED", "2027-03-02T09:00Z", part{f.noor, 60, ""}, part{f.mira, 120, colour})
	f.book("CONFIRMED", "2027-03-02T09:00Z", part{f.noor, 60, ""})
	got := f.setWorking(f.mira, period("", "", weekly("08:00", "11:30", 1, 2, 3), weekly("12:30", "20:00", 1, 2, 3))) // 10:30Z to 11:30Z is free
	servicetest.WantMessage(t, got, &appointmentv1.SetWorkingHoursResponse{WorkingHours: got.GetWorkingHours()})
	got = f.setWorking(f.mira, period("", "", weekly("08:00", "11:29", 1, 2, 3), weekly("12:30", "20:00", 1, 2, 3)))
	servicetest.WantMessage(t, got, &appointmentv1.SetWorkingHoursResponse{
		WorkingHours: got.GetWorkingHours(), Conflicts: []*appointmentv1.Conflict{conflict(t, chain, "2027-03-02T09:00Z", "2027-03-02T12:00Z", f.mira)},
	})
	got = f.setWorking(f.mira, everyDay("08:00", "09:00")) // did not fit before
	servicetest.WantMessage(t, got, &appointmentv1.SetWorkingHoursResponse{WorkingHours: got.GetWorkingHours()})
}

// TestConflictsOfDates: closures, overrides and time off, and giving the usual hours back.
func TestConflictsOfDates(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("09:00", "17:00"))
	first := f.book("CONFIRMED", "2027-03-02T09:00Z", part{f.mira, 60, ""})
	second := f.book("PENDING", "2027-03-03T09:00Z", part{f.noor, 60, ""})
	wantFirst := conflict(t, first, "2027-03-02T09:00Z", "2027-03-02T10:00Z", f.mira)
	wantSecond := conflict(t, second, "2027-03-03T09:00Z", "2027-03-03T10:00Z", f.noor)

	closed, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-03-02", EndDate: "2027-03-03", RequestId: f.NewID(),
	})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, closed, &appointmentv1.CreateClosureResponse{
		Closure: closed.GetClosure(), Conflicts: []*appointmentv1.Conflict{wantFirst, wantSecond},
	})
	reopened, err := f.client.DeleteClosure(f.As(f.manager), &appointmentv1.DeleteClosureRequest{ClosureId: closed.GetClosure().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, reopened, &appointmentv1.DeleteClosureResponse{})

	evening := f.book("CONFIRMED", "2027-03-02T18:00Z", part{f.mira, 60, ""})
	longer, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-03-02", Intervals: []*appointmentv1.WallInterval{wall("09:00", "21:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, longer, &appointmentv1.CreateClosureResponse{Closure: longer.GetClosure()})
	wantEvening := conflict(t, evening, "2027-03-02T18:00Z", "2027-03-02T19:00Z", f.mira)
	for _, validateOnly := range []bool{true, true, false} {
		usual, err := f.client.DeleteClosure(f.As(f.manager), &appointmentv1.DeleteClosureRequest{
			ClosureId: longer.GetClosure().GetId(), ValidateOnly: validateOnly,
		})
		if err != nil {
			t.Fatal(err)
		}
		servicetest.WantMessage(t, usual, &appointmentv1.DeleteClosureResponse{Conflicts: []*appointmentv1.Conflict{wantEvening}})
	}

	override, err := f.client.CreateOverride(f.As(f.manager), &appointmentv1.CreateOverrideRequest{
		MasterId: f.mira.UserID, StartDate: "2027-03-01", EndDate: "2027-03-31", Intervals: []*appointmentv1.WallInterval{wall("11:00", "17:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, override, &appointmentv1.CreateOverrideResponse{
		Override: override.GetOverride(), Conflicts: []*appointmentv1.Conflict{wantFirst},
	})
	f.mustOff(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartDate: "2027-03-03"}) // nothing of Mira's
	off, err := f.off(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(t, "2027-03-02T09:59Z"), EndTime: stamp(t, "2027-03-02T12:00Z")})
	if err != nil || len(off.GetConflicts()) > 0 { // it did not fit before
		t.Errorf("got %v, %v", off, err)
	}
	back, err := f.client.DeleteOverride(f.As(f.manager), &appointmentv1.DeleteOverrideRequest{OverrideId: override.GetOverride().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, back, &appointmentv1.DeleteOverrideResponse{})
	_, err = f.client.DeleteTimeOff(f.As(f.manager), &appointmentv1.DeleteTimeOffRequest{TimeOffId: off.GetTimeOff().GetId()})
	if err != nil {
		t.Fatal(err)
	}
	off, err = f.off(&appointmentv1.CreateTimeOffRequest{Kind: sick, StartTime: stamp(t, "2027-03-02T09:59Z"), EndTime: stamp(t, "2027-03-02T12:00Z")})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, off, &appointmentv1.CreateTimeOffResponse{
		TimeOff: off.GetTimeOff(), Conflicts: []*appointmentv1.Conflict{wantFirst},
	})
}

func TestConflictsAreLimited(t *testing.T) {
	f := newFixture(t)
	var ids []string
	for i := range maxConflicts + 1 {
		at := instant(t, "2027-03-02T09:00Z").AddDate(0, 0, i/10).Add(time.Duration(i%10) * time.Minute)
		ids = append(ids, f.book("CONFIRMED", at.Format("2006-01-02T15:04Z"), part{f.mira, 5, ""}))
	}
	got := f.setWorking(f.mira, everyDay("20:00", "21:00"))
	if len(got.GetConflicts()) != maxConflicts || !got.GetMoreConflicts() {
		t.Fatalf("%d conflicts, more: %t", len(got.GetConflicts()), got.GetMoreConflicts())
	}
	for i, c := range got.GetConflicts() {
		if c.GetAppointmentId() != ids[i] {
			t.Fatalf("conflict %d is %v", i, c)
		}
	}
	f.exec("UPDATE appointments SET state = 'NO_SHOW' WHERE id = ?", ids[50])
	f.setWorking(f.mira)
	got = f.setWorking(f.mira, everyDay("20:00", "21:00"))
	if len(got.GetConflicts()) != maxConflicts || got.GetMoreConflicts() {
		t.Errorf("%d conflicts, more: %t", len(got.GetConflicts()), got.GetMoreConflicts())
	}
}

// TestChangeWaitsForBookings: a change of hours sees the booking that was made while it waited, whether it is about the master or about
// the salon.
func TestChangeWaitsForBookings(t *testing.T) {
	for name, change := range map[string]func(f *fixture) ([]*appointmentv1.Conflict, error){
		"of the master": func(f *fixture) ([]*appointmentv1.Conflict, error) {
			got, err := f.client.SetWorkingHours(f.As(f.manager), &appointmentv1.SetWorkingHoursRequest{
				MasterId: f.mira.UserID, Periods: periods{everyDay("20:00", "21:00")},
			})
			return got.GetConflicts(), err
		},
		"of the salon": func(f *fixture) ([]*appointmentv1.Conflict, error) {
			got, err := f.client.CreateClosure(f.As(f.manager), &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: "2027-03-02"})
			return got.GetConflicts(), err
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t) // the closure of one salon would hide the conflicts of the other change
			type answer struct {
				conflicts []*appointmentv1.Conflict
				err       error
			}
			answers := make(chan answer, 1)
			var booked string
			err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
				if err := claims.Lock(t.Context(), tx, f.mira.UserID); err != nil {
					return err
				}
				go func() {
					conflicts, err := change(f)
					answers <- answer{conflicts, err}
				}()
				f.Eventually("the change waits", func() bool { return f.waiting(t.Context()) == 1 })
				booked = f.book("CONFIRMED", "2027-03-02T09:00Z", part{f.mira, 60, ""}) // the booking that has the lock
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			got := <-answers
			if got.err != nil || len(got.conflicts) == 0 || got.conflicts[len(got.conflicts)-1].GetAppointmentId() != booked {
				t.Errorf("got %v, %v, want appointment %s", got.conflicts, got.err, booked)
			}
		})
	}
}
