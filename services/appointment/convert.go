package appointment

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
)

// Prefixes that proto style demands of enum values.
const (
	statePrefix = "APPOINTMENT_STATE_"
	partyPrefix = "PARTY_"
)

func stateProto(s State) appointmentv1.AppointmentState {
	return appointmentv1.AppointmentState(appointmentv1.AppointmentState_value[statePrefix+string(s)])
}

func stateFromProto(s appointmentv1.AppointmentState) State {
	return State(s.String()[len(statePrefix):])
}

// partyProto is PARTY_UNSPECIFIED for nobody.
func partyProto(p Party) appointmentv1.Party {
	return appointmentv1.Party(appointmentv1.Party_value[partyPrefix+string(p)])
}

// timeProto is absent for the zero time.
func timeProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// timeFromProto reads a time in the database's precision. It returns INVALID_FIELDS
// for what is no time of the years 1 to 9999.
func timeFromProto(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if err := t.CheckValid(); err != nil {
		return time.Time{}, apierr.InvalidField(field, "must be a time between the years 1 and 9999").WithCause(err)
	}
	return t.AsTime().Truncate(time.Microsecond), nil
}

func moneyProto(currency string, minor int32) *apiv1.Money {
	return &apiv1.Money{CurrencyCode: currency, AmountMinor: minor}
}

func appointmentProto(a *Appointment) *appointmentv1.Appointment {
	segments := make([]*appointmentv1.Segment, len(a.Segments))
	for i, s := range a.Segments {
		segments[i] = &appointmentv1.Segment{
			Id:          s.ID,
			ServiceId:   s.ServiceID,
			ServiceName: s.ServiceName,
			MasterId:    s.MasterID,
			StartTime:   timeProto(s.Start),
			EndTime:     timeProto(s.End),
			Price:       moneyProto(s.Currency, s.PriceMinor),
		}
	}
	return &appointmentv1.Appointment{
		Id:           a.ID,
		CustomerId:   a.CustomerID,
		State:        stateProto(a.State),
		Segments:     segments,
		StartTime:    timeProto(a.Start()),
		EndTime:      timeProto(a.End()),
		TotalPrice:   moneyProto(a.Currency, a.TotalMinor),
		Note:         a.Note,
		CancelledBy:  partyProto(a.CancelledBy),
		CancelReason: a.CancelReason,
		CreateTime:   timeProto(a.CreateTime),
		UpdateTime:   timeProto(a.UpdateTime),
		Etag:         etag.Format(a.Version),
	}
}

func serviceProto(s SalonService) *appointmentv1.Service {
	return &appointmentv1.Service{
		Id:                  s.ID,
		Name:                s.Name,
		Description:         s.Description,
		Category:            s.Category,
		Price:               moneyProto(s.Currency, s.PriceMinor),
		DurationMinutes:     s.DurationMinutes,
		BufferBeforeMinutes: s.BufferBeforeMinutes,
		BufferAfterMinutes:  s.BufferAfterMinutes,
		Active:              s.Active,
		CreateTime:          timeProto(s.CreateTime),
		UpdateTime:          timeProto(s.UpdateTime),
		Etag:                etag.Format(s.Version),
	}
}

// offeringProto describes an offering and, as of now, what its service adds.
func offeringProto(o Offering, s SalonService) *appointmentv1.Offering {
	var override *apiv1.Money
	if o.PriceOverrideMinor != nil {
		override = moneyProto(s.Currency, *o.PriceOverrideMinor)
	}
	return &appointmentv1.Offering{
		MasterId:                o.MasterID,
		ServiceId:               o.ServiceID,
		PriceOverride:           override,
		DurationOverrideMinutes: o.DurationOverrideMinutes,
		Price:                   moneyProto(s.Currency, o.PriceMinor(s)),
		DurationMinutes:         o.Minutes(s),
		ServiceName:             s.Name,
		Bookable:                s.Active,
		CreateTime:              timeProto(o.CreateTime),
		UpdateTime:              timeProto(o.UpdateTime),
		Etag:                    etag.Format(o.Version),
	}
}
