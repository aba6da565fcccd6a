package catalog

import (
	"reflect"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/apierr"
)

// Offering is a service that a master performs. Its fields must not be changed.
type Offering struct {
	// SalonID is the salon of the master and the service.
	SalonID string
	// MasterID is the master.
	MasterID string
	// Service is the service as of the same moment.
	Service Service
	// PriceOverrideMinor is the master's own price in the service's currency; nil means the service's.
	PriceOverrideMinor *int32
	// DurationOverrideMinutes is the master's own duration of a service with one phase; nil means the service's.
	DurationOverrideMinutes *int32
	// PhasesOverride are the master's own phases; nil means the service's. Then there is no duration of their own.
	PhasesOverride []Phase
	// BufferBeforeOverrideMinutes and BufferAfterOverrideMinutes are the master's own time around it; nil means the service's.
	BufferBeforeOverrideMinutes, BufferAfterOverrideMinutes *int32
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

// Phases returns the parts of a booking, at least one: the master's own, else the service's. The only phase of a service takes
// as long as the master's own duration, if there is one.
func (o Offering) Phases() []Phase {
	if len(o.PhasesOverride) > 0 {
		return o.PhasesOverride
	}
	phases := o.Service.AllPhases()
	if o.DurationOverrideMinutes != nil && len(phases) == 1 {
		return []Phase{{Minutes: *o.DurationOverrideMinutes, Kinds: phases[0].Kinds}}
	}
	return phases
}

// Minutes returns how long a booking takes.
func (o Offering) Minutes() int32 { return minutesOf(o.Phases()) }

// BufferBefore returns the minutes that the master needs before a booking.
func (o Offering) BufferBefore() int32 {
	if o.BufferBeforeOverrideMinutes != nil {
		return *o.BufferBeforeOverrideMinutes
	}
	return o.Service.BufferBeforeMinutes
}

// BufferAfter returns the minutes that the master needs after a booking.
func (o Offering) BufferAfter() int32 {
	if o.BufferAfterOverrideMinutes != nil {
		return *o.BufferAfterOverrideMinutes
	}
	return o.Service.BufferAfterMinutes
}

// checkOverrides returns INVALID_FIELDS unless the master's own duration is that of one phase, and the master's own phases
// follow the rules of phases.
func (o Offering) checkOverrides() error {
	const duration = "duration_override_minutes"
	switch {
	case o.DurationOverrideMinutes == nil:
	case len(o.PhasesOverride) > 0:
		return apierr.InvalidField(duration, "must be absent where there is phases_override, which says how long it takes")
	case len(o.Service.Phases) > 1:
		return apierr.InvalidField(duration, "must be given as phases_override, since the service has several phases")
	}
	if len(o.PhasesOverride) == 0 {
		return nil
	}
	return checkPhases("phases_override", o.PhasesOverride)
}

// sameOverrides reports whether the same of two offerings is the master's own.
func (o Offering) sameOverrides(other Offering) bool {
	type overrides struct {
		price, duration, before, after *int32
		phases                         []Phase
	}
	of := func(o Offering) overrides {
		return overrides{
			o.PriceOverrideMinor, o.DurationOverrideMinutes, o.BufferBeforeOverrideMinutes, o.BufferAfterOverrideMinutes, o.PhasesOverride,
		}
	}
	return reflect.DeepEqual(of(o), of(other))
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
