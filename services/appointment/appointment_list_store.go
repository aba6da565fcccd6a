package appointment

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
)

// AppointmentFilter says which appointments to list. Zero values leave a filter out.
type AppointmentFilter struct {
	// VisibleTo is who asks.
	VisibleTo auth.Principal
	// States are those that are wanted.
	States []State
	// From and Before bound the start of the visit, [From, Before).
	From, Before *time.Time
	// MasterID and CustomerID are whose visits are wanted.
	MasterID, CustomerID string
	// Descending lists the latest first.
	Descending bool
	// After is the last appointment of the page before.
	After *AppointmentCursor
	// Limit is how many are wanted at most.
	Limit int
}

// AppointmentCursor is a place in a list of appointments.
type AppointmentCursor struct {
	// Start and ID are those of the appointment there.
	Start time.Time `json:"s"`
	ID    string    `json:"i"`
}

// query is a part of an SQL text and its arguments.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

// ListAppointments returns the appointments that the filter lets through and the
// caller may see, ordered by start and id.
//
// What somebody may see are the visits that they booked and, for a master, those
// that they perform. Each of the two is one range of an index in the wanted order;
// asking for both with OR would have PostgreSQL read everybody's.
func (s *Store) ListAppointments(ctx context.Context, f AppointmentFilter) ([]*Appointment, error) {
	me, admin := f.VisibleTo.UserID, f.VisibleTo.IsAdmin()
	var q query
	q.add("SELECT * FROM (")
	switch {
	case admin && f.MasterID != "":
		q.performedBy(f.MasterID, f)
	case admin:
		q.bookedBy("", f)
	case !f.VisibleTo.IsMaster() && f.CustomerID != "" && f.CustomerID != me:
		return nil, nil
	case !f.VisibleTo.IsMaster(), f.CustomerID == me:
		q.bookedBy(me, f)
	case f.CustomerID != "" || f.MasterID == me:
		q.performedBy(me, f)
	default:
		q.bookedBy(me, f)
		q.add(" UNION ")
		q.performedBy(me, f)
	}
	q.add(") AS found ")
	q.order("start_time", "id", f)

	var rows []appointmentRow
	if err := s.db.Conn(ctx).Raw(q.text.String(), q.args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("list appointments: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return s.withSegments(ctx, rows)
}

// bookedBy selects the visits of a customer; of all for "".
func (q *query) bookedBy(customerID string, f AppointmentFilter) {
	q.add("(SELECT a.* FROM appointments a WHERE true")
	if customerID != "" {
		f.CustomerID = customerID
	}
	q.filter("a.start_time", "a.id", f)
	q.order("a.start_time", "a.id", f)
	q.add(")")
}

// performedBy selects the visits in which a master has a segment, each once.
func (q *query) performedBy(masterID string, f AppointmentFilter) {
	q.add(`(SELECT DISTINCT ON (p.visit_start_time, p.appointment_id) a.*
		FROM segments p JOIN appointments a ON a.id = p.appointment_id
		WHERE p.master_id = ?`, masterID)
	if f.MasterID == masterID {
		f.MasterID = ""
	}
	q.filter("p.visit_start_time", "p.appointment_id", f)
	q.order("p.visit_start_time", "p.appointment_id", f)
	q.add(")")
}

// filter adds the conditions on appointments a whose start and id are in these columns.
func (q *query) filter(start, id string, f AppointmentFilter) {
	if len(f.States) > 0 {
		q.add(" AND a.state = ANY (?::text[])", column(f.States, func(s State) string { return string(s) }))
	}
	if f.From != nil {
		q.add(" AND "+start+" >= ?", *f.From)
	}
	if f.Before != nil {
		q.add(" AND "+start+" < ?", *f.Before)
	}
	if f.CustomerID != "" {
		q.add(" AND a.customer_id = ?", f.CustomerID)
	}
	if f.MasterID != "" {
		q.add(" AND EXISTS (SELECT 1 FROM segments m WHERE m.appointment_id = a.id AND m.master_id = ?)", f.MasterID)
	}
	if f.After != nil {
		compare := " > "
		if f.Descending {
			compare = " < "
		}
		q.add(" AND ("+start+", "+id+")"+compare+"(?, ?)", f.After.Start, f.After.ID)
	}
}

func (q *query) order(start, id string, f AppointmentFilter) {
	direction := ""
	if f.Descending {
		direction = " DESC"
	}
	q.add(" ORDER BY "+start+direction+", "+id+direction+" LIMIT ?", f.Limit)
}
