package catalog

import (
	"fmt"
	"reflect"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
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
	// Phases are the parts of the service, as long as DurationMinutes together. nil stands for one phase of work without
	// resources; [Service.AllPhases] returns it.
	Phases []Phase
	// BufferBeforeMinutes and BufferAfterMinutes are what the master needs around the service.
	BufferBeforeMinutes, BufferAfterMinutes int32
	// Active reports whether the service can be booked, OnlineBookable whether customers may book it themselves.
	Active, OnlineBookable bool
	// LeadTimeOverrideMinutes, HorizonOverrideDays and SlotStepOverrideMinutes replace those of the salon's policy; nil leaves them.
	LeadTimeOverrideMinutes, HorizonOverrideDays, SlotStepOverrideMinutes *int32
	// Capacity is for how many customers at once. A service for more than one is booked as places in group sessions.
	Capacity int32
	// Version counts the changes, from 1, including the deletion.
	Version int64
	// CreateTime and UpdateTime are when the service was created and last changed.
	CreateTime, UpdateTime time.Time
}

// AllPhases returns the parts of the service, at least one.
func (s Service) AllPhases() []Phase {
	if len(s.Phases) == 0 {
		return []Phase{{Minutes: s.DurationMinutes}}
	}
	return s.Phases
}

// setPhases sets the phases of the service, and with them its duration. minutes is a duration that is given too, else nil.
// Without phases, the service is one phase of work that takes minutes. What cannot be is INVALID_FIELDS.
func (s *Service) setPhases(phases []Phase, minutes *int32) error {
	if len(phases) == 0 {
		if minutes == nil {
			return apierr.InvalidField("duration_minutes", "must be set where there are no phases")
		}
		s.Phases, s.DurationMinutes = nil, *minutes
		return nil
	}
	if err := checkPhases("phases", phases); err != nil {
		return err
	}
	sum := minutesOf(phases)
	if minutes != nil && *minutes != sum {
		return apierr.InvalidField("duration_minutes", fmt.Sprintf("must be absent or %d, as long as the phases together", sum))
	}
	s.Phases, s.DurationMinutes = phases, sum
	if len(phases) == 1 && len(phases[0].Kinds) == 0 {
		s.Phases = nil
	}
	return nil
}

// setDuration sets the duration of a service with one phase. A service with several phases has the duration of these: another
// one is INVALID_FIELDS.
func (s *Service) setDuration(minutes int32) error {
	switch {
	case len(s.Phases) == 1:
		s.Phases = []Phase{{Minutes: minutes, Kinds: s.Phases[0].Kinds}}
	case len(s.Phases) > 1 && minutes != s.DurationMinutes:
		return apierr.InvalidField("duration_minutes", "must be changed with phases, since the service has several")
	}
	s.DurationMinutes = minutes
	return nil
}

// equal reports whether two states of a service are the same.
func (s Service) equal(other Service) bool { return reflect.DeepEqual(s, other) }

// searchText is what a search looks at.
func (s Service) searchText() string { return fold.Text(s.Name + "\n" + s.Description) }
