package waitlist

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// The prefixes that proto style demands of the values of enums.
const (
	statePrefix = "WAITLIST_STATE_"
	causePrefix = "WAITLIST_LEAVE_CAUSE_"
)

func stateToProto(s State) appointmentv1.WaitlistState {
	return appointmentv1.WaitlistState(appointmentv1.WaitlistState_value[statePrefix+string(s)])
}

func causeToProto(c Cause) appointmentv1.WaitlistLeaveCause {
	return appointmentv1.WaitlistLeaveCause(appointmentv1.WaitlistLeaveCause_value[causePrefix+string(c)])
}

// toProto shows an entry to somebody who may see it.
func toProto(e *Entry, viewer auth.Principal) *appointmentv1.WaitlistEntry {
	m := &appointmentv1.WaitlistEntry{
		Id: e.ID, SalonId: e.SalonID, CustomerId: e.CustomerID, Segments: e.Request.GetSegments(),
		StartDate: e.Request.GetStartDate(), EndDate: e.Request.GetEndDate(), Days: e.Request.GetDays(), PartOfDay: e.Request.GetPartOfDay(),
		State: stateToProto(e.State), Position: e.Position, UnansweredOffers: int32(e.Unanswered), AppointmentId: e.AppointmentID,
		LeaveCause: causeToProto(e.Cause), CreateTime: protoconv.Timestamp(e.CreateTime), UpdateTime: protoconv.Timestamp(e.UpdateTime),
	}
	if o := e.Offer; o != nil {
		m.Offer = &appointmentv1.WaitlistOffer{
			HoldId: o.HoldID, StartTime: protoconv.Timestamp(o.Start), EndTime: protoconv.Timestamp(o.End),
			ExpireTime: protoconv.Timestamp(o.ExpireTime),
		}
	}
	if e.staff(viewer) {
		for _, v := range e.Moves {
			m.Moves = append(m.Moves, &appointmentv1.WaitlistMove{
				CreateTime: protoconv.Timestamp(v.CreateTime), Actor: booking.ActorToProto(v.Actor), AccountId: v.AccountID,
				FromPosition: v.From, ToPosition: v.To, Reason: v.Reason,
			})
		}
	}
	return m
}
