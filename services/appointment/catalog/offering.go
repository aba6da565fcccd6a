package catalog

import (
	"time"

	"github.com/google/uuid"
)

// Offering is a service that a master performs. Its fields must not be changed.
type Offering struct {
	// SalonID is the salon of the master and the service.
	SalonID string
	// MasterID is the master.
	MasterID string
	// MasterName and MasterVersion are what is known of the master. Only [Catalog.Offering] sets them.
	MasterName    string
	MasterVersion int64
	// Service is the service as of the same moment.
	Service Service
	// PriceOverrideMinor is the master's own price in the service's currency; nil means the service's.
	PriceOverrideMinor *int32
	// DurationOverrideMinutes is the master's own duration; nil means the service's.
	DurationOverrideMinutes *int32
	// Version counts the changes, from 1, including deletion and renewal.
	Version int64
	// CreateTime is when the master began to offer the service, UpdateTime when the offering last changed.
	CreateTime, UpdateTime time.Time
}

// PriceMinor returns what a booking costs, in minor units of the service's currency.
func (o Offering) PriceMinor() int32 {
	if o.PriceOverrideMinor != nil {
		return *o.PriceOverrideMinor
	}
	return o.Service.PriceMinor
}

// Minutes returns how long a booking takes.
func (o Offering) Minutes() int32 {
	if o.DurationOverrideMinutes != nil {
		return *o.DurationOverrideMinutes
	}
	return o.Service.DurationMinutes
}

// sameOverrides reports whether two offerings have the same price and duration of the master's own.
func (o Offering) sameOverrides(other Offering) bool {
	equal := func(a, b *int32) bool { return a == b || (a != nil && b != nil && *a == *b) }
	return equal(o.PriceOverrideMinor, other.PriceOverrideMinor) &&
		equal(o.DurationOverrideMinutes, other.DurationOverrideMinutes)
}

// offeringID is the aggregate id of an offering's events: a UUIDv5 of the service in the namespace of
// the master.
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
