package resilience_test

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
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

// operations are what histories consist of. Whatever else takes time is another row.
var operations = append([]*operation{
	{
		name: "book", weight: 6, starts: true, makes: pending,
		call: func(c *linearClient, in input, _ entity) (output, string) {
			return c.made(createAppointment, &appointmentv1.CreateAppointmentRequest{
				StartTime: c.at(in), Segments: []*appointmentv1.SegmentInput{c.segment(in)}, AllowCustomerOverlap: true,
			})
		},
		step: func(c calendar, in input, _ output) []right { return take(c, in, -1, in.new(pending)) },
	},
	{
		name: "hold", weight: 6, starts: true, makes: active,
		call: func(c *linearClient, in input, _ entity) (output, string) {
			return c.made(createHold,
				&appointmentv1.CreateHoldRequest{Quote: c.quotes[in.place][in.start], AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right { return take(c, in, -1, in.new(active)) },
	},
	{
		name: "book the hold", weight: 5, about: aHold, makes: pending,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(e.id), AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right {
			switch e := c.things[in.of]; e.is {
			case active:
				in.start = e.start
				c.things[in.of].is = booked1
				return in.booked(c)
			case over, expired:
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
			if is := c.things[in.of].is; is == over || is == expired {
				return []right{{"OK", c}}
			}
			return become(c, in, released, active)
		},
	},
	{
		name: "expire", weight: 2, about: aHold,
		call: func(c *linearClient, _ input, e entity) (output, string) { return c.expire(e.id), "" },
		step: func(c calendar, in input, _ output) []right {
			if c.things[in.of].is == active {
				c.things[in.of].is = over
			}
			return []right{{"OK", c}}
		},
	},
	{
		name: "confirm", weight: 2, about: anAppointment,
		call: func(c *linearClient, in input, e entity) (output, string) {
			return c.as(c.places[in.place].staff).made(confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right { return become(c, in, confirmedNow, pending) },
	},
	{
		name: "decline", weight: 2, about: anAppointment,
		call: func(c *linearClient, in input, e entity) (output, string) {
			return c.as(c.places[in.place].staff).made(declineAppointment, &appointmentv1.DeclineAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right { return become(c, in, declined, pending) },
	},
	{
		name: "cancel", weight: 6, about: anAppointment,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: e.id})
		},
		step: func(c calendar, in input, _ output) []right {
			if c.things[in.of].is == declined {
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
			switch e := c.things[in.of]; {
			case e.is != pending && e.is != confirmedNow:
				return []right{{"ILLEGAL_STATE", c}}
			case e.start == in.start:
				return []right{{"OK", c}}
			default:
				return take(c, in, in.of, func(c calendar) calendar {
					c.things[in.of].is, c.things[in.of].start = pending, in.start // the salon has to confirm it again
					return c.freed(e.start).asked()
				})
			}
		},
	},
	search,
}, lineOperations...)

// new makes the thing that a call makes.
func (i input) new(is standing) func(c calendar) calendar {
	return func(c calendar) calendar {
		c.things[i.number] = thing{is: is, start: i.start, owner: i.owner}
		return c.asked()
	}
}

// booked is what comes of booking time that was held. A place may be another one than that which was held, and the line is asked then.
func (i input) booked(c calendar) []right {
	list := []right{{"OK", i.new(pending)(c)}}
	if c.group() {
		list = append(list, right{"OK", i.new(pending)(c).freed(i.start).asked()})
	}
	return list
}

// search reads which starts can be booked.
var search = &operation{
	name: "search", weight: 4,
	call: func(c *linearClient, in input, _ entity) (output, string) {
		slots, outcome := c.as(c.places[in.place].staff).slots(in.place)
		out := output{outcome: outcome}
		for _, slot := range slots {
			if start := c.startOf(in.place, slot.GetStartTime()); start >= 0 {
				out.offered |= 1 << start
			}
		}
		return out, ""
	},
	step: func(c calendar, _ input, out output) (list []right) {
		for _, v := range c.passed(all(c.kind)) {
			if out.outcome != "OK" || out.offered == v.offered() {
				list = append(list, right{"OK", v})
			}
		}
		return list
	},
}

// all are the cells of a day.
func all(k *kind) (list []int8) {
	for cell := range k.starts + k.width - 1 {
		list = append(list, cell)
	}
	return list
}

// at is the instant of a call's start.
func (d *linearDay) at(in input) *timestamppb.Timestamp {
	return timestamppb.New(d.starts(in.place)[in.start])
}

// starts are the instants of the starts.
func (d *linearDay) starts(place int) []time.Time {
	var list []time.Time
	for n := range d.places[place].starts {
		list = append(list, d.first.Add(time.Duration(n)*d.places[place].spacing))
	}
	return list
}

// startOf is which start an instant is, or -1.
func (d *linearDay) startOf(place int, at *timestamppb.Timestamp) int8 {
	return int8(slices.IndexFunc(d.starts(place), func(start time.Time) bool { return start.Equal(at.AsTime()) }))
}

// segment asks for the service by the master of a call.
func (d *linearDay) segment(in input) *appointmentv1.SegmentInput {
	p := d.places[in.place]
	return salontest.Segment(p.master, p.service)
}
