package rating

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
)

const statePrefix = "APPOINTMENT_STATE_"

// stateCompleted is the state of a visit that took place.
var stateCompleted = stateName(appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED)

// stateName is an appointment's state as the projection keeps it.
func stateName(s appointmentv1.AppointmentState) string {
	return strings.TrimPrefix(s.String(), statePrefix)
}

// visitFrom reads what ratings keep of an appointment. A visit of several masters is rated as its first master's.
func visitFrom(e *appointmentv1.AppointmentEvent, version int64) Visit {
	v := Visit{
		AppointmentID: e.GetAppointmentId(), CustomerID: e.GetCustomerId(),
		State: stateName(e.GetState()), Version: version,
	}
	if masters := e.GetMasterIds(); len(masters) > 0 {
		v.MasterID = masters[0]
	}
	if e.GetCompleteTime() != nil {
		v.CompleteTime = e.GetCompleteTime().AsTime()
	}
	return v
}

// ratingFor is a rating as the caller may see it: which visit it was, and whose, only its customer and administrators
// are told. The zero Principal is somebody who is not signed in.
func ratingFor(caller auth.Principal, r Rating) *ratingv1.Rating {
	m := &ratingv1.Rating{
		Id: r.ID, MasterId: r.MasterID, Stars: int32(r.Stars), Comment: r.Comment, Reply: r.Reply,
		ReplyTime: timestamp(r.ReplyTime), CreateTime: timestamp(r.CreateTime), UpdateTime: timestamp(r.UpdateTime),
		Etag: etag.Format(r.Version),
	}
	if caller.IsAdmin() || caller.UserID == r.CustomerID {
		m.AppointmentId, m.CustomerId = r.AppointmentID, r.CustomerID
	}
	return m
}

func summaryMessage(s Summary) *ratingv1.RatingSummary {
	m := &ratingv1.RatingSummary{
		MasterId: s.MasterID, Count: int32(s.Count), Mean: s.Mean(), Histogram: make([]int32, MaxStars),
		Etag: etag.Format(s.Version),
	}
	for i, n := range s.Histogram {
		m.Histogram[i] = int32(n)
	}
	return m
}

// timestamp is absent for the zero time.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
