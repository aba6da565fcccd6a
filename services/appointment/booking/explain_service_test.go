package booking

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestCheckSaysWhatExplainSays: one appointment takes the time and another one the buffer, and both methods give both reasons to anybody.
func TestCheckSaysWhatExplainSays(t *testing.T) {
	f := newFixture(t)
	trim, long := f.newPhased("Trim", phase(workPhase, 30)), f.newPhased("Long", phase(workPhase, 60))
	f.offer(f.mira, trim)
	f.offer(f.mira, long)
	_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: long.GetId(), BufferAfterMinutes: new(int32(10))})
	if err != nil {
		t.Fatal(err)
	}
	start := f.noon(2)
	for _, at := range []time.Time{start, start.Add(80 * time.Minute)} {
		req := byMaster(at, trim, f.mira)
		req.CustomerId = new(f.newCustomer("Ida").GetId())
		f.create(f.receptionist, req)
	}
	segments := []*appointmentv1.SegmentFilter{{ServiceId: long.GetId(), MasterIds: []string{f.mira.UserID}}}
	at := timestamppb.New(start.Add(15 * time.Minute))
	explained, err := f.rules.availability.ExplainSlot(f.As(f.ann), &appointmentv1.ExplainSlotRequest{Segments: segments, StartTime: at})
	if err != nil {
		t.Fatal(err)
	}
	checked, err := f.rules.availability.CheckSlots(f.As(f.ann), &appointmentv1.CheckSlotsRequest{
		Segments: segments, StartTimes: []*timestamppb.Timestamp{at},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []appointmentv1.BlockReason{appointmentv1.BlockReason_BLOCK_REASON_BOOKED, appointmentv1.BlockReason_BLOCK_REASON_BUFFER}
	var got []appointmentv1.BlockReason
	for _, b := range explained.GetBlocks() {
		got = append(got, b.GetReason())
	}
	if check := checked.GetChecks()[0]; !slices.Equal(got, want) || !slices.Equal(check.GetReasons(), want) || check.GetBookable() {
		t.Errorf("explained by %v, checked %v", got, check)
	}
}
