package booking

import (
	"testing"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestHoldBlocks: staff are told which hold takes a time, not the id of an appointment that does not exist yet; customers neither.
func TestHoldBlocks(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	h := f.hold(f.ann, start)
	explain := &appointmentv1.ExplainSlotRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId(), MasterIds: []string{f.mira.UserID}}},
		StartTime: timestamppb.New(start),
	}
	refused := func() []*appointmentv1.Block {
		t.Helper()
		req := byMaster(start, f.cut, f.mira)
		req.CustomerId = new(f.newCustomer("Ida").GetId())
		_, err := f.appointments.CreateAppointment(f.As(f.receptionist), req)
		for _, detail := range status.Convert(err).Details() {
			if d, ok := detail.(*appointmentv1.NotBookable); ok {
				return d.GetBlocks()
			}
		}
		t.Fatalf("refused with %v", err)
		return nil
	}
	got, err := f.rules.availability.ExplainSlot(f.As(f.receptionist), explain)
	if err != nil {
		t.Fatal(err)
	}
	for _, blocks := range [][]*appointmentv1.Block{got.GetBlocks(), refused()} {
		if len(blocks) != 1 || blocks[0].GetHoldId() != h.GetId() || blocks[0].GetAppointmentId() != "" {
			t.Errorf("staff see %v, want the hold %s", blocks, h.GetId())
		}
	}
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	if got, err = f.rules.availability.ExplainSlot(f.As(stranger), explain); err != nil || len(got.GetBlocks()) == 0 || got.GetBlocks()[0].GetHoldId() != "" {
		t.Errorf("a stranger sees %v, %v", got, err)
	}
	a, err := f.bookHold(f.ann, h, "")
	if err != nil {
		t.Fatal(err)
	}
	if blocks := refused(); len(blocks) != 1 || blocks[0].GetAppointmentId() != a.GetId() || blocks[0].GetHoldId() != "" {
		t.Errorf("staff see %v, want the appointment %s", blocks, a.GetId())
	}
}
