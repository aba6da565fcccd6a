package events

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	maxErrorText = 4000
	// classDataException is the class of SQLSTATEs for values that a column cannot store.
	classDataException = "22"
)

// DeadLetter is an event that a consumer has stopped trying.
type DeadLetter struct {
	// ID is the UUID that identifies the dead letter for a replay.
	ID string
	// Consumer is the name of the consumer.
	Consumer string
	// Event is the event. An invalid message has a generated id, no aggregate, and its raw bytes in the body as
	// {"undecodable": "<base64>"}.
	Event Event
	// Error is the last error. It is for operators and may quote the database.
	Error string
	// Attempts is the number of tries, replays included.
	Attempts int
	// FailTime is when the last try failed.
	FailTime time.Time
	// ReplayTime is when a replay was last requested, or nil. A replay is pending while ReplayTime is later than
	// FailTime.
	ReplayTime *time.Time
}

// deadLetterRow is a row of dead_letters.
type deadLetterRow struct {
	ID               string
	Consumer         string
	EventID          string
	Type             string
	AggregateID      string
	AggregateVersion int64
	OccurredAt       time.Time
	Body             []byte
	Error            string
	Attempts         int
	FailedAt         time.Time
	ReplayedAt       *time.Time
}

func (r deadLetterRow) event() Event {
	return Event{
		ID: r.EventID, Type: r.Type, AggregateID: r.AggregateID, AggregateVersion: r.AggregateVersion,
		Time: r.OccurredAt.UTC(), Body: r.Body,
	}
}

const selectDeadLetters = `SELECT id, consumer, event_id, type, aggregate_id, aggregate_version,
	occurred_at, body, error, attempts, failed_at, replayed_at FROM dead_letters `

// ListDeadLetters returns at most limit dead letters of the consumers in the schema of db, the latest first.
func ListDeadLetters(ctx context.Context, db *postgres.DB, limit int) ([]DeadLetter, error) {
	var rows []deadLetterRow
	err := db.Conn(ctx).Raw(selectDeadLetters+"ORDER BY failed_at DESC, id LIMIT ?", limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	letters := make([]DeadLetter, len(rows))
	for i, r := range rows {
		letters[i] = DeadLetter{
			ID: r.ID, Consumer: r.Consumer, Event: r.event(), Error: r.Error, Attempts: r.Attempts,
			FailTime: r.FailedAt.UTC(), ReplayTime: r.ReplayedAt,
		}
	}
	return letters, nil
}

// ReplayDeadLetter requests that the consumer handles the event again. The consumer, in any process, looks for
// requests every few seconds. A success deletes the dead letter; a failure records the new error. An unknown id is
// an [apierr.NotFound].
func ReplayDeadLetter(ctx context.Context, db *postgres.DB, id string) error {
	if uuid.Validate(id) != nil {
		return apierr.NotFound("dead letter")
	}
	res := db.Conn(ctx).Exec(`UPDATE dead_letters SET replayed_at = greatest(clock_timestamp(), failed_at + interval '1 microsecond')
		WHERE id = ?`, id)
	if res.Error != nil {
		return fmt.Errorf("replay dead letter %s: %w", id, res.Error)
	}
	if res.RowsAffected == 0 {
		return apierr.NotFound("dead letter")
	}
	return nil
}

// insertDeadLetter records the event as a dead letter of the consumer.
func insertDeadLetter(ctx context.Context, db *postgres.DB, consumer string, e Event, attempts int, cause error) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("new dead letter id: %w", err)
	}
	insert := func(body []byte) error {
		return db.Conn(ctx).Exec(`INSERT INTO dead_letters (id, consumer, event_id, type, aggregate_id, aggregate_version,
			occurred_at, body, error, attempts, failed_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb, ?, ?, clock_timestamp())
			ON CONFLICT (consumer, event_id) DO UPDATE
			SET error = excluded.error, attempts = excluded.attempts, failed_at = excluded.failed_at`,
			id.String(), consumer, e.ID, e.Type, e.AggregateID, e.AggregateVersion,
			e.Time, string(body), errorText(cause), attempts).Error
	}
	err = insert(e.Body)
	if strings.HasPrefix(postgres.SQLState(err), classDataException) {
		// Some JSON, such as an escaped NUL, does not fit into jsonb.
		err = insert(undecodable(e.Body))
	}
	if err != nil {
		return fmt.Errorf("write dead letter: %w", err)
	}
	return nil
}

// takeDeadLetter locks a dead letter of the consumer with a pending replay. row stays empty when there is none.
func takeDeadLetter(ctx context.Context, tx *postgres.DB, consumer string, row *deadLetterRow) error {
	err := tx.Conn(ctx).Raw(selectDeadLetters+`WHERE consumer = ? AND replayed_at > failed_at
		ORDER BY replayed_at, id LIMIT 1 FOR UPDATE SKIP LOCKED`, consumer).Scan(row).Error
	if err != nil {
		return fmt.Errorf("read dead letters: %w", err)
	}
	return nil
}

func deleteDeadLetter(ctx context.Context, tx *postgres.DB, id string) error {
	if err := tx.Conn(ctx).Exec("DELETE FROM dead_letters WHERE id = ?", id).Error; err != nil {
		return fmt.Errorf("delete dead letter: %w", err)
	}
	return nil
}

// failDeadLetter records that a replay failed.
func failDeadLetter(ctx context.Context, db *postgres.DB, id string, cause error) error {
	err := db.Conn(ctx).Exec(`UPDATE dead_letters SET error = ?, attempts = attempts + 1,
		failed_at = greatest(clock_timestamp(), replayed_at) WHERE id = ?`, errorText(cause), id).Error
	if err != nil {
		return fmt.Errorf("write dead letter: %w", err)
	}
	return nil
}

// pruneDeadLetters deletes some dead letters whose last try is longer ago than keep, and reports whether there may be more. Those
// with a pending replay stay. keep 0 deletes nothing.
func pruneDeadLetters(ctx context.Context, db *postgres.DB, keep time.Duration) (more bool, err error) {
	if keep == 0 {
		return false, nil
	}
	res := db.Conn(ctx).Exec(`WITH old AS MATERIALIZED (SELECT id FROM dead_letters
			WHERE failed_at < now() - make_interval(secs => ?) AND (replayed_at IS NULL OR replayed_at <= failed_at)
			ORDER BY failed_at LIMIT ? FOR UPDATE SKIP LOCKED)
		DELETE FROM dead_letters d USING old WHERE d.id = old.id`, keep.Seconds(), pruneChunk)
	if res.Error != nil {
		return false, fmt.Errorf("prune dead letters: %w", res.Error)
	}
	return res.RowsAffected == pruneChunk, nil
}

// errorText returns the error as text that PostgreSQL accepts.
func errorText(err error) string {
	s := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "")
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "")
	}
	return s
}

// undecodable returns JSON that represents bytes that are not JSON.
func undecodable(data []byte) []byte {
	return []byte(`{"undecodable":"` + base64.StdEncoding.EncodeToString(data) + `"}`)
}
