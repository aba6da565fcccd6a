package watch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/stream"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// change is what has become of one appointment, or only of a salon.
type change struct {
	key            booking.Key // without an ID: something else of the salon
	created, moved bool
	appointment    *booking.Appointment // as it is now
}

// readChanges returns what has changed in the database between two positions, the second that of the transaction, in order. complete is false
// when that is too much.
func readChanges(
	ctx context.Context, tx *postgres.DB, since, until stream.Position,
) (found []*stream.Change[*change], complete bool, err error) {
	var rows []struct {
		Type, AggregateID, SalonID string
		Xid                        uint64
	}
	err = tx.Conn(ctx).Raw(`SELECT type, aggregate_id::text, coalesce(body ->> 'salonId', '') AS salon_id, xid::text::bigint AS xid FROM outbox
		WHERE ? ORDER BY id LIMIT ?`, stream.Between(since, until), stream.MaxChanges+1).Scan(&rows).Error
	if err != nil {
		return nil, false, fmt.Errorf("read changes: %w", err)
	}
	if len(rows) > stream.MaxChanges {
		return nil, false, nil
	}
	known := map[booking.Key]*stream.Change[*change]{}
	for _, r := range rows {
		key := booking.Key{SalonID: r.SalonID}
		if strings.HasPrefix(r.Type, "appointment.") {
			key.ID = r.AggregateID
		}
		c := known[key]
		if c == nil {
			c = &stream.Change[*change]{ID: key.ID, Value: &change{key: key}}
			known[key] = c
			found = append(found, c)
		}
		c.Value.created = c.Value.created || r.Type == "appointment.created"
		c.Value.moved = c.Value.moved || r.Type == "appointment.rescheduled" || r.Type == "appointment.adjusted"
		c.Xids = append(c.Xids, r.Xid)
	}
	return found, true, nil
}

// rules knows the versions of the rules of the salons whose free times are watched. Rules change without events.
type rules struct {
	db *postgres.DB

	mu       sync.Mutex
	streams  map[string]int // by salon
	versions map[string]int64
}

// follow counts a stream of a salon. done ends that.
func (r *rules) follow(salonID string) (done func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.streams[salonID]++
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.streams[salonID]--; r.streams[salonID] == 0 {
			delete(r.streams, salonID)
		}
	}
}

// changed returns a change for each salon that has other rules than at the last call.
func (r *rules) changed(ctx context.Context) (found []*stream.Change[*change], err error) {
	r.mu.Lock()
	salons := slices.Collect(maps.Keys(r.streams))
	r.mu.Unlock()
	if len(salons) == 0 {
		return nil, nil
	}
	var rows []struct {
		ID           string
		RulesVersion int64
	}
	err = r.db.Conn(ctx).Raw("SELECT id, rules_version FROM salons WHERE id = ANY (?::uuid[])", postgres.Array[string](salons)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the versions of rules: %w", err)
	}
	versions := make(map[string]int64, len(rows))
	for _, row := range rows {
		versions[row.ID] = row.RulesVersion
		if r.versions[row.ID] != row.RulesVersion {
			found = append(found, &stream.Change[*change]{Value: &change{key: booking.Key{SalonID: row.ID}}})
		}
	}
	r.versions = versions
	return found, nil
}
