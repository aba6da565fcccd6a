package booking

import (
	"math"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// horizon is how far from now a start may lie to be taken for one. Earlier starts are nonsense,
// such as the year 1, and not a clock that is slow.
const horizon = 366 * 24 * time.Hour

// NewAppointment makes a PENDING appointment of at least one offering. The segments follow each other
// from start on. overlap permits another appointment of the customer at the same time. INVALID_FIELDS
// when the prices cannot be summed up.
func NewAppointment(
	s salon.Salon, zone *time.Location, c people.Customer, start time.Time, offerings []catalog.Offering,
	note string, overlap bool, by By,
) (*Appointment, error) {
	a := &Appointment{
		ID:               id.New(),
		SalonID:          s.ID,
		CustomerID:       c.ID,
		AccountID:        c.AccountID,
		CustomerName:     c.ShownName(),
		CustomerPhone:    c.ShownPhone(),
		State:            Pending,
		Currency:         offerings[0].Service.Currency,
		TimeZone:         s.TimeZone,
		UTCOffsetMinutes: civil.OffsetMinutes(start, zone),
		Note:             note,
		ChangedBy:        by.Actor,
		Version:          1,
		CreateTime:       by.Now,
		UpdateTime:       by.Now,
		overlap:          overlap,
		change:           &Change{Action: Create, By: by},
	}
	var total int64 // 64 bits, so that the sum cannot wrap around
	for i, o := range offerings {
		if o.Service.Currency != a.Currency {
			return nil, apierr.InvalidField(segmentField(i, "service_id"), "must have its price in the currency of the other segments")
		}
		if total += int64(o.PriceMinor()); total > math.MaxInt32 {
			return nil, apierr.InvalidField("segments", "must not cost more in sum than an amount can hold")
		}
		end := start.Add(time.Duration(o.Minutes()) * time.Minute)
		a.Segments = append(a.Segments, Segment{
			ID:           id.New(),
			ServiceID:    o.Service.ID,
			ServiceName:  o.Service.Name,
			MasterID:     o.MasterID,
			MasterName:   o.MasterName,
			Start:        start,
			End:          end,
			BufferBefore: time.Duration(o.BufferBefore()) * time.Minute,
			BufferAfter:  time.Duration(o.BufferAfter()) * time.Minute,
			PriceMinor:   o.PriceMinor(),
		})
		start = end
	}
	a.TotalMinor = int32(total)
	return a, nil
}

// checkStart checks the start of an appointment: a whole minute at most 366 days away
// (INVALID_FIELDS), after now (START_IN_PAST).
func checkStart(start, now time.Time) error {
	const field = "start_time"
	switch distance := start.Sub(now); {
	case distance > horizon:
		return apierr.InvalidField(field, "must be at most 366 days ahead")
	case distance < -horizon:
		return apierr.InvalidField(field, "must be in the future")
	case !civil.IsWholeMinute(start):
		return apierr.InvalidField(field, "must be a whole minute")
	case distance <= 0:
		return errStartInPast.WithField(field, "must be in the future")
	}
	return nil
}
