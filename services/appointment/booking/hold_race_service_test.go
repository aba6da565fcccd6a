package booking

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestHoldsRace: of many who hold or book one time at once, one gets it; whoever holds it books it.
func TestHoldsRace(t *testing.T) {
	f := newFixture(t)
	elsewhere := f.newProcess()
	for round := range 10 {
		start := f.noon(2 + round)
		var got atomic.Int32
		var all sync.WaitGroup
		callers, quote := make([]auth.Principal, 16), f.slotAt(nobody, start).GetQuote()
		for n := range callers {
			callers[n] = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
		}
		for n, who := range callers {
			all.Go(func() {
				var err error
				if n%2 == 0 {
					_, err = elsewhere.bookings.CreateAppointment(f.principal(who), &appointmentv1.CreateAppointmentRequest{Quote: &quote})
				} else {
					var h *appointmentv1.Hold
					if h, err = f.holds().CreateHold(f.As(who), &appointmentv1.CreateHoldRequest{Quote: quote}); err == nil {
						if _, err := f.bookHold(who, h, ""); err != nil {
							t.Errorf("a hold was not booked: %v", err)
						}
					}
				}
				if err == nil {
					got.Add(1)
				} else if status.Code(err) != codes.AlreadyExists {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got.Load() != 1 {
			t.Errorf("round %d: %d got the time", round, got.Load())
		}
	}
	wantClaims(t, f.db)
}

// TestHoldAtItsEnd: a hold that expires while its holder waits for the master goes to whoever wants the time; one that was booked in time stays
// booked.
func TestHoldAtItsEnd(t *testing.T) {
	f := newFixture(t)
	bob := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	start := f.noon(2)
	quote := f.slotAt(bob, start).GetQuote()
	h := f.hold(f.ann, start)
	release := holding(t, f.db, func(ctx context.Context, tx *postgres.DB) error { return claims.Lock(ctx, tx, f.mira.UserID) })
	var theirs, his error
	var all sync.WaitGroup
	all.Go(func() { _, theirs = f.bookHold(f.ann, h, "") })
	waitForLocks(t, f.db, 1)
	f.letExpire(h)
	all.Go(func() { _, his = f.createQuote(bob, quote) })
	waitForLocks(t, f.db, 2)
	release(nil)
	all.Wait()
	wantError(t, theirs, codes.FailedPrecondition, "HOLD_EXPIRED", "hold_id")
	if his != nil {
		t.Errorf("the other: %v", his)
	}

	start = f.noon(3)
	quote = f.slotAt(bob, start).GetQuote()
	h = f.hold(f.ann, start)
	if _, err := f.bookHold(f.ann, h, ""); err != nil {
		t.Errorf("in time: %v", err)
	}
	exec(t, f.db, "UPDATE holds SET expire_time = now() WHERE id = ?", h.GetId())
	if err := f.bookings.ExpireHolds(t.Context()); err != nil {
		t.Error(err)
	}
	_, err := f.createQuote(bob, quote)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "quote")
	wantClaims(t, f.db)
}

// TestStuckColleague: what somebody does for long with one master keeps nobody from the time of an expired hold of another.
func TestStuckColleague(t *testing.T) {
	f := newFixture(t)
	nora := f.staff(first.ID, roleMaster)
	start := f.noon(2)
	f.offer(nora, f.cut)
	second := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	mine := f.hold(f.ann, start)
	search := f.searchOf(start)
	search.Segments[0].MasterIds = []string{nora.UserID}
	found, err := f.rules.availability.SearchAvailability(f.As(second), search)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := f.holds().CreateHold(f.As(second), &appointmentv1.CreateHoldRequest{Quote: found.GetSlots()[0].GetQuote()})
	if err != nil {
		t.Fatal(err)
	}
	f.letExpire(mine)
	f.letExpire(theirs)
	release := holding(t, f.db, func(ctx context.Context, tx *postgres.DB) error { return claims.Lock(ctx, tx, nora.UserID) })
	f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(start, f.cut, f.mira))
	release(nil)
	if err := f.bookings.ExpireHolds(t.Context()); err != nil {
		t.Error(err)
	}
	if got := f.getHold(second, theirs); got.GetState() != appointmentv1.HoldState_HOLD_STATE_EXPIRED {
		t.Errorf("the colleague's hold is %v", got)
	}
	wantClaims(t, f.db)
}
