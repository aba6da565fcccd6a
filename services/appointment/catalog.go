package appointment

import (
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/currency"

	"github.com/beauty-salon/platform/internal/apierr"
)

// SalonService is something that the salon does for a customer.
type SalonService struct {
	// ID is a UUIDv7.
	ID string
	// Name is unique among services that are not deleted, without regard to case.
	Name string
	// Description tells what is done, Category what it is listed under.
	Description, Category string
	// PriceMinor is the price in minor units of Currency, an ISO 4217 code, unless
	// a master has their own.
	PriceMinor int32
	Currency   string
	// DurationMinutes is how long it takes unless a master has their own duration.
	DurationMinutes int32
	// BufferBeforeMinutes and BufferAfterMinutes are what the master needs around it.
	BufferBeforeMinutes, BufferAfterMinutes int32
	// Active tells whether it can be booked.
	Active bool
	// Version counts the changes, from 1, over deletion.
	Version int64
	// CreateTime and UpdateTime are when it was made and when it last changed.
	CreateTime, UpdateTime time.Time
}

// Offering is a service that a master performs.
type Offering struct {
	// MasterID and ServiceID identify it.
	MasterID, ServiceID string
	// PriceOverrideMinor is the master's own price in the service's currency; nil:
	// the service's price.
	PriceOverrideMinor *int32
	// DurationOverrideMinutes is the master's own duration; nil: the service's.
	DurationOverrideMinutes *int32
	// Version counts the changes, from 1, over deletion and renewal.
	Version int64
	// CreateTime is when the master began to offer it, UpdateTime when it last changed.
	CreateTime, UpdateTime time.Time
}

// PriceMinor is what a booking costs, in the service's currency.
func (o Offering) PriceMinor(s SalonService) int32 {
	if o.PriceOverrideMinor != nil {
		return *o.PriceOverrideMinor
	}
	return s.PriceMinor
}

// Minutes is how long a booking takes.
func (o Offering) Minutes(s SalonService) int32 {
	if o.DurationOverrideMinutes != nil {
		return *o.DurationOverrideMinutes
	}
	return s.DurationMinutes
}

// Offer is what a booking amounts to.
func (o Offering) Offer(s SalonService) Offer {
	return Offer{
		MasterID:        o.MasterID,
		ServiceID:       o.ServiceID,
		ServiceName:     s.Name,
		PriceMinor:      o.PriceMinor(s),
		Currency:        s.Currency,
		Duration:        time.Duration(o.Minutes(s)) * time.Minute,
		BufferBefore:    time.Duration(s.BufferBeforeMinutes) * time.Minute,
		BufferAfter:     time.Duration(s.BufferAfterMinutes) * time.Minute,
		OfferingVersion: o.Version,
		ServiceVersion:  s.Version,
	}
}

// offeringID is the aggregate id of an offering's events: a UUIDv5 of the service
// in the namespace of the master.
func offeringID(masterID, serviceID string) (string, error) {
	master, err := uuid.Parse(masterID)
	if err != nil {
		return "", err
	}
	service, err := uuid.Parse(serviceID)
	if err != nil {
		return "", err
	}
	return uuid.NewSHA1(master, service[:]).String(), nil
}

// checkCurrency returns INVALID_FIELDS unless code is one in which things are
// priced: in ISO 4217, and not its "no currency" or its code for tests.
func checkCurrency(field, code string) error {
	unit, err := currency.ParseISO(code)
	if err != nil || unit == currency.XXX || unit == currency.XTS {
		return apierr.InvalidField(field, "must be an ISO 4217 currency code")
	}
	return nil
}

// same tells whether two offerings ask the same price and duration.
func (o Offering) same(other Offering) bool {
	equal := func(a, b *int32) bool { return a == b || (a != nil && b != nil && *a == *b) }
	return equal(o.PriceOverrideMinor, other.PriceOverrideMinor) &&
		equal(o.DurationOverrideMinutes, other.DurationOverrideMinutes)
}
