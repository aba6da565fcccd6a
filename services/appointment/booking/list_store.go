package booking

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Filter says which appointments to list. Zero values leave a filter out.
type Filter struct {
	// VisibleTo is who asks.
	VisibleTo auth.Principal
	// SalonID, MasterID and CustomerID are whose appointments are wanted.
	SalonID, MasterID, CustomerID string
	// States are those that are wanted.
	States []State
	// From and To are the time that the appointments overlap with, [From, To).
	From, To time.Time
	// Descending lists the latest first.
	Descending bool
	// After is the place of the last appointment of the page before; nil: from the first.
	After *Cursor
	// Archived is whether to look in the archive too.
	Archived bool
	// Limit is how many are wanted at most.
	Limit int
}

// Cursor is the place of an appointment in a list.
type Cursor struct {
	// Start and ID are those of the appointment.
	Start time.Time `json:"s"`
	ID    string    `json:"i"`
}

// listed are the columns of appointments a.
var listed = "a." + strings.ReplaceAll(appointmentColumns, ", ", ", a.")

// query is a part of an SQL text and its arguments.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

// List returns the appointments that the filter admits and the caller may see, ordered by start and id.
//
// What a caller may see are their own appointments, as a master those in which they have a segment, and
// as receptionist or manager those of the salon. Each is one range of an index in the wanted order, a
// salon at a time; one condition with OR would make PostgreSQL read everybody's.
func (s *Store) List(ctx context.Context, f Filter) ([]*Appointment, error) {
	var q query
	q.add("SELECT " + shownColumns + " FROM (")
	branches := f.branches(live)
	if f.Archived {
		branches = append(branches, f.branches(archive)...)
	}
	for i, branch := range branches {
		if i > 0 {
			q.add(" UNION ")
		}
		q.add("(")
		branch(&q)
		q.add(")")
	}
	q.add(") AS a" + joinCustomer)
	q.order("a.start_time", "a.id", f)

	var rows []appointmentRow
	if err := s.db.Conn(ctx).Raw(q.text.String(), q.args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list appointments: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return s.withSegments(ctx, rows)
}

// branches are the queries whose union is what the caller may see of the tables from.
func (f Filter) branches(from tables) []func(*query) {
	caller := f.VisibleTo
	if caller.IsAdmin() {
		return []func(*query){func(q *query) { q.ofSalons(from, "SELECT id FROM salons", nil, f) }}
	}
	branches := []func(*query){func(q *query) { q.ofAccount(from, caller.UserID, f) }}
	desk := caller.Salons(auth.FrontDesk...)
	if len(desk) > 0 {
		branches = append(branches, func(q *query) { q.ofSalons(from, "SELECT unnest(?::uuid[])", desk, f) })
	}
	works := slices.DeleteFunc(caller.Salons(apiv1.SalonRole_SALON_ROLE_MASTER), func(id string) bool { return slices.Contains(desk, id) })
	if len(works) > 0 {
		branches = append(branches, func(q *query) { q.ofMaster(from, caller.UserID, "SELECT unnest(?::uuid[])", works, f) })
	}
	return branches
}

// ofSalons selects the appointments of the salons that a query returns.
func (q *query) ofSalons(from tables, salons string, ids []string, f Filter) {
	if f.MasterID != "" {
		master := f.MasterID
		f.MasterID = ""
		q.ofMaster(from, master, salons, ids, f)
		return
	}
	q.each(salons, ids)
	q.add("SELECT "+listed+", ?::boolean AS archived FROM "+from.appointments+" a WHERE a.salon_id = w.id", from.archived)
	q.filter(from, "a.start_time", "a.id", f)
	q.order("a.start_time", "a.id", f)
	q.add(") AS a")
}

// ofMaster selects the appointments of the salons in which a master has a segment, each once.
func (q *query) ofMaster(from tables, masterID, salons string, ids []string, f Filter) {
	q.each(salons, ids)
	q.add(`SELECT DISTINCT ON (p.appointment_start_time, p.appointment_id) `+listed+`, ?::boolean AS archived
		FROM `+from.segments+` p JOIN `+from.appointments+` a ON a.salon_id = p.salon_id AND a.id = p.appointment_id
		WHERE p.salon_id = w.id AND p.master_id = ?`, from.archived, masterID)
	if f.MasterID == masterID {
		f.MasterID = ""
	}
	q.filter(from, "p.appointment_start_time", "p.appointment_id", f)
	q.order("p.appointment_start_time", "p.appointment_id", f)
	q.add(") AS a")
}

// ofAccount selects the appointments of an account, as a customer of any salon.
func (q *query) ofAccount(from tables, accountID string, f Filter) {
	q.add(`SELECT a.* FROM customers k CROSS JOIN LATERAL (
		SELECT `+listed+`, ?::boolean AS archived FROM `+from.appointments+` a WHERE a.salon_id = k.salon_id AND a.customer_id = k.id`, from.archived)
	q.filter(from, "a.start_time", "a.id", f)
	q.order("a.start_time", "a.id", f)
	q.add(") AS a WHERE k.account_id = ?", accountID)
}

// each begins a subquery for each salon w.
func (q *query) each(salons string, ids []string) {
	var args []any
	if ids != nil {
		args = append(args, postgres.Array[string](ids))
	}
	q.add("SELECT a.* FROM ("+salons+") AS w (id) CROSS JOIN LATERAL (", args...)
}

// filter adds the conditions on appointments a of the tables from, whose start and id are in these columns.
func (q *query) filter(from tables, start, id string, f Filter) {
	if f.SalonID != "" {
		q.add(" AND a.salon_id = ?", f.SalonID)
	}
	if len(f.States) > 0 {
		q.add(" AND a.state = ANY (?::text[])", postgres.Column(f.States, func(s State) string { return string(s) }))
	}
	if !f.From.IsZero() {
		q.add(" AND a.end_time > ? AND "+start+" > ?::timestamptz - interval '"+claims.Longest+"'", f.From, f.From)
	}
	if !f.To.IsZero() {
		q.add(" AND "+start+" < ?", f.To)
	}
	if f.CustomerID != "" {
		q.add(" AND a.customer_id = ?", f.CustomerID)
	}
	if f.MasterID != "" {
		q.add(` AND EXISTS (SELECT 1 FROM `+from.segments+` m
			WHERE m.salon_id = a.salon_id AND m.appointment_id = a.id AND m.master_id = ?)`, f.MasterID)
	}
	if f.After != nil {
		compare := " > "
		if f.Descending {
			compare = " < "
		}
		q.add(" AND ("+start+", "+id+")"+compare+"(?, ?)", f.After.Start, f.After.ID)
	}
}

func (q *query) order(start, id string, f Filter) {
	direction := ""
	if f.Descending {
		direction = " DESC"
	}
	q.add(" ORDER BY "+start+direction+", "+id+direction+" LIMIT ?", f.Limit)
}
