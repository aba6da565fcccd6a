package resilience_test

import (
	"math/rand/v2"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	adjustAppointment  = appointmentv1.DeskService_AdjustAppointment_FullMethodName
	walkIn             = appointmentv1.DeskService_WalkIn_FullMethodName
	confirmAppointment = appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName
	declineAppointment = appointmentv1.AppointmentService_DeclineAppointment_FullMethodName
	cancelAppointment  = appointmentv1.AppointmentService_CancelAppointment_FullMethodName
	moveAppointment    = appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName
	createHold         = appointmentv1.HoldService_CreateHold_FullMethodName
	extendHold         = appointmentv1.HoldService_ExtendHold_FullMethodName
	releaseHold        = appointmentv1.HoldService_ReleaseHold_FullMethodName
	createSeries       = appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName
	cancelSeries       = appointmentv1.AppointmentSeriesService_CancelAppointmentSeries_FullMethodName
	createGroup        = appointmentv1.GroupService_CreateGroupSession_FullMethodName
	eraseMe            = userv1.UserService_EraseMe_FullMethodName
)

// action is something that the clients of a storm do.
type action struct {
	// weight is how often it is done.
	weight int
	// method is what has to succeed at some time.
	method string
	do     func(c *everyClient)
}

// actions are everything that takes or frees time. Whatever else does is another row.
var actions = []action{
	{10, createAppointment, func(c *everyClient) {
		c.book(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{StartTime: c.start(), Segments: c.chain()})
	}},
	{5, createAppointment, func(c *everyClient) {
		if quote := c.quote(); quote != "" {
			c.book(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{Quote: &quote})
		}
	}},
	{8, createHold, func(c *everyClient) {
		if quote := c.quote(); quote != "" {
			if h, ok := c.do(c.as, createHold, &appointmentv1.CreateHoldRequest{Quote: quote}).(*appointmentv1.Hold); ok {
				c.holds = append(c.holds, h)
			}
		}
	}},
	{5, createAppointment, func(c *everyClient) {
		if h, ok := pull(&c.holds); ok {
			c.book(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(h.GetId())})
		}
	}},
	{3, releaseHold, func(c *everyClient) {
		if h, ok := pull(&c.holds); ok {
			c.do(c.as, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: h.GetId()})
		}
	}},
	{2, extendHold, func(c *everyClient) {
		if len(c.holds) > 0 {
			c.do(c.as, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: c.holds[rand.IntN(len(c.holds))].GetId()})
		}
	}},
	{5, confirmAppointment, func(c *everyClient) {
		if len(c.mine) > 0 {
			c.do(c.desk, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: c.mine[rand.IntN(len(c.mine))]})
		}
	}},
	{3, declineAppointment, func(c *everyClient) {
		if len(c.mine) > 0 {
			c.do(c.desk, declineAppointment, &appointmentv1.DeclineAppointmentRequest{AppointmentId: c.mine[rand.IntN(len(c.mine))]})
		}
	}},
	{8, cancelAppointment, func(c *everyClient) {
		if id, ok := pull(&c.mine); ok {
			c.do(c.as, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: id})
		}
	}},
	{5, moveAppointment, func(c *everyClient) {
		if len(c.mine) > 0 {
			c.do(c.as, moveAppointment, &appointmentv1.RescheduleAppointmentRequest{AppointmentId: c.mine[rand.IntN(len(c.mine))], StartTime: c.start()})
		}
	}},
	{2, walkIn, func(c *everyClient) {
		segments := c.chain()
		segments[0].MasterId = nil
		c.book(c.desk, walkIn, &appointmentv1.WalkInRequest{Segments: segments, Guest: &appointmentv1.WalkInGuest{DisplayName: "Passer-by"}})
	}},
	{3, adjustAppointment, func(c *everyClient) {
		if len(c.mine) > 0 {
			c.adjust(c.mine[rand.IntN(len(c.mine))])
		}
	}},
	{2, createAppointment, func(c *everyClient) {
		c.book(c.desk, createAppointment, &appointmentv1.CreateAppointmentRequest{
			StartTime: c.start(), Segments: c.chain(), Overbook: &appointmentv1.Overbooking{Reason: "She insists."},
		})
	}},
	{2, createSeries, func(c *everyClient) {
		start := c.start().AsTime()
		made, ok := c.do(c.as, createSeries, &appointmentv1.CreateAppointmentSeriesRequest{
			Segments: c.chain(), Recurrence: "FREQ=WEEKLY;COUNT=3", StartDate: start.Format(time.DateOnly), LocalTime: start.Format("15:04"),
		}).(*appointmentv1.AppointmentSeries)
		if ok {
			c.series = append(c.series, made.GetId())
		}
	}},
	{1, cancelSeries, func(c *everyClient) {
		if id, ok := pull(&c.series); ok {
			c.do(c.as, cancelSeries, &appointmentv1.CancelAppointmentSeriesRequest{SeriesId: id})
		}
	}},
	{1, eraseMe, (*everyClient).erase},
}
