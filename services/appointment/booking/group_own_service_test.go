package booking

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestOwnSessionIsNotOffered: where customers may have two appointments at once, a session in which the customer has a place or holds one is
// still not offered to them, and the explanation names what booking refuses.
func TestOwnSessionIsNotOffered(t *testing.T) {
	f := newGroupFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{AllowCustomerOverlap: new(true)})
	start := f.noon(2)
	g := f.open(start)
	explain := func(who auth.Principal) []*appointmentv1.Block {
		t.Helper()
		got, err := f.rules.availability.ExplainSlot(f.As(who), &appointmentv1.ExplainSlotRequest{
			Segments: []*appointmentv1.SegmentFilter{{ServiceId: f.class.GetId()}}, StartTime: timestamppb.New(start),
		})
		if err != nil {
			t.Fatal(err)
		}
		return got.GetBlocks()
	}
	wantOwn := func(what string) {
		t.Helper()
		found := f.places(f.ann, start)
		if len(found.GetSlots()) != 0 || len(found.GetReasons()) != 1 || found.GetReasons()[0] != appointmentv1.BlockReason_BLOCK_REASON_CUSTOMER_BUSY {
			t.Errorf("%s: the own session is offered: %v", what, found)
		}
		if blocks := explain(f.ann); len(blocks) != 1 || blocks[0].GetReason() != appointmentv1.BlockReason_BLOCK_REASON_CUSTOMER_BUSY {
			t.Errorf("%s: explained by %v", what, blocks)
		}
		_, err := f.join(f.ann, g)
		wantError(t, err, codes.AlreadyExists, "CUSTOMER_BUSY", "customer_id")
		if len(f.places(f.guest(), start).GetSlots()) != 1 {
			t.Errorf("%s: the session is not offered to others", what)
		}
	}
	a := f.mustJoin(f.ann, g)
	wantOwn("booked")
	f.cancel(f.ann, a)
	if blocks := explain(f.ann); len(blocks) != 0 {
		t.Errorf("after the cancellation: %v", blocks)
	}
	h, err := f.holds().CreateHold(f.As(f.ann), &appointmentv1.CreateHoldRequest{Quote: f.places(f.ann, start).GetSlots()[0].GetQuote()})
	if err != nil {
		t.Fatal(err)
	}
	wantOwn("held")
	// What is held is booked all the same.
	booked, err := f.bookHold(f.ann, h, "")
	if err != nil {
		t.Fatal(err)
	}
	// Another session at that time is offered: only the own one is not.
	other := f.staff(g.GetSalonId(), roleMaster)
	f.offer(other, f.class)
	beside := f.opening(start)
	beside.MasterId = other.UserID
	second, err := f.calls.CreateGroupSession(f.As(f.receptionist), beside)
	if err != nil {
		t.Fatal(err)
	}
	if slots := f.places(f.ann, start).GetSlots(); len(slots) != 1 || slots[0].GetGroupSessionId() != second.GetId() {
		t.Errorf("offers %v", slots)
	}
	// The place that is moved is not in its own way.
	moved, err := f.reschedule(f.ann, booked.GetId(), "", timestamppb.New(start))
	if err != nil || moved.GetGroupSessionId() == "" {
		t.Errorf("moved %v, %v", moved, err)
	}
}

// TestFullSessionHasAlternatives: whoever finds a session full learns of the next one with places.
func TestFullSessionHasAlternatives(t *testing.T) {
	f := newGroupFixture(t)
	start := f.noon(2)
	request := f.opening(start)
	request.Capacity = new(int32(1))
	g, err := f.calls.CreateGroupSession(f.As(f.receptionist), request)
	if err != nil {
		t.Fatal(err)
	}
	f.mustJoin(f.ann, g)
	next := f.open(start.Add(2 * hour))
	_, err = f.join(f.guest(), g)
	wantError(t, err, codes.AlreadyExists, "GROUP_FULL", "group_session_id")
	detail := wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_GROUP_FULL)
	if a := detail.GetAlternatives(); len(a) != 1 || a[0].GetGroupSessionId() != next.GetId() {
		t.Errorf("the alternatives are %v", a)
	}
}
