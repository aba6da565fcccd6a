package salon

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func toProto(s Salon) *appointmentv1.Salon {
	return &appointmentv1.Salon{
		Id:                  s.ID,
		Name:                s.Name,
		Slug:                s.Slug,
		Description:         s.Description,
		Address:             s.Address,
		Phone:               s.Phone,
		Email:               s.Email,
		WebsiteUrl:          s.WebsiteURL,
		TimeZone:            s.TimeZone,
		CurrencyCode:        s.Currency,
		MaxOpenAppointments: s.MaxOpenAppointments,
		IsDefault:           s.IsDefault,
		CreateTime:          protoconv.Timestamp(s.CreateTime),
		UpdateTime:          protoconv.Timestamp(s.UpdateTime),
		Etag:                etag.Format(s.Version),
	}
}
