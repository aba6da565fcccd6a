package booking

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Store keeps appointments, their segments and their history.
type Store struct {
	db *postgres.DB
	// offerEnded is told in the transaction that ends an offer of the waitlist.
	offerEnded OfferEnded
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store within a transaction.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx, offerEnded: s.offerEnded} }

// appointmentRow is a row of appointments, with what is shown of the customer.
type appointmentRow struct {
	SalonID           string
	ID                string
	CustomerID        string
	SeriesID          *string
	GroupSessionID    *string
	State             State
	StartTime         time.Time
	EndTime           time.Time
	TimeZone          string
	UTCOffsetMinutes  int32 `gorm:"column:utc_offset_minutes"`
	TotalMinor        int32
	Currency          string
	Note              string
	CancelledBy       *Actor
	CancelReason      string
	CancellationCause *Cause
	TimeoutTime       *time.Time
	LapseTime         *time.Time
	CompleteTime      *time.Time
	Overbooked        bool
	FeeMinor          *int32
	FeeRule           *FeeRule
	FeeWaived         bool
	ChangedBy         Actor
	PreviousStartTime *time.Time
	Version           int64
	CreateTime        time.Time
	UpdateTime        time.Time

	// Whether the row is in the archive.
	Archived bool
	// The number of the place in the group session, from its table.
	GroupPlace *int32
	// What is shown of the customer, from other tables.
	AccountID     *string
	CustomerName  string
	CustomerPhone string
	// Windows of the salon's policy, where they are read.
	CancellationWindowMinutes, ReschedulingWindowMinutes int
	LateCancellationFeePercent, NoShowFeePercent         int32
}

// TableName implements GORM's Tabler.
func (appointmentRow) TableName() string { return "appointments" }

// shownColumns are the columns of appointmentRow in a query over appointments a.
const shownColumns = `a.*, c.account_id,
	CASE WHEN a.group_session_id IS NOT NULL THEN
		(SELECT g.number FROM group_places g WHERE g.salon_id = a.salon_id AND g.appointment_id = a.id) END AS group_place,
	coalesce(nullif(c.display_name, ''), u.display_name, '') AS customer_name,
	coalesce(nullif(c.phone, ''), u.phone, '') AS customer_phone`

// joinCustomer adds the customer c and the account u to a query over appointments a.
const joinCustomer = ` JOIN customers c ON c.salon_id = a.salon_id AND c.id = a.customer_id
	LEFT JOIN accounts u ON u.id = c.account_id `

// segmentRow is a row of segments with the master's name.
type segmentRow struct {
	ID                  string
	AppointmentID       string
	ServiceID           string
	ServiceName         string
	MasterID            string
	MasterName          string
	StartTime           time.Time
	EndTime             time.Time
	BufferBeforeMinutes int32
	BufferAfterMinutes  int32
	PriceMinor          int32
	Phases              *string
	Rated               bool
}

// visible is the condition on appointments a of the tables from, with customer c, that a caller may see them: one's own; as a
// master those in which one has a segment; as receptionist or manager all of the salon; as administrator
// all.
func visible(to auth.Principal, from tables) clause.Expr {
	if to.IsAdmin() {
		return gorm.Expr("true")
	}
	own := gorm.Expr("c.account_id = ?", to.UserID)
	if len(to.Memberships) == 0 {
		return own
	}
	return gorm.Expr(`(? OR a.salon_id = ANY (?::uuid[]) OR a.salon_id = ANY (?::uuid[]) AND EXISTS (
		SELECT 1 FROM `+from.segments+` v WHERE v.salon_id = a.salon_id AND v.appointment_id = a.id AND v.master_id = ?))`,
		own, postgres.Array[string](to.Salons(auth.FrontDesk...)),
		postgres.Array[string](to.Salons(apiv1.SalonRole_SALON_ROLE_MASTER)), to.UserID)
}

// Appointment returns an appointment that the caller may see, else NOT_FOUND.
func (s *Store) Appointment(ctx context.Context, id string, visibleTo auth.Principal) (*Appointment, error) {
	return s.appointment(ctx, id, visibleTo, "")
}

// appointment looks in the archive for what it does not find, and then once more where it began: somebody may have brought it back.
func (s *Store) appointment(ctx context.Context, id string, visibleTo auth.Principal, lock string) (*Appointment, error) {
	for _, from := range []tables{live, archive} {
		if a, err := s.appointmentIn(ctx, from, id, visibleTo, lock); !errors.Is(err, errNoAppointment) {
			return a, err
		}
	}
	return s.appointmentIn(ctx, live, id, visibleTo, lock)
}

func (s *Store) appointmentIn(ctx context.Context, from tables, id string, visibleTo auth.Principal, lock string) (*Appointment, error) {
	var rows []appointmentRow
	err := s.db.Conn(ctx).Raw("SELECT "+shownColumns+`, ?::boolean AS archived,
		l.cancellation_window_minutes, l.rescheduling_window_minutes, l.late_cancellation_fee_percent, l.no_show_fee_percent FROM `+from.appointments+" a"+joinCustomer+
		"JOIN salons l ON l.id = a.salon_id WHERE a.id = ? AND ? "+lock,
		from.archived, id, visible(visibleTo, from)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read an appointment: %w", err)
	}
	if len(rows) == 0 {
		return nil, errNoAppointment
	}
	found, err := s.withSegments(ctx, rows)
	if err != nil {
		return nil, err
	}
	return found[0], nil
}

// withSegments reads the segments of the rows. Those that were archived or brought back since the rows were read are looked for in the
// other tables.
func (s *Store) withSegments(ctx context.Context, rows []appointmentRow) ([]*Appointment, error) {
	of := make(map[string][]Segment, len(rows))
	for range 2 {
		for _, from := range []tables{live, archive} {
			var missing []appointmentRow
			for i := range rows {
				if rows[i].Archived == from.archived && of[rows[i].ID] == nil {
					missing = append(missing, rows[i])
				}
			}
			if err := s.readSegments(ctx, from, missing, of); err != nil {
				return nil, err
			}
		}
		for i := range rows {
			if of[rows[i].ID] == nil {
				rows[i].Archived = !rows[i].Archived
			}
		}
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

// readSegments adds the segments of the rows to of, by the ids of the appointments.
func (s *Store) readSegments(ctx context.Context, from tables, rows []appointmentRow, of map[string][]Segment) error {
	if len(rows) == 0 {
		return nil
	}
	var segments []segmentRow
	err := s.db.Conn(ctx).Raw(`
		SELECT s.*, m.display_name AS master_name
		FROM unnest(?::uuid[], ?::uuid[]) AS w (salon_id, appointment_id)
		JOIN `+from.segments+` s USING (salon_id, appointment_id)
		JOIN masters m ON m.id = s.master_id
		ORDER BY s.appointment_id, s.position`,
		postgres.Column(rows, func(r appointmentRow) string { return r.SalonID }),
		postgres.Column(rows, func(r appointmentRow) string { return r.ID })).Scan(&segments).Error
	if err != nil {
		return fmt.Errorf("read segments: %w", err)
	}
	for _, r := range segments {
		segment, err := r.segment()
		if err != nil {
			return fmt.Errorf("read a segment: %w", err)
		}
		of[r.AppointmentID] = append(of[r.AppointmentID], segment)
	}
	return nil
}

// MarkRated notes that the customer has rated a master for an appointment.
func (s *Store) MarkRated(ctx context.Context, salonID, appointmentID, masterID string) error {
	for _, in := range []tables{live, archive} {
		marked := s.db.Conn(ctx).Exec("UPDATE "+in.segments+" SET rated = true WHERE salon_id = ? AND appointment_id = ? AND master_id = ?",
			salonID, appointmentID, masterID)
		if marked.Error != nil {
			return fmt.Errorf("mark a segment as rated: %w", marked.Error)
		}
		if marked.RowsAffected > 0 {
			break
		}
	}
	return nil
}

func (r segmentRow) segment() (Segment, error) {
	phases, err := decodePhases(r.Phases)
	return Segment{
		ID: r.ID, ServiceID: r.ServiceID, ServiceName: r.ServiceName, MasterID: r.MasterID, MasterName: r.MasterName,
		Start: r.StartTime.UTC(), End: r.EndTime.UTC(),
		BufferBefore: time.Duration(r.BufferBeforeMinutes) * time.Minute,
		BufferAfter:  time.Duration(r.BufferAfterMinutes) * time.Minute,
		PriceMinor:   r.PriceMinor, Phases: phases, Rated: r.Rated,
	}, err
}

// HasCompleted reports whether a customer has a completed appointment in a salon.
func (s *Store) HasCompleted(ctx context.Context, salonID, customerID string) (bool, error) {
	var found bool
	err := s.db.Conn(ctx).Raw("SELECT EXISTS (SELECT FROM "+EveryAppointment+" a WHERE salon_id = ? AND customer_id = ? AND state = ?)",
		salonID, customerID, Completed).Scan(&found).Error
	if err != nil {
		return false, fmt.Errorf("look for completed appointments: %w", err)
	}
	return found, nil
}

func (r appointmentRow) appointment(segments []Segment) *Appointment {
	return &Appointment{
		ID: r.ID, SalonID: r.SalonID, SeriesID: postgres.Value(r.SeriesID),
		GroupSessionID: postgres.Value(r.GroupSessionID), GroupPlace: postgres.Value(r.GroupPlace), CustomerID: r.CustomerID, AccountID: postgres.Value(r.AccountID),
		CustomerName: r.CustomerName, CustomerPhone: r.CustomerPhone,
		State: r.State, Segments: segments, TotalMinor: r.TotalMinor, Currency: r.Currency,
		TimeZone: r.TimeZone, UTCOffsetMinutes: r.UTCOffsetMinutes, Note: r.Note,
		CancelledBy: postgres.Value(r.CancelledBy), CancelReason: r.CancelReason, Cause: postgres.Value(r.CancellationCause),
		TimeoutTime: postgres.Time(r.TimeoutTime), LapseTime: postgres.Time(r.LapseTime),
		Overbooked: r.Overbooked, CompleteTime: postgres.Time(r.CompleteTime), ChangedBy: r.ChangedBy, PreviousStart: postgres.Time(r.PreviousStartTime),
		Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(), archived: r.Archived,
		cancellationWindow: time.Duration(r.CancellationWindowMinutes) * time.Minute,
		reschedulingWindow: time.Duration(r.ReschedulingWindowMinutes) * time.Minute,
		Fee:                Fee{Rule: postgres.Value(r.FeeRule), AmountMinor: postgres.Value(r.FeeMinor), Waived: r.FeeWaived},
		lateFee:            r.LateCancellationFeePercent, noShowFee: r.NoShowFeePercent,
	}
}

func rowOf(a *Appointment) appointmentRow {
	var fee *int32
	if a.Fee.Rule != "" {
		fee = &a.Fee.AmountMinor
	}
	return appointmentRow{
		FeeMinor: fee, FeeRule: postgres.Null(a.Fee.Rule), FeeWaived: a.Fee.Waived,
		SalonID: a.SalonID, ID: a.ID, CustomerID: a.CustomerID, State: a.State,
		GroupSessionID: postgres.Null(a.GroupSessionID), StartTime: a.Start(), EndTime: a.End(),
		TimeZone: a.TimeZone, UTCOffsetMinutes: a.UTCOffsetMinutes,
		TotalMinor: a.TotalMinor, Currency: a.Currency, Note: a.Note,
		CancelledBy: postgres.Null(a.CancelledBy), CancelReason: a.CancelReason, CancellationCause: postgres.Null(a.Cause),
		TimeoutTime: postgres.Null(a.TimeoutTime), LapseTime: postgres.Null(a.LapseTime),
		Overbooked: a.Overbooked, CompleteTime: postgres.Null(a.CompleteTime), ChangedBy: a.ChangedBy, PreviousStartTime: postgres.Null(a.PreviousStart),
		Version: a.Version, CreateTime: a.CreateTime, UpdateTime: a.UpdateTime,
	}
}
