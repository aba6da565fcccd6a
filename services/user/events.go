package user

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// What this service tells.
const (
	eventRegistered    = "user.registered"
	eventRoleChanged   = "user.role_changed"
	eventDisabled      = "user.disabled"
	eventEnabled       = "user.enabled"
	eventMasterCreated = "master.created"
	eventMasterUpdated = "master.updated"
	eventMasterDeleted = "master.deleted"
)

// accountEventType names what became of an account; "" when others need not know.
// No change does two of these at once.
func accountEventType(before, after Account) string {
	switch {
	case after.Role != before.Role:
		return eventRoleChanged
	case after.Disabled && !before.Disabled:
		return eventDisabled
	case !after.Disabled && before.Disabled:
		return eventEnabled
	}
	return ""
}

// accountEvent tells the state of an account after a change.
func accountEvent(typ string, a Account) (events.Event, error) {
	return events.NewEvent(typ, a.ID, a.Version, a.UpdateTime, &userv1.UserEvent{
		UserId: a.ID, Role: a.Role, Disabled: a.Disabled,
	})
}

// masterEvent tells the state of a master after a change.
func masterEvent(typ string, m Master) (events.Event, error) {
	return events.NewEvent(typ, m.ID, m.Version, m.UpdateTime, &userv1.MasterEvent{
		MasterId: m.ID, Deleted: m.Deleted, Disabled: m.Disabled,
	})
}

// consumers lists what this service hears.
func (s *Service) consumers() []events.ConsumerConfig {
	return []events.ConsumerConfig{
		{Name: "users-ratings", Subjects: []string{"rating.>"}, Handle: s.onRating},
		{Name: "users-offerings", Subjects: []string{"offering.>"}, Handle: s.onOffering},
	}
}

// onRating takes over the sum of a master's ratings. The event carries the sum and
// not the difference, so hearing it again changes nothing.
func (s *Service) onRating(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	_, err := s.store.in(tx).setRatings(ctx, body.GetMasterId(), body.GetSummaryCount(), body.GetSummaryStars(), e.AggregateVersion)
	return err
}

// onOffering takes over whether a master performs a service.
func (s *Service) onOffering(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.OfferingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return s.store.in(tx).setOffering(ctx, body.GetMasterId(), body.GetServiceId(), body.GetDeleted(), e.AggregateVersion)
}
