package notification

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

func message(n Notification) *notificationv1.Notification {
	return &notificationv1.Notification{
		Id: n.ID, Type: n.Type, Title: n.Title, Body: n.Body,
		AppointmentId: n.AppointmentID, AppointmentStartTime: timestamp(n.AppointmentStart), RatingId: n.RatingID,
		ReadTime: timestamp(n.ReadTime), CreateTime: timestamp(n.CreateTime),
	}
}

// timestamp is absent for the zero time.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}
