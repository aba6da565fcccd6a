// Package protoconv converts times and money between the forms of the contract and Go.
package protoconv

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// Money returns the message of an amount in minor units. The amount is always present, also when it is 0.
func Money(currency string, minor int32) *apiv1.Money {
	return &apiv1.Money{CurrencyCode: currency, AmountMinor: &minor}
}

// Timestamp returns the message of a time, absent for the zero time.
func Timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Time returns the time of a message in UTC and in the database's precision,
// microseconds; the zero time when it is absent. A message that is no time of the years 1
// to 9999 is INVALID_FIELDS of field.
func Time(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if err := t.CheckValid(); err != nil {
		return time.Time{}, apierr.InvalidField(field, "must be a time between the years 1 and 9999").WithCause(err)
	}
	return t.AsTime().Truncate(time.Microsecond), nil
}
