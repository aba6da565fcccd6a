package booking

import (
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// What an appointment itself says of who may see it is what SQL says.
func TestVisibleToIsWhatSQLSays(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	booked := f.book(f.ann, f.in(24*time.Hour))
	elsewhere := servicetest.Member(id.New(), roleManager, roleMaster, roleReceptionist)
	for name, who := range map[string]auth.Principal{
		"customer": f.ann, "master": f.mira, "receptionist": f.receptionist, "manager": f.manager, "admin": f.admin,
		"stranger": f.SignIn(apiv1.Role_ROLE_CUSTOMER), "another master": f.staff(first.ID, roleMaster),
		"staff of another salon": f.SignIn(apiv1.Role_ROLE_CUSTOMER, elsewhere),
		"master who has left":    {UserID: f.mira.UserID, Role: apiv1.Role_ROLE_CUSTOMER},
		"nobody":                 {},
	} {
		_, err := f.bookings.store.Appointment(t.Context(), booked.GetId(), known(who))
		found, readErr := f.bookings.ReadIn(t.Context(), f.db, []Key{{SalonID: booked.GetSalonId(), ID: booked.GetId()}, {SalonID: first.ID, ID: id.New()}})
		if readErr != nil || len(found) != 1 {
			t.Fatalf("read: %v %v", found, readErr)
		}
		if got := found[0].VisibleTo(who); got != (err == nil) {
			t.Errorf("%s: visible is %v, SQL says %v", name, got, err)
		}
	}
}

// known is the caller; nobody has an id that is nobody's, because SQL reads it as a UUID.
func known(who auth.Principal) auth.Principal {
	if who.UserID == "" {
		who.UserID = id.New()
	}
	return who
}
