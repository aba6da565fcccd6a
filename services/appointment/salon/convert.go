package salon

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

func toProto(s Salon) *appointmentv1.Salon {
	return &appointmentv1.Salon{
		Id:           s.ID,
		Name:         s.Name,
		Slug:         s.Slug,
		Description:  s.Description,
		Address:      s.Address,
		Phone:        s.Phone,
		Email:        s.Email,
		WebsiteUrl:   s.WebsiteURL,
		TimeZone:     s.TimeZone,
		CurrencyCode: s.Currency,
		IsDefault:    s.IsDefault,
		CreateTime:   protoconv.Timestamp(s.CreateTime),
		UpdateTime:   protoconv.Timestamp(s.UpdateTime),
		Etag:         etag.Format(s.Version),
	}
}

// confirmationPrefix is the prefix that proto style demands of enum values.
const confirmationPrefix = "CONFIRMATION_"

func confirmationToProto(c Confirmation) appointmentv1.Confirmation {
	return appointmentv1.Confirmation(appointmentv1.Confirmation_value[confirmationPrefix+string(c)])
}

func confirmationFromProto(c appointmentv1.Confirmation) Confirmation {
	return Confirmation(c.String()[len(confirmationPrefix):])
}

func policyToProto(salonID string, p Policy) *appointmentv1.BookingPolicy {
	var until string
	if p.BookableUntil != (civil.Date{}) {
		until = p.BookableUntil.String()
	}
	return &appointmentv1.BookingPolicy{
		SalonId:                     salonID,
		SlotStepMinutes:             inMinutes(p.SlotStep),
		LeadTimeMinutes:             inMinutes(p.LeadTime),
		HorizonDays:                 int32(p.HorizonDays),
		BookableUntil:               until,
		CancellationWindowMinutes:   inMinutes(p.CancellationWindow),
		ReschedulingWindowMinutes:   inMinutes(p.ReschedulingWindow),
		Confirmation:                confirmationToProto(p.Confirmation),
		RequestTimeoutMinutes:       inMinutes(p.RequestTimeout),
		MaxOpenAppointments:         int32(p.MaxOpenAppointments),
		MaxCustomerAppointmentsADay: int32(p.MaxCustomerDay),
		MaxMasterAppointmentsADay:   int32(p.MaxMasterDay),
		AllowCustomerOverlap:        p.AllowCustomerOverlap,
		BuffersWithinHours:          p.BuffersWithinHours,
		HoldMinutes:                 inMinutes(p.HoldTime),
		MaxHolds:                    int32(p.MaxHolds),
		WaitlistOfferMinutes:        inMinutes(p.WaitlistOfferTime),
		LateCancellationFeePercent:  int32(p.LateCancellationFee),
		NoShowFeePercent:            int32(p.NoShowFee),
		UpdateTime:                  protoconv.Timestamp(p.UpdateTime),
		Etag:                        etag.Format(p.Version),
	}
}
