package catalog

import (
	"time"

	"github.com/beauty-salon/platform/internal/fold"
)

// Service is something that a salon does for a customer.
type Service struct {
	// ID is a UUIDv7, SalonID the salon that performs the service.
	ID, SalonID string
	// Name is unique among the services of the salon that are not deleted, without regard to case.
	Name string
	// Description says what is done, Category what the service is listed under.
	Description, Category string
	// PriceMinor is the price in minor units of Currency, an ISO 4217 code, unless a master has their own.
	PriceMinor int32
	Currency   string
	// DurationMinutes is how long the service takes unless a master has their own duration.
	DurationMinutes int32
	// BufferBeforeMinutes and BufferAfterMinutes are what the master needs around the service.
	BufferBeforeMinutes, BufferAfterMinutes int32
	// Active reports whether the service can be booked.
	Active bool
	// Version counts the changes, from 1, including the deletion.
	Version int64
	// CreateTime and UpdateTime are when the service was created and last changed.
	CreateTime, UpdateTime time.Time
}

// searchText is what a search looks at.
func (s Service) searchText() string { return fold.Text(s.Name + "\n" + s.Description) }
