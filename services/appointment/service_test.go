package appointment

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

// TestConsumesEventsOfMastersAndAccounts: an event makes the service read the owner.
func TestConsumesEventsOfMastersAndAccounts(t *testing.T) {
	f := newFixture(t)
	f.book(f.ann, time.Hour)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, DisplayName: "Mira", Deleted: true, Version: 2})
	f.SetAccount(&userv1.LookupUserResponse{UserId: f.ann.UserID, Disabled: true, Version: 2})
	f.Publish("master.deleted", f.mira.UserID, 2, f.Clock.Now(), &userv1.MasterEvent{MasterId: f.mira.UserID, Deleted: true})
	f.Publish("user.disabled", f.ann.UserID, 2, f.Clock.Now(), &userv1.UserEvent{UserId: f.ann.UserID, Disabled: true})
	f.Eventually("the master is deleted here", func() bool {
		return f.count("masters WHERE id = ? AND deleted AND version = 2 AND display_name = 'Mira'", f.mira.UserID) == 1
	})
	f.Eventually("the offerings are gone with the master", func() bool {
		return f.count("offerings WHERE master_id = ? AND deleted_at IS NULL", f.mira.UserID) == 0
	})
	f.Eventually("the account is disabled here", func() bool {
		return f.count("accounts WHERE id = ? AND disabled AND version = 2", f.ann.UserID) == 1
	})
}

// TestReconciles: what was never read from its owner is read at the start.
func TestReconciles(t *testing.T) {
	f := newFixture(t)
	f.book(f.ann, time.Hour)
	f.exec("UPDATE masters SET version = 0, display_name = ''")
	f.exec("UPDATE accounts SET version = 0, display_name = ''")
	f.Go(f.newService().Run)
	f.Eventually("masters and accounts are read", func() bool {
		return f.count("masters WHERE version = 0 OR display_name = ''")+f.count("accounts WHERE version = 0 OR display_name = ''") == 0
	})
}

func TestReady(t *testing.T) {
	f := newFixture(t)
	if err := f.service.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}

// wantError checks the code and the reason of an error.
func wantError(t testing.TB, err error, code codes.Code, reason string) {
	t.Helper()
	if status.Code(err) != code || apierr.ReasonOf(err) != reason {
		t.Errorf("got %v, want %v %s", err, code, reason)
	}
}
