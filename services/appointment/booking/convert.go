package booking

import (
	"fmt"
	"hash/crc32"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// Prefixes that proto style demands of enum values.
const (
	statePrefix = "APPOINTMENT_STATE_"
	causePrefix = "CANCELLATION_CAUSE_"
	actorPrefix = "ACTOR_"
)

func stateToProto(s State) appointmentv1.AppointmentState {
	return appointmentv1.AppointmentState(appointmentv1.AppointmentState_value[statePrefix+string(s)])
}

func stateFromProto(s appointmentv1.AppointmentState) State {
	return State(s.String()[len(statePrefix):])
}

// actorToProto is ACTOR_UNSPECIFIED for nobody.
func actorToProto(a Actor) appointmentv1.Actor {
	return appointmentv1.Actor(appointmentv1.Actor_value[actorPrefix+string(a)])
}

// causeToProto is CANCELLATION_CAUSE_UNSPECIFIED for an appointment that is not cancelled.
func causeToProto(a *Appointment) appointmentv1.CancellationCause {
	switch {
	case a.State != Cancelled:
		return appointmentv1.CancellationCause_CANCELLATION_CAUSE_UNSPECIFIED
	case a.Cause == "":
		return appointmentv1.CancellationCause_CANCELLATION_CAUSE_CANCELLED_BY_ACTOR
	default:
		return appointmentv1.CancellationCause(appointmentv1.CancellationCause_value[causePrefix+string(a.Cause)])
	}
}

// startTime returns a requested start with all its digits, so that checkStart also sees a fraction that the
// database would drop.
func startTime(t *timestamppb.Timestamp) (time.Time, error) {
	if _, err := protoconv.Time("start_time", t); err != nil {
		return time.Time{}, err
	}
	return t.AsTime(), nil
}

// toProto shows an appointment to somebody who may see it: the customer's name and phone to staff, what
// was rated to the customer and administrators. These and the names of masters change without a change of
// the appointment, so their checksum is the second part of the etag (see package etag).
func toProto(a *Appointment, viewer auth.Principal) *appointmentv1.Appointment {
	m := &appointmentv1.Appointment{
		Id:                a.ID,
		SalonId:           a.SalonID,
		CustomerId:        a.CustomerID,
		State:             stateToProto(a.State),
		StartTime:         protoconv.Timestamp(a.Start()),
		EndTime:           protoconv.Timestamp(a.End()),
		TimeZone:          a.TimeZone,
		UtcOffsetMinutes:  a.UTCOffsetMinutes,
		TotalPrice:        protoconv.Money(a.Currency, a.TotalMinor),
		Note:              a.Note,
		CancelledBy:       actorToProto(a.CancelledBy),
		CancelReason:      a.CancelReason,
		CancellationCause: causeToProto(a),
		SeriesId:          a.SeriesID,
		GroupSessionId:    a.GroupSessionID,
		CancellationFee:   feeToProto(a),
		CreateTime:        protoconv.Timestamp(a.CreateTime),
		UpdateTime:        protoconv.Timestamp(a.UpdateTime),
	}
	if a.State == Pending {
		m.LapseTime = protoconv.Timestamp(a.LapseTime)
	}
	shown := crc32.NewIEEE()
	if a.GroupPlace > 0 {
		m.GroupPlace = &a.GroupPlace
		fmt.Fprint(shown, a.GroupPlace)
	}
	if a.ActorFor(viewer).IsStaff() {
		m.Customer = &appointmentv1.AppointmentCustomer{DisplayName: a.CustomerName, Phone: a.CustomerPhone}
		m.Overbooked = a.Overbooked
		fmt.Fprintf(shown, "%q%q", a.CustomerName, a.CustomerPhone)
	}
	if viewer.IsAdmin() || viewer.UserID == a.AccountID {
		m.Rated = a.Rated()
		fmt.Fprint(shown, m.Rated)
	}
	for _, s := range a.Segments {
		fmt.Fprintf(shown, "%q", s.MasterName)
		m.Segments = append(m.Segments, &appointmentv1.Segment{
			Id:          s.ID,
			ServiceId:   s.ServiceID,
			ServiceName: s.ServiceName,
			MasterId:    s.MasterID,
			MasterName:  s.MasterName,
			StartTime:   protoconv.Timestamp(s.Start),
			EndTime:     protoconv.Timestamp(s.End),
			Price:       protoconv.Money(a.Currency, s.PriceMinor),
			Phases:      availability.PhasesToProto(s.phases()),
		})
	}
	m.Etag = etag.Format(a.Version, int64(shown.Sum32()))
	return m
}

func holdStateToProto(s HoldState) appointmentv1.HoldState {
	return appointmentv1.HoldState(appointmentv1.HoldState_value["HOLD_STATE_"+string(s)])
}

// holdToProto shows a hold to somebody who may see it. The appointment's id means something once it is booked.
func holdToProto(h *Hold) *appointmentv1.Hold {
	var total int32
	m := &appointmentv1.Hold{
		Id: h.ID, SalonId: h.SalonID, CustomerId: h.CustomerID, State: holdStateToProto(h.State),
		StartTime: protoconv.Timestamp(h.Start), EndTime: protoconv.Timestamp(h.End),
		ExpireTime: protoconv.Timestamp(h.ExpireTime), Extended: h.Extended,
		CreateTime: protoconv.Timestamp(h.CreateTime), UpdateTime: protoconv.Timestamp(h.UpdateTime),
	}
	if h.State == HoldBooked {
		m.AppointmentId = h.AppointmentID
	}
	for _, s := range h.Quote.Segments {
		total += s.PriceMinor
		m.Segments = append(m.Segments, &appointmentv1.HoldSegment{
			ServiceId: s.ServiceID, MasterId: s.MasterID, Price: protoconv.Money(h.Currency, s.PriceMinor),
		})
	}
	m.TotalPrice = protoconv.Money(h.Currency, total)
	return m
}
