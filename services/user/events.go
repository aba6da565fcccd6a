package user

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The events that this service publishes.
const (
	eventRegistered    = "user.registered"
	eventUpdated       = "user.updated"
	eventRoleChanged   = "user.role_changed"
	eventDisabled      = "user.disabled"
	eventEnabled       = "user.enabled"
	eventErased        = "user.erased"
	eventMasterCreated = "master.created"
	eventMasterUpdated = "master.updated"
	eventMasterDeleted = "master.deleted"
)

// accountEventType returns the type of the event about a change of an account. No
// change does two of these at once. A new name or phone number is not in the event:
// consumers fetch it.
func accountEventType(before, after Account) string {
	switch {
	case after.Role != before.Role:
		return eventRoleChanged
	case after.Disabled && !before.Disabled:
		return eventDisabled
	case !after.Disabled && before.Disabled:
		return eventEnabled
	}
	return eventUpdated
}

// accountEvent returns the event with the state of an account after a change.
func accountEvent(typ string, a Account) (events.Event, error) {
	return events.NewEvent(typ, a.ID, a.Version, a.UpdateTime, &userv1.UserEvent{
		UserId: a.ID, Role: a.Role, Disabled: a.Disabled,
	})
}

// masterEvent returns the event with the state of a master after a change.
func masterEvent(typ string, m Master) (events.Event, error) {
	return events.NewEvent(typ, m.ID, m.Version, m.UpdateTime, &userv1.MasterEvent{
		MasterId: m.ID, Deleted: m.Deleted, Disabled: m.Disabled, SalonId: m.SalonID,
	})
}

// consumers returns the consumers of this service.
func (s *Service) consumers() []events.ConsumerConfig {
	return []events.ConsumerConfig{
		{Name: "users-ratings", Subjects: []string{"rating.>"}, Handle: s.onRating},
		{Name: "users-offerings", Subjects: []string{"offering.>"}, Handle: s.onOffering},
		{Name: "users-salons", Subjects: []string{"salon.>"}, Handle: s.onSalon},
	}
}

// onRating stores the sum of a master's ratings. The event carries the sum and not
// the difference, so that a second delivery changes nothing.
func (s *Service) onRating(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body ratingv1.RatingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	_, err := s.store.In(tx).SetRatings(ctx, body.GetMasterId(), body.GetSummaryCount(), body.GetSummaryStars(), e.AggregateVersion)
	return err
}

// onOffering stores whether a master performs a service.
func (s *Service) onOffering(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.OfferingEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return s.store.In(tx).SetOffering(ctx, body.GetMasterId(), body.GetServiceId(), body.GetDeleted(), e.AggregateVersion)
}

// onSalon stores what this service keeps of a salon. A deleted salon has no members
// and no invitations.
func (s *Service) onSalon(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body appointmentv1.SalonEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	st := s.store.In(tx)
	if err := st.PutSalon(ctx, salonFromEvent(&body, e.AggregateVersion)); err != nil {
		return err
	}
	if !body.GetDeleted() {
		return nil
	}
	return st.EndSalon(ctx, body.GetSalonId(), s.deps.Time())
}
