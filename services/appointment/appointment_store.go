package appointment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// noOverlap is the constraint that makes double bookings impossible.
const noOverlap = "segments_no_overlap"

// appointmentRow is a row of appointments.
type appointmentRow struct {
	ID                string
	CustomerID        string
	State             State
	StartTime         time.Time
	EndTime           time.Time
	TotalMinor        int32
	Currency          string
	Note              string
	CancelledBy       *Party
	CancelReason      string
	CompleteTime      *time.Time
	ChangedBy         Party
	PreviousStartTime *time.Time
	Version           int64
	CreateTime        time.Time
	UpdateTime        time.Time
}

// TableName implements GORM's Tabler.
func (appointmentRow) TableName() string { return "appointments" }

// changeable are the columns of appointments that an action may write.
var changeable = []any{
	"start_time", "end_time", "cancelled_by", "cancel_reason", "complete_time", "changed_by", "previous_start_time",
	"version", "update_time",
}

// segmentRow is a row of segments; the claim's bounds are those of its range.
type segmentRow struct {
	ID            string
	AppointmentID string
	ServiceID     string
	ServiceName   string
	MasterID      string
	StartTime     time.Time
	EndTime       time.Time
	ClaimFrom     time.Time
	ClaimTo       time.Time
	PriceMinor    int32
	Currency      string
}

const segmentColumns = `id, appointment_id, service_id, service_name, master_id, start_time, end_time,
	lower(during) AS claim_from, upper(during) AS claim_to, price_minor, currency`

// visible is the condition on appointments that a caller may see them: one's own
// visits, for a master also those that one performs, and for an administrator all.
func visible(to auth.Principal) clause.Expr {
	switch {
	case to.IsAdmin():
		return gorm.Expr("true")
	case !to.IsMaster():
		return gorm.Expr("appointments.customer_id = ?", to.UserID)
	}
	return gorm.Expr(`(appointments.customer_id = ? OR EXISTS (
		SELECT 1 FROM segments v WHERE v.appointment_id = appointments.id AND v.master_id = ?))`, to.UserID, to.UserID)
}

// Appointment returns an appointment that the caller may see, else NOT_FOUND.
func (s *Store) Appointment(ctx context.Context, id string, visibleTo auth.Principal) (*Appointment, error) {
	return s.appointment(ctx, id, visibleTo)
}

func (s *Store) appointment(
	ctx context.Context, id string, visibleTo auth.Principal, options ...clause.Expression,
) (*Appointment, error) {
	row, err := gorm.G[appointmentRow](s.db.Conn(ctx), options...).
		Where("id = ?", id).Where(visible(visibleTo)).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, errNoAppointment
	}
	if err != nil {
		return nil, fmt.Errorf("read an appointment: %w", err)
	}
	found, err := s.withSegments(ctx, []appointmentRow{row})
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// withSegments reads the segments of the rows.
func (s *Store) withSegments(ctx context.Context, rows []appointmentRow) ([]*Appointment, error) {
	var segments []segmentRow
	ids := column(rows, func(r appointmentRow) string { return r.ID })
	err := s.db.Conn(ctx).Raw(`SELECT `+segmentColumns+` FROM segments
		WHERE appointment_id = ANY (?::uuid[]) ORDER BY appointment_id, position`, ids).Scan(&segments).Error
	if err != nil {
		return nil, fmt.Errorf("read segments: %w", err)
	}
	of := make(map[string][]Segment, len(rows))
	for _, r := range segments {
		of[r.AppointmentID] = append(of[r.AppointmentID], r.segment())
	}
	found := make([]*Appointment, len(rows))
	for i, r := range rows {
		found[i] = r.appointment(of[r.ID])
		if len(found[i].Segments) == 0 {
			return nil, fmt.Errorf("appointment %s has no segments", r.ID)
		}
	}
	return found, nil
}

// UpdateAppointment runs change on an appointment that the caller may see, else
// it is NOT_FOUND, and commits what it has done together with the event of it.
// Nothing is written when change has done nothing or returns an error. Moved to
// where a master is taken it is SLOT_UNAVAILABLE, and to whichever time while a
// master takes no bookings it is MASTER_UNAVAILABLE.
//
// The masters are locked before the rows, as for a booking: this order is what
// keeps changes and bookings from deadlocking.
func (s *Store) UpdateAppointment(
	ctx context.Context, id string, visibleTo auth.Principal, change func(*Appointment) error,
) (*Appointment, error) {
	var a *Appointment
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		if err := t.lockMasters(ctx, id, visibleTo); err != nil {
			return err
		}
		var err error
		if a, err = t.appointment(ctx, id, visibleTo, clause.Locking{Strength: clause.LockingStrengthUpdate}); err != nil {
			return err
		}
		if err = change(a); err != nil || a.changed == "" {
			return err
		}
		if a.changed == Reschedule {
			bookable, err := t.MastersBookable(ctx, a.Masters()...)
			if err != nil {
				return err
			}
			if !bookable {
				return errMasterUnavailable
			}
		}
		if err = t.save(ctx, a); err != nil {
			return err
		}
		event, err := appointmentEvent(eventTypes[a.changed], a)
		if err != nil {
			return err
		}
		return events.Append(ctx, tx, event)
	})
	if err != nil {
		return nil, err
	}
	return a, nil
}

// lockMasters takes the locks of an appointment's masters, which never change.
func (s *Store) lockMasters(ctx context.Context, id string, visibleTo auth.Principal) error {
	err := s.db.Conn(ctx).Exec(`
		SELECT pg_advisory_xact_lock(key) FROM (
			SELECT DISTINCT `+masterLock+` AS key
			FROM segments JOIN appointments ON appointments.id = segments.appointment_id
			WHERE appointments.id = ? AND ?
			ORDER BY key OFFSET 0
		) AS k`, id, visible(visibleTo)).Error
	if err != nil {
		return fmt.Errorf("lock the masters of an appointment: %w", err)
	}
	return nil
}

// save writes a changed appointment over its rows.
func (s *Store) save(ctx context.Context, a *Appointment) error {
	_, err := gorm.G[appointmentRow](s.db.Conn(ctx)).Where("id = ?", a.ID).
		Select("state", changeable...).Updates(ctx, rowOf(a))
	if err != nil {
		return fmt.Errorf("update an appointment: %w", err)
	}
	if a.changed == Reschedule && len(a.Segments) > 1 {
		// Else a segment could meet the old time of the next one.
		if err := s.db.Conn(ctx).Exec(`UPDATE segments SET holds = false WHERE appointment_id = ?`, a.ID).Error; err != nil {
			return fmt.Errorf("release segments: %w", err)
		}
	}
	err = s.db.Conn(ctx).Exec(`
		UPDATE segments s
		SET start_time = u.start_time, end_time = u.end_time, visit_start_time = ?,
			during = tstzrange(u.claim_from, u.claim_to), holds = ?
		FROM unnest(?::uuid[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[], ?::timestamptz[])
			AS u (id, start_time, end_time, claim_from, claim_to)
		WHERE s.id = u.id`,
		a.Start(), a.State.Holds(),
		column(a.Segments, func(s Segment) string { return s.ID }),
		column(a.Segments, func(s Segment) time.Time { return s.Start }),
		column(a.Segments, func(s Segment) time.Time { return s.End }),
		column(a.Segments, func(s Segment) time.Time { return s.ClaimFrom }),
		column(a.Segments, func(s Segment) time.Time { return s.ClaimTo }),
	).Error
	if postgres.IsExclusionViolation(err, noOverlap) {
		return errSlotUnavailable.WithField("start_time", "must be a time at which the master is free").WithCause(err)
	}
	if err != nil {
		return fmt.Errorf("update segments: %w", err)
	}
	return nil
}

func (r segmentRow) segment() Segment {
	return Segment{
		ID: r.ID, ServiceID: r.ServiceID, ServiceName: r.ServiceName, MasterID: r.MasterID,
		Start: r.StartTime.UTC(), End: r.EndTime.UTC(), ClaimFrom: r.ClaimFrom.UTC(), ClaimTo: r.ClaimTo.UTC(),
		PriceMinor: r.PriceMinor, Currency: r.Currency,
	}
}

func (r appointmentRow) appointment(segments []Segment) *Appointment {
	a := &Appointment{
		ID: r.ID, CustomerID: r.CustomerID, State: r.State, Segments: segments,
		TotalMinor: r.TotalMinor, Currency: r.Currency, Note: r.Note, CancelReason: r.CancelReason,
		ChangedBy: r.ChangedBy, Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
	if r.CancelledBy != nil {
		a.CancelledBy = *r.CancelledBy
	}
	if r.CompleteTime != nil {
		a.CompleteTime = r.CompleteTime.UTC()
	}
	if r.PreviousStartTime != nil {
		a.PreviousStart = r.PreviousStartTime.UTC()
	}
	return a
}

func rowOf(a *Appointment) appointmentRow {
	row := appointmentRow{
		ID: a.ID, CustomerID: a.CustomerID, State: a.State, StartTime: a.Start(), EndTime: a.End(),
		TotalMinor: a.TotalMinor, Currency: a.Currency, Note: a.Note, CancelReason: a.CancelReason,
		ChangedBy: a.ChangedBy, Version: a.Version, CreateTime: a.CreateTime, UpdateTime: a.UpdateTime,
	}
	if a.CancelledBy != "" {
		row.CancelledBy = &a.CancelledBy
	}
	if !a.CompleteTime.IsZero() {
		row.CompleteTime = &a.CompleteTime
	}
	if !a.PreviousStart.IsZero() {
		row.PreviousStartTime = &a.PreviousStart
	}
	return row
}
