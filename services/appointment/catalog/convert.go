package catalog

import (
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func serviceToProto(s Service) *appointmentv1.Service {
	return &appointmentv1.Service{
		Id:                  s.ID,
		SalonId:             s.SalonID,
		Name:                s.Name,
		Description:         s.Description,
		Category:            s.Category,
		Price:               protoconv.Money(s.Currency, s.PriceMinor),
		DurationMinutes:     s.DurationMinutes,
		BufferBeforeMinutes: s.BufferBeforeMinutes,
		BufferAfterMinutes:  s.BufferAfterMinutes,
		Active:              s.Active,
		CreateTime:          protoconv.Timestamp(s.CreateTime),
		UpdateTime:          protoconv.Timestamp(s.UpdateTime),
		Etag:                etag.Format(s.Version),
	}
}

func offeringToProto(o Offering) *appointmentv1.Offering {
	var override *apiv1.Money
	if o.PriceOverrideMinor != nil {
		override = protoconv.Money(o.Service.Currency, *o.PriceOverrideMinor)
	}
	return &appointmentv1.Offering{
		SalonId:                 o.SalonID,
		MasterId:                o.MasterID,
		ServiceId:               o.Service.ID,
		PriceOverride:           override,
		DurationOverrideMinutes: o.DurationOverrideMinutes,
		Price:                   protoconv.Money(o.Service.Currency, o.PriceMinor()),
		DurationMinutes:         o.Minutes(),
		ServiceName:             o.Service.Name,
		Bookable:                o.Service.Active,
		CreateTime:              protoconv.Timestamp(o.CreateTime),
		UpdateTime:              protoconv.Timestamp(o.UpdateTime),
		Etag:                    etag.Format(o.Version),
	}
}
