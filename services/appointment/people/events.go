package people

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// eventMasterDeleted is the subject of the event of a deleted profile.
const eventMasterDeleted = "master.deleted"

// Consumers are the consumers that keep the projections up to date. The owner also calls RefreshMaster
// and RefreshAccount when somebody may not be booked any more; the events make up for calls that failed.
func (p *People) Consumers() []events.ConsumerConfig {
	return []events.ConsumerConfig{
		{Name: "appointments-masters", Subjects: []string{"master.>"}, Handle: p.onMaster},
		{Name: "appointments-users", Subjects: []string{"user.>"}, Handle: p.onUser},
	}
}

// onMaster reads the master from the owner, unless the state after the event is known. The event only
// says that something has changed: names are not in it.
func (p *People) onMaster(ctx context.Context, tx *postgres.DB, e events.Event) error {
	known, err := NewStore(tx).Master(ctx, e.AggregateID)
	if err != nil && !errors.Is(err, ErrMasterUnavailable) {
		return err
	}
	if known.Version < e.AggregateVersion {
		found, err := p.lookupMaster(ctx, e.AggregateID)
		if err != nil {
			return err
		}
		if _, err := p.recordMaster(ctx, tx, e.AggregateID, found); err != nil {
			return err
		}
	}
	if e.Type != eventMasterDeleted {
		return nil
	}
	// The owner may have made the profile again since, and then the state shows no deletion.
	if err := claims.Lock(ctx, tx, e.AggregateID); err != nil {
		return err
	}
	return p.masterLeft(ctx, tx, e.AggregateID, e.Time)
}

// onUser reads the account from the owner, unless the account is unknown here or the state after the
// event is known.
func (p *People) onUser(ctx context.Context, tx *postgres.DB, e events.Event) error {
	known, err := NewStore(tx).Account(ctx, e.AggregateID)
	if errors.Is(err, errNoAccount) {
		return nil
	}
	if err != nil || known.Version >= e.AggregateVersion {
		return err
	}
	found, err := p.lookupAccount(ctx, e.AggregateID)
	if err != nil {
		return err
	}
	_, err = p.recordAccount(ctx, tx, e.AggregateID, found)
	return err
}
