package people

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func toProto(c Customer) *appointmentv1.Customer {
	versions := []int64{c.Version}
	if c.AccountID != "" {
		versions = append(versions, c.Account.Version) // what is shown may be the account's
	}
	return &appointmentv1.Customer{
		Id:          c.ID,
		SalonId:     c.SalonID,
		AccountId:   c.AccountID,
		DisplayName: c.ShownName(),
		Phone:       c.ShownPhone(),
		Email:       c.ShownEmail(),
		Notes:       c.Notes,
		CreateTime:  protoconv.Timestamp(c.CreateTime),
		UpdateTime:  protoconv.Timestamp(c.UpdateTime),
		Etag:        etag.Format(versions...),
	}
}
