package booking

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// groupRow is a row of group_sessions.
type groupRow struct {
	SalonID             string
	ID                  string
	ServiceID           string
	ServiceName         string
	MasterID            string
	State               SessionState
	StartTime           time.Time
	EndTime             time.Time
	TimeZone            string
	Capacity            int32
	PriceMinor          int32
	Currency            string
	Phases              *string
	BufferBeforeMinutes int32
	BufferAfterMinutes  int32
	ResourceIDs         postgres.Array[string] `gorm:"column:resource_ids;type:uuid[]"`
	CancelReason        string
	Version             int64
	CreateTime          time.Time
	UpdateTime          time.Time
	// MasterName is from another table.
	MasterName string `gorm:"->"`
}

// TableName implements GORM's Tabler.
func (groupRow) TableName() string { return "group_sessions" }

func (r groupRow) session() (*Session, error) {
	phases, err := decodePhases(r.Phases)
	return &Session{
		ID: r.ID, SalonID: r.SalonID, ServiceID: r.ServiceID, ServiceName: r.ServiceName, MasterID: r.MasterID, MasterName: r.MasterName,
		State: r.State, Start: r.StartTime.UTC(), End: r.EndTime.UTC(), TimeZone: r.TimeZone, Capacity: r.Capacity,
		PriceMinor: r.PriceMinor, Currency: r.Currency, Phases: phases,
		BufferBefore: time.Duration(r.BufferBeforeMinutes) * time.Minute, BufferAfter: time.Duration(r.BufferAfterMinutes) * time.Minute,
		Units: r.ResourceIDs, CancelReason: r.CancelReason, Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}, err
}

func groupRowOf(g *Session) groupRow {
	return groupRow{
		SalonID: g.SalonID, ID: g.ID, ServiceID: g.ServiceID, ServiceName: g.ServiceName, MasterID: g.MasterID, State: g.State,
		StartTime: g.Start, EndTime: g.End, TimeZone: g.TimeZone, Capacity: g.Capacity, PriceMinor: g.PriceMinor, Currency: g.Currency,
		Phases: encodePhases(g.Phases), BufferBeforeMinutes: int32(g.BufferBefore.Minutes()), BufferAfterMinutes: int32(g.BufferAfter.Minutes()),
		ResourceIDs: append(postgres.Array[string]{}, g.Units...), CancelReason: g.CancelReason, Version: g.Version,
		CreateTime: g.CreateTime, UpdateTime: g.UpdateTime,
	}
}

// Session returns a group session with its places, else NOT_FOUND. lock is appended to the query.
func (s *Store) Session(ctx context.Context, id, lock string) (*Session, error) {
	found, err := s.sessions(ctx, "g.id = ? "+lock, id)
	if err == nil && len(found) == 0 {
		err = errNoSession
	}
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// placeTaken is the condition on a place p that it is not one of a hold that has expired.
const placeTaken = "(p.expire_time IS NULL OR p.expire_time > clock_timestamp())"

// SessionFilter says which group sessions to list. Zero values leave a filter out.
type SessionFilter struct {
	// SalonID is the salon.
	SalonID string
	// ServiceID is what is done.
	ServiceID string
	// From is before the end, To after the start.
	From, To time.Time
	// Free selects those that can be booked: they are scheduled, begin after this instant, have places left, and their master still performs
	// the service; zero: all.
	Free time.Time
	// After is the place of the last session of the page before; nil means from the first.
	After *Cursor
	// Limit is how many are returned at most.
	Limit int
}

// Sessions returns group sessions by start.
func (s *Store) Sessions(ctx context.Context, f SessionFilter) ([]*Session, error) {
	condition, args := "g.salon_id = ?", []any{f.SalonID}
	add := func(sql string, values ...any) {
		condition += " AND " + sql
		args = append(args, values...)
	}
	if f.ServiceID != "" {
		add("g.service_id = ?", f.ServiceID)
	}
	if !f.From.IsZero() {
		add("g.end_time > ? AND g.start_time > ?::timestamptz - interval '"+claims.Longest+"'", f.From, f.From)
	}
	if !f.To.IsZero() {
		add("g.start_time < ?", f.To)
	}
	if !f.Free.IsZero() {
		add(`g.state = ? AND g.start_time > ? AND (SELECT count(*) FROM group_places p WHERE p.salon_id = g.salon_id AND p.session_id = g.id
			AND `+placeTaken+`) < g.capacity AND EXISTS (
				SELECT FROM offerings o JOIN masters m ON m.id = o.master_id AND NOT m.deleted AND NOT m.disabled
				JOIN services v ON v.salon_id = o.salon_id AND v.id = o.service_id AND v.active AND v.deleted_at IS NULL
				WHERE o.salon_id = g.salon_id AND o.master_id = g.master_id AND o.service_id = g.service_id AND o.deleted_at IS NULL)`,
			SessionScheduled, f.Free)
	}
	if f.After != nil {
		add("(g.start_time, g.id) > (?, ?)", f.After.Start, f.After.ID)
	}
	return s.sessions(ctx, condition+" ORDER BY g.start_time, g.id LIMIT ?", append(args, f.Limit)...)
}

func (s *Store) sessions(ctx context.Context, condition string, args ...any) ([]*Session, error) {
	var rows []groupRow
	err := s.db.Conn(ctx).Raw(`SELECT g.*, coalesce((SELECT m.display_name FROM masters m WHERE m.id = g.master_id), '') AS master_name
		FROM group_sessions g WHERE `+condition, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read group sessions: %w", err)
	}
	var taken []struct {
		Place

		SessionID string
	}
	err = s.db.Conn(ctx).Raw(`
		SELECT p.session_id, p.number, p.appointment_id, coalesce(p.customer_id::text, '') AS customer_id, p.expire_time IS NOT NULL AS held,
			p.freed_id IS NOT NULL AS kept
		FROM group_places p WHERE p.session_id = ANY (?::uuid[]) AND p.salon_id = ANY (?::uuid[])
			AND `+placeTaken+` ORDER BY p.number`,
		postgres.Column(rows, func(r groupRow) string { return r.ID }),
		postgres.Column(rows, func(r groupRow) string { return r.SalonID })).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("read the places of group sessions: %w", err)
	}
	of := map[string][]Place{}
	for _, p := range taken {
		of[p.SessionID] = append(of[p.SessionID], p.Place)
	}
	found := make([]*Session, len(rows))
	for i, r := range rows {
		if found[i], err = r.session(); err != nil {
			return nil, fmt.Errorf("read group session %s: %w", r.ID, err)
		}
		found[i].Places = of[r.ID]
	}
	return found, nil
}

// createSession writes a session and its claims within the store's transaction. It returns errOutdated when the rules have changed, and
// errSlotUnavailable when the time is taken.
func (s *Store) createSession(ctx context.Context, g *Session, list []claims.Claim, subjects []string, rulesVersion int64) error {
	if err := claims.Lock(ctx, s.db, subjects...); err != nil {
		return err
	}
	if err := s.checkRules(ctx, g.SalonID, rulesVersion); err != nil {
		return err
	}
	if err := s.take(ctx, g.SalonID, g.ID, list); err != nil {
		return err
	}
	row := groupRowOf(g)
	if err := s.db.Conn(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("write a group session: %w", err)
	}
	return s.appendSessionEvent(ctx, "group_session.created", g)
}

// saveSession writes a changed session.
func (s *Store) saveSession(ctx context.Context, event string, g *Session) error {
	err := s.db.Conn(ctx).Exec(`UPDATE group_sessions SET state = ?, start_time = ?, end_time = ?, time_zone = ?, capacity = ?,
		cancel_reason = ?, version = ?, update_time = ? WHERE salon_id = ? AND id = ?`,
		g.State, g.Start, g.End, g.TimeZone, g.Capacity, g.CancelReason, g.Version, g.UpdateTime, g.SalonID, g.ID).Error
	if err != nil {
		return fmt.Errorf("update a group session: %w", err)
	}
	return s.appendSessionEvent(ctx, event, g)
}

func (s *Store) appendSessionEvent(ctx context.Context, event string, g *Session) error {
	e, err := events.NewEvent(event, g.ID, g.Version, g.UpdateTime, sessionEventBody(g))
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, e)
}

// renumber gives the places with a number beyond the capacity the lowest free numbers, in their order. The caller holds the lock of the
// session, which has enough of them.
func (s *Store) renumber(ctx context.Context, g *Session) error {
	err := s.db.Conn(ctx).Exec(`
		WITH beyond AS (
			SELECT p.number, row_number() OVER (ORDER BY p.number) AS n FROM group_places p
			WHERE p.salon_id = @salon AND p.session_id = @session AND p.number > @capacity
		), free AS (
			SELECT n AS number, row_number() OVER (ORDER BY n) AS n FROM generate_series(1, @capacity) AS n
			WHERE NOT EXISTS (SELECT FROM group_places p WHERE p.salon_id = @salon AND p.session_id = @session AND p.number = n)
		)
		UPDATE group_places p SET number = f.number FROM beyond b JOIN free f USING (n)
		WHERE p.salon_id = @salon AND p.session_id = @session AND p.number = b.number`,
		map[string]any{"salon": g.SalonID, "session": g.ID, "capacity": g.Capacity}).Error
	if err != nil {
		return fmt.Errorf("renumber places: %w", err)
	}
	return nil
}

// dropKeptBeyond frees places that are kept for the waitlist where there are more places than a capacity has room for, as few as possible. The
// others stay kept.
func (s *Store) dropKeptBeyond(ctx context.Context, g *Session, capacity int) error {
	var numbers []int32
	for _, p := range slices.Backward(g.Places) {
		if p.Kept && len(g.Places)-len(numbers) > capacity {
			numbers = append(numbers, p.Number)
		}
	}
	g.Places = slices.DeleteFunc(g.Places, func(p Place) bool { return slices.Contains(numbers, p.Number) })
	err := s.db.Conn(ctx).Exec("DELETE FROM group_places WHERE salon_id = ? AND session_id = ? AND freed_id IS NOT NULL AND number = ANY (?::integer[])",
		g.SalonID, g.ID, postgres.Array[int32](numbers)).Error
	if err != nil {
		return fmt.Errorf("free places that are kept: %w", err)
	}
	return nil
}

// moveSession writes a session that was moved, and gives it the claims of a plan instead of those that it has. The places that are free at the
// new time are kept for the waitlist anew, by a trigger.
func (s *Store) moveSession(ctx context.Context, g *Session, plan *availability.Plan) error {
	if err := s.dropAllKept(ctx, g); err != nil {
		return err
	}
	if err := claims.Delete(ctx, s.db, g.SalonID, g.ID); err != nil {
		return err
	}
	taken, _ := claimsOf(plan, nil, false)
	if err := s.take(ctx, g.SalonID, g.ID, taken); err != nil {
		return err
	}
	return s.saveSession(ctx, "group_session.rescheduled", g)
}

// releaseHolds gives back the holds of places in a session. The caller holds the locks of the session and of the customers.
func (s *Store) releaseHolds(ctx context.Context, g *Session, now time.Time) error {
	for _, p := range g.Places {
		if !p.Held {
			continue
		}
		var ids []string
		err := s.db.Conn(ctx).Raw("SELECT id FROM holds WHERE salon_id = ? AND appointment_id = ? AND state = ?",
			g.SalonID, p.AppointmentID, HoldActive).Scan(&ids).Error
		if err != nil {
			return fmt.Errorf("look for the hold of a place: %w", err)
		}
		for _, id := range ids {
			h, err := s.hold(ctx, id, "FOR UPDATE")
			if err != nil {
				return err
			}
			event := "hold.released"
			if h.expire(now) {
				event = "hold.expired"
			} else if _, err := h.end(HoldReleased, now); err != nil {
				return err
			}
			if err := s.saveHold(ctx, event, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// yield frees the time of moved appointments, and lets those whose customers have something else at the new time share it.
func (s *Store) yield(ctx context.Context, list []*Appointment) error {
	if err := s.freeSeveral(ctx, list); err != nil {
		return err
	}
	for _, a := range list {
		if a.change == nil {
			continue
		}
		taken, err := claims.Conflicts(ctx, s.db, a.SalonID, a.claims)
		if err != nil {
			return err
		}
		for i := range a.claims {
			a.claims[i].Blocking = a.claims[i].Blocking && !taken[claims.Customer]
		}
	}
	return nil
}
