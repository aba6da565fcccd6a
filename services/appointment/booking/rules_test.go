package booking

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// rules are the clients with which a salon sets the rules of its bookings, and with which they are asked for.
type rules struct {
	salons       appointmentv1.SalonServiceClient
	schedules    appointmentv1.ScheduleServiceClient
	resources    appointmentv1.ResourceServiceClient
	availability appointmentv1.AvailabilityServiceClient
}

// setPolicy changes the booking policy of the first salon.
func (f *fixture) setPolicy(req *appointmentv1.UpdateBookingPolicyRequest) {
	f.t.Helper()
	req.SalonId = first.ID
	if _, err := f.rules.salons.UpdateBookingPolicy(f.As(f.manager), req); err != nil {
		f.t.Fatalf("set the policy: %v", err)
	}
}

// openDaily sets the opening hours of the first salon.
func (f *fixture) openDaily(from, to string) {
	f.t.Helper()
	_, err := f.rules.schedules.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{
		SalonId: first.ID,
		Periods: []*appointmentv1.WeeklyHours{{Intervals: []*appointmentv1.WeeklyInterval{{
			Days: []appointmentv1.DayOfWeek{1, 2, 3, 4, 5, 6, 7}, Interval: &appointmentv1.WallInterval{Start: from, End: to},
		}}}},
	})
	if err != nil {
		f.t.Fatalf("set opening hours: %v", err)
	}
}

// newResources adds a kind with n resources to the first salon, and returns the kind's id.
func (f *fixture) newResources(kind string, n int) string {
	f.t.Helper()
	k, err := f.rules.resources.CreateResourceKind(f.As(f.manager), &appointmentv1.CreateResourceKindRequest{SalonId: first.ID, Name: kind})
	if err != nil {
		f.t.Fatalf("create a kind: %v", err)
	}
	for i := range n {
		_, err := f.rules.resources.CreateResource(f.As(f.manager), &appointmentv1.CreateResourceRequest{
			SalonId: first.ID, ResourceKindId: k.GetId(), Name: fmt.Sprint(kind, " ", i+1),
		})
		if err != nil {
			f.t.Fatalf("create a resource: %v", err)
		}
	}
	return k.GetId()
}

// newPhased adds a service with phases to the first salon.
func (f *fixture) newPhased(name string, phases ...*appointmentv1.Phase) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.catalogue.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
		SalonId: new(first.ID), Name: name, Category: "Hair", Price: euros(9000), Phases: phases,
	})
	if err != nil {
		f.t.Fatalf("create a service: %v", err)
	}
	return s
}

// phase is a part of a service.
func phase(kind appointmentv1.PhaseKind, minutes int32, resourceKinds ...string) *appointmentv1.Phase {
	return &appointmentv1.Phase{Kind: kind, DurationMinutes: minutes, ResourceKindIds: resourceKinds}
}

const (
	workPhase = appointmentv1.PhaseKind_PHASE_KIND_WORK
	waitPhase = appointmentv1.PhaseKind_PHASE_KIND_WAIT
)

// anyMaster asks for a service by whoever is free.
func anyMaster(start time.Time, s *appointmentv1.Service) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{
		StartTime: timestamp(start), Segments: []*appointmentv1.SegmentInput{{ServiceId: s.GetId()}},
	}
}

// byMaster asks for a service by a master.
func byMaster(start time.Time, s *appointmentv1.Service, master auth.Principal) *appointmentv1.CreateAppointmentRequest {
	req := anyMaster(start, s)
	req.Segments[0].MasterId = &master.UserID
	return req
}

// noon is 12:00 of the first salon's wall time, some days ahead.
func (f *fixture) noon(days int) time.Time {
	return f.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(12 * time.Hour)
}

// search finds slots of Mira's cut on a date.
func (f *fixture) search(who auth.Principal, day time.Time) []*appointmentv1.Slot {
	f.t.Helper()
	found, err := f.rules.availability.SearchAvailability(f.As(who), f.searchOf(day))
	if err != nil {
		f.t.Fatalf("search: %v", err)
	}
	return found.GetSlots()
}

func (f *fixture) searchOf(day time.Time) *appointmentv1.SearchAvailabilityRequest {
	date := day.Format(time.DateOnly)
	return &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId(), MasterIds: []string{f.mira.UserID}}},
		StartDate: date, EndDate: date, Limit: 200,
	}
}

// slotAt is the slot of Mira's cut at a start.
func (f *fixture) slotAt(who auth.Principal, start time.Time) *appointmentv1.Slot {
	f.t.Helper()
	slots := f.search(who, start)
	i := slices.IndexFunc(slots, func(s *appointmentv1.Slot) bool { return s.GetStartTime().AsTime().Equal(start) })
	if i < 0 {
		f.t.Fatalf("%v is not offered", start)
	}
	return slots[i]
}

// wantNotBookable checks that an error has the detail of what cannot be booked, with a block of one of the reasons, and returns it.
func wantNotBookable(t testing.TB, err error, reasons ...appointmentv1.BlockReason) *appointmentv1.NotBookable {
	t.Helper()
	for _, d := range status.Convert(err).Details() {
		if detail, ok := d.(*appointmentv1.NotBookable); ok {
			if !slices.ContainsFunc(detail.GetBlocks(), func(b *appointmentv1.Block) bool { return slices.Contains(reasons, b.GetReason()) }) {
				t.Errorf("blocks %v, want one of %v", detail.GetBlocks(), reasons)
			}
			return detail
		}
	}
	t.Errorf("no detail of what cannot be booked: %v", err)
	return nil
}

// wantAlternatives checks that a detail offers slots, all of them after a start.
func wantAlternatives(t testing.TB, detail *appointmentv1.NotBookable, start time.Time) {
	t.Helper()
	if n := len(detail.GetAlternatives()); n == 0 || n > 3 {
		t.Errorf("%d alternatives", n)
	}
	for _, slot := range detail.GetAlternatives() {
		if !slot.GetStartTime().AsTime().After(start) {
			t.Errorf("the alternative to %v is %v", start, slot)
		}
	}
}

const hour = time.Hour

func timestamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

// work is the one phase of a service without others.
func work(minutes int32) []*appointmentv1.Phase {
	return []*appointmentv1.Phase{{Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: minutes}}
}
