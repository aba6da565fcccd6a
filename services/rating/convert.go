package rating

import (
	"errors"
	"strings"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/protoconv"
)

const statePrefix = "APPOINTMENT_STATE_"

// stateCompleted is the state of an appointment that took place.
var stateCompleted = stateName(appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED)

// stateName returns an appointment's state as the projection keeps it.
func stateName(s appointmentv1.AppointmentState) string {
	return strings.TrimPrefix(s.String(), statePrefix)
}

// appointmentFromEvent returns what the projection keeps of an appointment.
func appointmentFromEvent(e *appointmentv1.AppointmentEvent, version int64) (Appointment, error) {
	endTime, endErr := protoconv.Time("end_time", e.GetEndTime())
	completeTime, completeErr := protoconv.Time("complete_time", e.GetCompleteTime())
	a := Appointment{
		ID: e.GetAppointmentId(), SalonID: e.GetSalonId(), CustomerID: e.GetCustomerId(), AccountID: e.GetAccountId(),
		MasterIDs: e.GetMasterIds(), State: stateName(e.GetState()),
		EndTime: endTime, CompleteTime: completeTime, Version: version,
	}
	// Events from before salons name only the account. Its id became the customer's id in the first salon.
	if a.SalonID == "" {
		a.SalonID, a.AccountID = id.FirstSalon, a.CustomerID
	}
	return a, errors.Join(endErr, completeErr)
}

// ratingToProto returns a rating as the caller may see it. The appointment and the customer are shown to the author and
// to administrators only. The zero Principal is a caller who is not signed in.
func ratingToProto(caller auth.Principal, r Rating) *ratingv1.Rating {
	m := &ratingv1.Rating{
		Id: r.ID, SalonId: r.SalonID, MasterId: r.MasterID, Stars: int32(r.Stars), Comment: r.Comment, Reply: r.Reply,
		ReplyTime:  protoconv.Timestamp(r.ReplyTime),
		CreateTime: protoconv.Timestamp(r.CreateTime), UpdateTime: protoconv.Timestamp(r.UpdateTime),
		Etag: etag.Format(r.Version),
	}
	if caller.IsAdmin() || caller.UserID == r.AccountID {
		m.AppointmentId, m.CustomerId = r.AppointmentID, r.CustomerID
	}
	return m
}

func summaryToProto(s Summary) *ratingv1.RatingSummary {
	m := &ratingv1.RatingSummary{
		MasterId: s.MasterID, Count: int32(s.Count), Mean: s.Mean(), Histogram: make([]int32, MaxStars),
		Etag: etag.Format(s.Version),
	}
	for i, n := range s.Histogram {
		m.Histogram[i] = int32(n)
	}
	return m
}
