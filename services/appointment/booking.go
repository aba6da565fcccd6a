package appointment

import (
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/apierr"
)

// horizon is how far from now a time may lie to be taken for a booking's. Earlier
// ones are no slips of a clock but nonsense, such as the year 1.
const horizon = 366 * 24 * time.Hour

// Offer is what booking a service with a master amounts to as of now.
type Offer struct {
	// MasterID and ServiceID name the offering.
	MasterID, ServiceID string
	// ServiceName is the service's name.
	ServiceName string
	// PriceMinor is the price in minor units of Currency: the master's own, else
	// the service's.
	PriceMinor int32
	Currency   string
	// Duration is how long it takes: the master's own, else the service's.
	Duration time.Duration
	// BufferBefore and BufferAfter are the time that the master needs around it.
	BufferBefore, BufferAfter time.Duration
	// OfferingVersion and ServiceVersion are what all this was read from.
	OfferingVersion, ServiceVersion int64
}

// segment is the offer, taken up at a time.
func (o Offer) segment(start time.Time) Segment {
	end := start.Add(o.Duration)
	return Segment{
		ID:          newID(),
		ServiceID:   o.ServiceID,
		ServiceName: o.ServiceName,
		MasterID:    o.MasterID,
		Start:       start,
		End:         end,
		ClaimFrom:   start.Add(-o.BufferBefore),
		ClaimTo:     end.Add(o.BufferAfter),
		PriceMinor:  o.PriceMinor,
		Currency:    o.Currency,
	}
}

// Wish is an offer and when it shall begin.
type Wish struct {
	Offer Offer
	Start time.Time
}

// NewAppointment makes an appointment, PENDING, of at least one wish. It returns
// INVALID_FIELDS when the prices cannot be summed up.
func NewAppointment(customerID, note string, by Party, wishes []Wish, now time.Time) (*Appointment, error) {
	a := &Appointment{
		ID:         newID(),
		CustomerID: customerID,
		State:      Pending,
		Note:       note,
		ChangedBy:  by,
		Version:    1,
		CreateTime: now,
		UpdateTime: now,
	}
	for _, w := range wishes {
		a.Segments = append(a.Segments, w.Offer.segment(w.Start))
	}
	var err error
	a.TotalMinor, a.Currency, err = total(a.Segments)
	return a, err
}

// total sums the prices up, in 64 bits so that nothing can wrap around.
func total(segments []Segment) (int32, string, error) {
	currency := segments[0].Currency
	var sum int64
	for i, s := range segments {
		if s.Currency != currency {
			return 0, "", apierr.InvalidField(fmt.Sprintf("segments[%d].service_id", i),
				"must have its price in the currency of the other segments")
		}
		if sum += int64(s.PriceMinor); sum > math.MaxInt32 {
			return 0, "", apierr.InvalidField("segments", "must not cost more in sum than an amount can hold")
		}
	}
	return int32(sum), currency, nil
}

// checkStart checks when a visit shall begin: after now (START_IN_PAST), at most
// 366 days away (INVALID_FIELDS).
func checkStart(field string, start, now time.Time) error {
	switch distance := start.Sub(now); {
	case distance > horizon:
		return apierr.InvalidField(field, "must be at most 366 days ahead")
	case distance < -horizon:
		return apierr.InvalidField(field, "must be in the future")
	case distance <= 0:
		return errStartInPast.WithField(field, "must be in the future")
	}
	return nil
}

// newID returns a UUIDv7.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
