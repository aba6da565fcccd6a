package appointment

import (
	"context"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// consumers keep what this service knows of masters and accounts up to date.
func (s *Service) consumers() []events.ConsumerConfig {
	return []events.ConsumerConfig{
		{Name: "appointments-masters", Subjects: []string{"master.>"}, Handle: s.onMaster},
		{Name: "appointments-users", Subjects: []string{"user.>"}, Handle: s.onUser},
	}
}

func (s *Service) onMaster(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body userv1.MasterEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return s.store.In(tx).PutMaster(ctx, body.GetMasterId(), body.GetDeleted(), body.GetDisabled(), e.AggregateVersion)
}

func (s *Service) onUser(ctx context.Context, tx *postgres.DB, e events.Event) error {
	var body userv1.UserEvent
	if err := e.Decode(&body); err != nil {
		return err
	}
	return s.store.In(tx).PutCustomer(ctx, body.GetUserId(), body.GetDisabled(), e.AggregateVersion)
}
