package events

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Backlog is what the events of one schema wait for.
type Backlog struct {
	// Unpublished is how many events of the outbox are not published, and Oldest the age of the oldest one.
	Unpublished int64
	Oldest      time.Duration
	// DeadLetters is how many events were set aside.
	DeadLetters int64
	// Consumers are the names of the consumers that have handled an event in the last day.
	Consumers []string
}

// ReadBacklog reads the backlog of the schema of db.
func ReadBacklog(ctx context.Context, db *postgres.DB) (b Backlog, err error) {
	if b.Unpublished, b.Oldest, err = lag(ctx, db); err != nil {
		return b, err
	}
	if err := db.Conn(ctx).Raw("SELECT count(*) FROM dead_letters").Scan(&b.DeadLetters).Error; err != nil {
		return b, fmt.Errorf("count dead letters: %w", err)
	}
	const recent = "SELECT DISTINCT consumer FROM inbox WHERE received_at > now() - interval '1 day'"
	if err := db.Conn(ctx).Raw(recent).Scan(&b.Consumers).Error; err != nil {
		return b, fmt.Errorf("read inbox: %w", err)
	}
	return b, nil
}
