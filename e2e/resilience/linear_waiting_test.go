package resilience_test

import (
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	createEntry  = appointmentv1.WaitlistService_CreateWaitlistEntry_FullMethodName
	getEntry     = appointmentv1.WaitlistService_GetWaitlistEntry_FullMethodName
	leaveList    = appointmentv1.WaitlistService_LeaveWaitlist_FullMethodName
	declineOffer = appointmentv1.WaitlistService_DeclineWaitlistOffer_FullMethodName
)

var (
	anEntry  = []standing{waiting}
	anOffer  = []standing{offered}
	standsAt = map[appointmentv1.WaitlistState]standing{
		appointmentv1.WaitlistState_WAITLIST_STATE_WAITING: waiting,
		appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED: offered,
		appointmentv1.WaitlistState_WAITLIST_STATE_BOOKED:  accepted,
		appointmentv1.WaitlistState_WAITLIST_STATE_LEFT:    left,
	}
)

// look reads where an entry stands. Who is offered something learns it so.
var look = &operation{
	name: "look", weight: 8, about: anEntry,
	call: func(c *linearClient, in input, e entity) (output, string) {
		answer, outcome := c.as(e.owner).call(getEntry, &appointmentv1.GetWaitlistEntryRequest{EntryId: e.id})
		out := output{outcome: outcome}
		if entry, ok := answer.(*appointmentv1.WaitlistEntry); ok {
			out.entry = standsAt[entry.GetState()]
			if offer := entry.GetOffer(); offer != nil {
				out.at, out.hold = c.startOf(in.place, offer.GetStartTime()), offer.GetHoldId()
			}
		}
		return out, ""
	},
	step: func(c calendar, in input, out output) []right {
		e := c.things[in.of]
		if out.outcome == "OK" && (out.entry != e.is || e.is == offered && out.at != e.at) {
			return nil
		}
		return []right{{"OK", c}}
	},
}

// settled waits until the line was asked about everything. Then nobody waits for what is free.
var settledNow = &operation{
	name: "settle", weight: 0,
	call: func(c *linearClient, in input, _ entity) (output, string) { return c.settle(in.place), "" },
	step: func(c calendar, _ input, _ output) (list []right) {
		for _, v := range c.passed(all(c.kind)) {
			if v.kept == [cells]int8{} && v.settled() {
				list = append(list, right{"OK", v})
			}
		}
		return list
	},
}

// lineOperations are those of the waitlist.
var lineOperations = []*operation{
	look,
	{
		name: "join", weight: 5, starts: true, makes: waiting,
		call: func(c *linearClient, in input, _ entity) (output, string) {
			starts, p := c.starts(in.place), c.places[in.place]
			date := c.first.Format(time.DateOnly)
			patient := *c
			patient.patient = true // an entry of which nobody knows the place in the line could explain anything
			return patient.made(createEntry, &appointmentv1.CreateWaitlistEntryRequest{
				Segments:  []*appointmentv1.SegmentFilter{{ServiceId: p.service.GetId(), MasterIds: []string{p.master.ID}}},
				StartDate: date, EndDate: date, PartOfDay: &appointmentv1.WallInterval{
					Start: starts[in.start].Format("15:04"), End: starts[in.upto].Add(time.Minute).Format("15:04"),
				},
			})
		},
		step: func(c calendar, in input, _ output) []right {
			c.things[in.number] = thing{is: waiting, start: in.start, upto: in.upto, owner: in.owner, line: line{rank: in.rank}}
			return []right{{"OK", c}}
		},
	},
	{
		name: "accept", weight: 10, about: anOffer, makes: pending,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(e.id), AllowCustomerOverlap: true})
		},
		step: func(c calendar, in input, _ output) []right {
			switch e := &c.things[in.of]; {
			case e.offer == active && e.at == in.start:
				e.is, e.offer = accepted, nothing
				return in.booked(c)
			case e.lapsed&(1<<in.start) != 0:
				return []right{{"HOLD_EXPIRED", c}}
			default:
				return []right{{"ILLEGAL_STATE", c}}
			}
		},
	},
	{
		name: "decline the offer", weight: 8, about: anOffer,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(declineOffer, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: e.entry})
		},
		step: func(c calendar, in input, _ output) []right {
			if c.things[in.of].offer != active {
				return []right{{"ILLEGAL_STATE", c}}
			}
			c.things[in.of].unanswered = 0
			return []right{{"OK", c.endOffer(in.of, waiting)}}
		},
	},
	{
		name: "let the offer expire", weight: 6, about: anOffer,
		call: func(c *linearClient, _ input, e entity) (output, string) { return c.expire(e.id), "" },
		step: func(c calendar, in input, _ output) []right {
			if e := &c.things[in.of]; e.offer == active && e.at == in.start {
				e.offer = over
				e.lapsed |= 1 << in.start
			}
			return []right{{"OK", c}}
		},
	},
	{
		name: "leave", weight: 2, about: anEntry,
		call: func(c *linearClient, _ input, e entity) (output, string) {
			return c.as(e.owner).made(leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: e.id})
		},
		step: func(c calendar, in input, _ output) []right {
			switch e := c.things[in.of]; {
			case e.is == accepted:
				return []right{{"ILLEGAL_STATE", c}}
			case e.offer == active:
				return []right{{"OK", c.endOffer(in.of, left)}}
			case e.is == left:
				return []right{{"OK", c}}
			default:
				return []right{{"OK", c.with(in.of, left)}}
			}
		},
	},
}
