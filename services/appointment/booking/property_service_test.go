package booking

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"pgregory.net/rapid"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestOfferedIsBooked is a property of random rules, appointments and starts: a start is offered exactly when the explanation is empty,
// and exactly when the same customer can book it, or move an appointment there.
func TestOfferedIsBooked(t *testing.T) {
	f := newFixture(t)
	chair, nora := f.newResources("Chair", 2), f.staff(first.ID, roleMaster)
	colour := f.newPhased("Colour", phase(workPhase, 25, chair), phase(waitPhase, 30, chair), phase(workPhase, 20))
	wash := f.newPhased("Wash", phase(workPhase, 20, chair))
	f.offer(f.mira, colour)
	f.offer(nora, colour)
	f.offer(nora, wash)
	f.offer(nora, f.cut)
	p := &property{
		fixture: f, services: []string{f.cut.GetId(), colour.GetId(), wash.GetId()}, masters: []string{f.mira.UserID, nora.UserID},
		customers: []auth.Principal{f.ann, f.SignIn(apiv1.Role_ROLE_CUSTOMER)},
	}
	rapid.Check(t, func(t *rapid.T) {
		p.changeRule(t)
		for range 3 {
			p.tryStart(t)
		}
	})
	t.Logf("%d booked, %d moved, %d refused", p.booked, p.moved, p.refused)
	if p.booked == 0 || p.moved == 0 || p.refused == 0 {
		t.Error("not everything happened that was to be tested")
	}
	wantClaims(t, f.db)
}

// property is a salon whose rules change at random, with its appointments.
type property struct {
	*fixture

	services, masters []string
	customers         []auth.Principal
	appointments      []*appointmentv1.Appointment

	booked, moved, refused int
}

// wall draws a wall time of the day, in steps of 5 minutes.
func wall(t *rapid.T, name string, from, to int) string {
	minutes := 5 * rapid.IntRange(from*12, to*12).Draw(t, name)
	return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60)
}

// changeRule changes something that decides what can be booked. A change that is refused changes nothing.
func (p *property) changeRule(t *rapid.T) {
	ctx := p.As(p.manager)
	date := p.noon(rapid.IntRange(1, 5).Draw(t, "date of the rule")).Format(time.DateOnly)
	master := rapid.SampledFrom(p.masters).Draw(t, "master of the rule")
	hours := []*appointmentv1.WallInterval{{Start: wall(t, "opens", 0, 12), End: wall(t, "closes", 13, 24)}}
	weekly := []*appointmentv1.WeeklyHours{{Intervals: []*appointmentv1.WeeklyInterval{
		{Days: []appointmentv1.DayOfWeek{1, 2, 3, 4, 5, 6, 7}, Interval: hours[0]},
	}}}
	var err error
	switch rapid.IntRange(0, 6).Draw(t, "rule") {
	case 0:
		_, err = p.rules.schedules.SetOpeningHours(ctx, &appointmentv1.SetOpeningHoursRequest{SalonId: first.ID, Periods: weekly})
	case 1:
		_, err = p.rules.schedules.SetWorkingHours(ctx, &appointmentv1.SetWorkingHoursRequest{MasterId: master, Periods: weekly})
	case 2:
		_, err = p.rules.schedules.CreateClosure(ctx, &appointmentv1.CreateClosureRequest{SalonId: first.ID, StartDate: date, Intervals: hours})
	case 3:
		_, err = p.rules.schedules.CreateOverride(ctx, &appointmentv1.CreateOverrideRequest{MasterId: master, StartDate: date, Intervals: hours})
	case 4:
		start := p.start(t)
		_, err = p.rules.schedules.CreateTimeOff(ctx, &appointmentv1.CreateTimeOffRequest{
			MasterId: master, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_TRAINING, StartTime: timestamp(start), EndTime: timestamp(start.Add(hour)),
		})
	case 5:
		p.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{
			SlotStepMinutes:             new(rapid.SampledFrom([]int32{5, 15, 20, 60}).Draw(t, "step")),
			LeadTimeMinutes:             new(rapid.SampledFrom([]int32{0, 60, 2000}).Draw(t, "lead time")),
			HorizonDays:                 new(rapid.Int32Range(2, 9).Draw(t, "horizon")),
			BuffersWithinHours:          new(rapid.Bool().Draw(t, "buffers within hours")),
			MaxOpenAppointments:         new(rapid.SampledFrom([]int32{0, 30}).Draw(t, "open")),
			MaxCustomerAppointmentsADay: new(rapid.SampledFrom([]int32{0, 4}).Draw(t, "a customer a day")),
			MaxMasterAppointmentsADay:   new(rapid.SampledFrom([]int32{0, 5}).Draw(t, "a master a day")),
		})
	case 6:
		_, err = p.catalogue.UpdateService(ctx, &appointmentv1.UpdateServiceRequest{
			ServiceId:           rapid.SampledFrom(p.services).Draw(t, "service of the rule"),
			BufferBeforeMinutes: new(rapid.SampledFrom([]int32{0, 5, 10}).Draw(t, "before")),
			BufferAfterMinutes:  new(rapid.SampledFrom([]int32{0, 10}).Draw(t, "after")),
		})
	}
	if code := status.Code(err); code != codes.OK && code != codes.AlreadyExists && code != codes.InvalidArgument {
		t.Fatalf("change a rule: %v", err)
	}
}

// start draws a minute of the next days, mostly on the grid.
func (p *property) start(t *rapid.T) time.Time {
	step := rapid.SampledFrom([]int{1, 5, 15, 15, 60}).Draw(t, "grid")
	minutes := step * rapid.IntRange(0, 24*60/step-1).Draw(t, "minute")
	return p.noon(rapid.IntRange(1, 5).Draw(t, "day")).Add(-12*hour + time.Duration(minutes)*time.Minute)
}

// tryStart books or moves an appointment, and compares what comes of it with the search and the explanation.
func (p *property) tryStart(t *rapid.T) {
	who := rapid.SampledFrom(p.customers).Draw(t, "customer")
	date := func(start time.Time) string { return start.Format(time.DateOnly) }
	search, explain, start := &appointmentv1.SearchAvailabilityRequest{Limit: 500}, &appointmentv1.ExplainSlotRequest{}, p.start(t)
	var try func() (*appointmentv1.Appointment, error)
	theirs := slices.DeleteFunc(slices.Clone(p.appointments), func(a *appointmentv1.Appointment) bool { return a.GetNote() != who.UserID })
	moves := len(theirs) > 0 && rapid.IntRange(0, 2).Draw(t, "moves") == 0
	if moves {
		a := rapid.SampledFrom(theirs).Draw(t, "appointment")
		search.AppointmentId, explain.AppointmentId = new(a.GetId()), new(a.GetId())
		try = func() (*appointmentv1.Appointment, error) { return p.reschedule(who, a.GetId(), "", timestamp(start)) }
		if p.get(who, a.GetId()).GetStartTime().AsTime().Equal(start) {
			return // it is there already
		}
	} else {
		req := &appointmentv1.CreateAppointmentRequest{Note: who.UserID}
		for range rapid.IntRange(1, 3).Draw(t, "segments") {
			segment := &appointmentv1.SegmentInput{ServiceId: rapid.SampledFrom(p.services).Draw(t, "service")}
			filter := &appointmentv1.SegmentFilter{ServiceId: segment.GetServiceId()}
			if rapid.Bool().Draw(t, "named") {
				segment.MasterId = new(rapid.SampledFrom(p.masters).Draw(t, "master"))
				filter.MasterIds = []string{segment.GetMasterId()}
			}
			req.Segments, search.Segments = append(req.Segments, segment), append(search.Segments, filter)
		}
		explain.Segments = search.Segments
		try = func() (*appointmentv1.Appointment, error) {
			req.StartTime = timestamp(start)
			return p.fixture.appointments.CreateAppointment(p.As(who), req)
		}
	}
	search.StartDate, search.EndDate = date(start), date(start)
	found, err := p.rules.availability.SearchAvailability(p.As(who), search)
	if err != nil {
		t.Fatalf("search: %v", err)
	}
	if slots := found.GetSlots(); len(slots) > 0 && rapid.Bool().Draw(t, "what is offered") {
		start = rapid.SampledFrom(slots).Draw(t, "slot").GetStartTime().AsTime()
	}
	offered := slices.ContainsFunc(found.GetSlots(), func(s *appointmentv1.Slot) bool { return s.GetStartTime().AsTime().Equal(start) })
	explain.StartTime = timestamp(start)
	explained, err := p.rules.availability.ExplainSlot(p.As(who), explain)
	if err != nil {
		t.Fatalf("explain: %v", err)
	}
	a, err := try()
	if empty := len(explained.GetBlocks()) == 0; offered != empty || offered != (err == nil) {
		t.Fatalf("%v, moved: %t, is offered: %t, explained: %v, booked: %v", start, moves, offered, explained.GetBlocks(), err)
	}
	switch {
	case err != nil:
		p.refused++
	case moves:
		p.moved++
	default:
		p.booked++
		p.appointments = append(p.appointments, a)
	}
}
