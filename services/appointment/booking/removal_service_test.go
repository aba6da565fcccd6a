package booking

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// removal is a change after which something cannot be booked any more.
type removal struct {
	name string
	// of is the subject whose lock the removal takes.
	of func(f *fixture, customer auth.Principal) string
	do func(ctx context.Context, f *fixture, customer auth.Principal) error
	// refused is the reason of the bookings that come later.
	refused string
}

func masterOf(f *fixture, _ auth.Principal) string { return f.mira.UserID }

func accountOf(_ *fixture, customer auth.Principal) string { return customer.UserID }

// removals are all that refuse the bookings of Mira's cut, or of a customer.
var removals = []removal{
	{
		"the master's account is disabled", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: first.ID, Disabled: true, Version: 2})
			_, err := f.people.RefreshMaster(ctx, f.mira.UserID)
			return err
		}, "MASTER_UNAVAILABLE",
	},
	{
		"the master leaves", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: first.ID, Deleted: true, Version: 2})
			_, err := f.people.RefreshMaster(ctx, f.mira.UserID)
			return err
		}, "MASTER_UNAVAILABLE",
	},
	{
		"the master's offerings are removed", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			return f.db.InTx(ctx, func(tx *postgres.DB) error {
				return f.catalog.RemoveOfferingsOf(ctx, tx, f.mira.UserID, f.Clock.Now())
			})
		}, "NOT_OFFERED",
	},
	{
		"the offering is deleted", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			_, err := f.catalogue.DeleteOffering(ctx, &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.cut.GetId()})
			return err
		}, "NOT_OFFERED",
	},
	{
		"the service is deleted", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			_, err := f.catalogue.DeleteService(ctx, &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()})
			return err
		}, "NOT_OFFERED",
	},
	{
		"the service becomes inactive", masterOf, func(ctx context.Context, f *fixture, _ auth.Principal) error {
			no := false
			_, err := f.catalogue.UpdateService(ctx, &appointmentv1.UpdateServiceRequest{ServiceId: f.cut.GetId(), Active: &no})
			return err
		}, "NOT_OFFERED",
	},
	{
		"the customer's account is disabled", accountOf, func(ctx context.Context, f *fixture, customer auth.Principal) error {
			f.SetAccount(&userv1.LookupUserResponse{UserId: customer.UserID, Disabled: true, Version: 2})
			_, err := f.people.RefreshAccount(ctx, customer.UserID)
			return err
		}, "CUSTOMER_UNAVAILABLE",
	},
}

// lockBefore reports whether a booking takes the lock of one subject before that of another.
func lockBefore(t *testing.T, f *fixture, one, two string) bool {
	t.Helper()
	return count(t, f.db, "(VALUES (?::uuid, ?::uuid)) AS v (one, two) WHERE "+claims.LockKey("one")+" < "+claims.LockKey("two"), one, two) == 1
}

// TestRemovalWaitsForABooking: a removal does not return while a booking is in flight that does not know of
// it. The booking holds the lock that the removal needs, and waits for another one, which the test holds.
func TestRemovalWaitsForABooking(t *testing.T) {
	for _, r := range removals {
		t.Run(r.name, func(t *testing.T) {
			f := newFixture(t)
			f.bookings.queue.patience = 4 * time.Second
			customer := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
			f.book(customer, f.in(48*time.Hour)) // from now on nothing is read before the locks
			// A second master, whose lock a booking takes after that of the removal.
			other := id.New()
			for !lockBefore(t, f, r.of(f, customer), other) {
				other = id.New()
			}
			colleague := f.SignInAs(other, apiv1.Role_ROLE_CUSTOMER, servicetest.Member(first.ID, roleMaster))
			colour := f.newService(first.ID, "Colour", 1)
			f.offer(colleague, colour)
			req := f.request(f.in(time.Hour))
			req.Segments = append(req.Segments, &appointmentv1.SegmentInput{ServiceId: colour.GetId(), MasterId: new(other)})
			release := holdSubject(t, f.db, other)
			booked := make(chan error, 1)
			ctx := f.As(customer)
			go func() {
				_, err := f.appointments.CreateAppointment(ctx, req)
				booked <- err
			}()
			waitForLocks(t, f.db, 1)
			removed := make(chan error, 1)
			asAdmin := f.As(f.admin)
			go func() { removed <- r.do(asAdmin, f, customer) }()
			waitForLocks(t, f.db, 2)
			select {
			case err := <-removed:
				t.Fatalf("the removal has not waited: %v", err)
			default:
			}
			release(nil)
			if err := <-removed; err != nil {
				t.Errorf("remove: %v", err)
			}
			if n := count(t, f.db, "appointments"); n != 2 {
				t.Errorf("%d appointments when the removal has returned, want 2", n)
			}
			if err := <-booked; err != nil {
				t.Errorf("the booking before the removal: %v", err)
			}
			_, err := f.appointments.CreateAppointment(f.As(customer), f.request(f.in(72*time.Hour)))
			if got := apierr.ReasonOf(err); got != r.refused {
				t.Errorf("the booking after the removal: %v, want %s", err, r.refused)
			}
			wantClaims(t, f.db)
		})
	}
}

// TestNothingIsBookedAfterARemoval: while callers of two processes book without a pause, a removal returns.
// From then on, the number of appointments stays.
func TestNothingIsBookedAfterARemoval(t *testing.T) {
	for _, r := range removals {
		t.Run(r.name, func(t *testing.T) {
			f := newFixture(t)
			exec(t, f.db, "UPDATE salons SET max_open_appointments = 0")
			elsewhere := f.newProcess()
			customer := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
			var next, made atomic.Int64
			var all sync.WaitGroup
			for n := range 8 {
				bookings := []*Bookings{f.bookings, elsewhere.bookings}[n%2]
				ctx := auth.WithPrincipal(t.Context(), customer)
				all.Go(func() {
					for {
						_, err := bookings.CreateAppointment(ctx, f.request(f.in(time.Duration(next.Add(1))*time.Hour)))
						if err != nil {
							if got := apierr.ReasonOf(err); got != r.refused {
								t.Errorf("book: %v, want %s", err, r.refused)
							}
							return
						}
						made.Add(1)
					}
				})
			}
			eventually(t, "appointments are booked", func() bool { return made.Load() > 20 })
			if err := r.do(f.As(f.admin), f, customer); err != nil {
				t.Errorf("remove: %v", err)
			}
			before := count(t, f.db, "appointments")
			all.Wait()
			if after := count(t, f.db, "appointments"); after != before {
				t.Errorf("%d appointments were booked after the removal", after-before)
			}
			wantClaims(t, f.db)
		})
	}
}
