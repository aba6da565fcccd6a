package resilience_test

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// operation is something that the clients of a history do.
type operation struct {
	name string
	// weight is how often it is done, among the others that are possible.
	weight int
	// about are the standings that what it is about began with; nil: it is about nothing that exists.
	about []standing
	// starts is whether it is about a start, and makes what the standing of something new is; nothing: it makes nothing.
	starts bool
	makes  standing
	// call makes the call. It returns what came of it and the id of what it has made.
	call func(c *linearClient, in input, e entity) (out output, id string)
	// step are the outcomes that are right for a calendar.
	step func(c calendar, in input, out output) []right
}

var (
	aHold         = []standing{active}
	anAppointment = []standing{pending}
)

// operations are what histories consist of. Whatever else takes time of a master is another row.
var operations = []*operation{
	{
		name: "book", weight: 6, starts: true, makes: pending,
		call: func(c *linearClient, in input, _ entity) (output, string) {
			return c.made(createAppointment, &appointmentv1.CreateAppointmentRequest{
				StartTime: c.at(in), Segments: []*appointmentv1.SegmentInput{c.segment(in)}, AllowCustomerOverlap: true,
			})
		},
		step: func(c calendar, in input, _ output) []right { return take(c, in, pending) },
	},
	{
		name: "hold", weight: 6, starts: true, makes: active,
		call: func(c *linearClient, in input, _ entity) (output, string) {
			return c.made(createHold,
				&appointmentv1.CreateHoldRequest{Quote: c.quotes[in.master][in.start], AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right { return take(c, in, active) },
	},
	{
		name: "book the hold", weight: 5, about: aHold, makes: pending,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(e.id), AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right {
			switch e := c[in.of]; e.is {
			case active:
				return []right{{"OK", c.with(in.of, booked1, e.start).with(in.number, pending, e.start)}}
			case expired:
				return []right{{"HOLD_EXPIRED", c}}
			default:
				return []right{{"ILLEGAL_STATE", c}}
			}
		},
	},
	{
		name: "release", weight: 3, about: aHold,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: e.id})
		},
		step: func(c calendar, in input, _ output) []right {
			if c[in.of].is == expired {
				return []right{{"OK", c}}
			}
			return become(c, in, released, active)
		},
	},
	{
		name: "expire", weight: 2, about: aHold,
		call: func(c *linearClient, _ input, e entity) (output, string) { return c.expire(e.id), "" },
		step: func(c calendar, in input, _ output) []right {
			if e := c[in.of]; e.is == active {
				return []right{{"OK", c.with(in.of, expired, e.start)}}
			}
			return []right{{"OK", c}}
		},
	},
	{
		name: "confirm", weight: 2, about: anAppointment,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(c.staff).made(confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right { return become(c, in, confirmedNow, pending) },
	},
	{
		name: "decline", weight: 2, about: anAppointment,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(c.staff).made(declineAppointment, &appointmentv1.DeclineAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right { return become(c, in, declined, pending) },
	},
	{
		name: "cancel", weight: 3, about: anAppointment,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right {
			if c[in.of].is == declined {
				return []right{{"OK", c}}
			}
			return become(c, in, cancelled, pending, confirmedNow)
		},
	},
	{
		name: "move", weight: 4, about: anAppointment, starts: true,
		call: func(c *linearClient, in input, e entity) (output, string) {
			return c.as(e.owner).made(moveAppointment,
				&appointmentv1.RescheduleAppointmentRequest{AppointmentId: e.id, StartTime: c.at(in), AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right {
			switch e := c[in.of]; {
			case !e.is.takesTime():
				return []right{{"ILLEGAL_STATE", c}}
			case e.start == in.start:
				return []right{{"OK", c}}
			case !c.free(in.start, in.of):
				return []right{{"SLOT_UNAVAILABLE", c}}
			default:
				return []right{{"OK", c.with(in.of, pending, in.start)}} // the salon has to confirm it again
			}
		},
	},
	search,
}

// search reads which starts can be booked.
var search = &operation{
	name: "search", weight: 4,
	call: func(c *linearClient, in input, _ entity) (output, string) {
		slots, outcome := c.as(c.staff).slots(in.master)
		out := output{outcome: outcome}
		for _, slot := range slots {
			if start := slices.IndexFunc(c.starts(), func(at time.Time) bool { return at.Equal(slot.GetStartTime().AsTime()) }); start >= 0 {
				out.offered |= 1 << start
			}
		}
		return out, ""
	},
	step: func(c calendar, _ input, out output) []right {
		if out.outcome == "OK" && out.offered != c.offered() {
			return nil
		}
		return []right{{"OK", c}}
	},
}

// at is the instant of a call's start.
func (h *linearDay) at(in input) *timestamppb.Timestamp { return timestamppb.New(h.starts()[in.start]) }

// starts are the instants of the starts.
func (h *linearDay) starts() []time.Time {
	var list []time.Time
	for n := range starts {
		list = append(list, h.first.Add(time.Duration(n)*30*time.Minute))
	}
	return list
}

// segment asks for the service by the master of a call.
func (h *linearDay) segment(in input) *appointmentv1.SegmentInput {
	return &appointmentv1.SegmentInput{ServiceId: h.service.GetId(), MasterId: new(h.masters[in.master].ID)}
}
