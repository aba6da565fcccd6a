package series

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Store keeps series and their dates.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store over db.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store within a transaction.
func (s *Store) In(tx *postgres.DB) *Store { return &Store{db: tx} }

// Insert writes a new series. Its appointments are there.
func (s *Store) Insert(ctx context.Context, n *Series) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO appointment_series (salon_id, id, customer_id, recurrence, start_date, local_time, time_zone, service_ids, master_ids,
			create_time)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?::uuid[], ?::uuid[], ?)`,
		n.SalonID, n.ID, n.CustomerID, n.Recurrence, n.StartDate, n.LocalTime, n.TimeZone,
		postgres.Column(n.Segments, (*appointmentv1.SeriesSegment).GetServiceId),
		postgres.Column(n.Segments, func(s *appointmentv1.SeriesSegment) *string { return postgres.Null(s.GetMasterId()) }), n.CreateTime).Error
	if err != nil {
		return fmt.Errorf("insert a series: %w", err)
	}
	err = s.db.Conn(ctx).Exec(`
		INSERT INTO series_occurrences (salon_id, series_id, position, local_date, local_time, start_time, appointment_id)
		SELECT ?, ?, o.* FROM unnest(?::integer[], ?::date[], ?::text[], ?::timestamptz[], ?::uuid[]) AS o`,
		n.SalonID, n.ID,
		postgres.Column(n.Dates, func(d Date) int32 { return d.Position }),
		postgres.Column(n.Dates, func(d Date) string { return d.Date.String() }),
		postgres.Column(n.Dates, func(d Date) string { return d.Wall.String() }),
		postgres.Column(n.Dates, func(d Date) time.Time { return d.Start }),
		postgres.Column(n.Dates, func(d Date) *string { return postgres.Null(d.AppointmentID) })).Error
	if err != nil {
		return fmt.Errorf("insert the dates of a series: %w", err)
	}
	return nil
}

// Put writes where the series has put appointments now.
func (s *Store) Put(ctx context.Context, of *Series, dates []Date) error {
	err := s.db.Conn(ctx).Exec(`
		UPDATE series_occurrences o SET local_date = u.local_date, local_time = u.local_time, start_time = u.start_time
		FROM unnest(?::integer[], ?::date[], ?::text[], ?::timestamptz[]) AS u (position, local_date, local_time, start_time)
		WHERE o.salon_id = ? AND o.series_id = ? AND o.position = u.position`,
		postgres.Column(dates, func(d Date) int32 { return d.Position }),
		postgres.Column(dates, func(d Date) string { return d.Date.String() }),
		postgres.Column(dates, func(d Date) string { return d.Wall.String() }),
		postgres.Column(dates, func(d Date) time.Time { return d.Start }),
		of.SalonID, of.ID).Error
	if err != nil {
		return fmt.Errorf("move the dates of a series: %w", err)
	}
	return nil
}

// Filter says which series to list. Zero values leave a filter out.
type Filter struct {
	// VisibleTo is who asks.
	VisibleTo auth.Principal
	// ID, SalonID and CustomerID are those of the series.
	ID, SalonID, CustomerID string
	// Before is the id of the last series of the page before; empty: from the newest.
	Before string
	// Limit is how many are wanted at most.
	Limit int
}

// seriesRow is a row of appointment_series.
type seriesRow struct {
	SalonID, ID, CustomerID, Recurrence, StartDate, LocalTime, TimeZone string
	ServiceIDs                                                          postgres.Array[string]  `gorm:"column:service_ids;type:text[]"`
	MasterIDs                                                           postgres.Array[*string] `gorm:"column:master_ids;type:text[]"`
	CreateTime                                                          time.Time
}

// whole is the condition on series s with customer c that the caller sees all of it: a customer, the front desk of the salon,
// administrators.
func whole(to auth.Principal) clause.Expr {
	if to.IsAdmin() {
		return gorm.Expr("true")
	}
	return gorm.Expr("(c.account_id = ? OR s.salon_id = ANY (?::uuid[]))", to.UserID, postgres.Array[string](to.Salons(auth.FrontDesk...)))
}

// performs is the condition on dates o that the caller has a segment of the appointment, as a master of the salon.
func performs(to auth.Principal) clause.Expr {
	return gorm.Expr(`o.salon_id = ANY (?::uuid[]) AND EXISTS (
		SELECT FROM `+booking.EverySegment+` v WHERE v.salon_id = o.salon_id AND v.appointment_id = o.appointment_id AND v.master_id = ?)`,
		postgres.Array[string](to.Salons(apiv1.SalonRole_SALON_ROLE_MASTER)), to.UserID)
}

const joinCustomer = " JOIN customers c ON c.salon_id = s.salon_id AND c.id = s.customer_id "

// List returns the series that the filter admits and the caller may see, newest first: those with an appointment that the caller
// may see.
func (s *Store) List(ctx context.Context, f Filter) ([]*Series, error) {
	optional := func(column, value string) clause.Expr {
		if value == "" {
			return gorm.Expr("true")
		}
		return gorm.Expr(column+" = ?::uuid", value)
	}
	before := gorm.Expr("true")
	if f.Before != "" {
		before = gorm.Expr("s.id < ?::uuid", f.Before)
	}
	var rows []seriesRow
	err := s.db.Conn(ctx).Raw(`
		SELECT s.salon_id, s.id, s.customer_id, s.recurrence, s.start_date::text AS start_date, s.local_time, s.time_zone,
			s.service_ids::text[] AS service_ids, s.master_ids::text[] AS master_ids, s.create_time
		FROM appointment_series s`+joinCustomer+`
		WHERE ? AND ? AND ? AND ? AND (? OR EXISTS (
			SELECT FROM series_occurrences o WHERE o.salon_id = s.salon_id AND o.series_id = s.id AND ?))
		ORDER BY s.id DESC LIMIT ?`,
		optional("s.id", f.ID), optional("s.salon_id", f.SalonID), optional("s.customer_id", f.CustomerID), before,
		whole(f.VisibleTo), performs(f.VisibleTo), f.Limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list series: %w", err)
	}
	list, of := make([]*Series, len(rows)), map[string]*Series{}
	for i, r := range rows {
		n := &Series{
			ID: r.ID, SalonID: r.SalonID, CustomerID: r.CustomerID, Recurrence: r.Recurrence, StartDate: r.StartDate,
			LocalTime: r.LocalTime, TimeZone: r.TimeZone, CreateTime: r.CreateTime.UTC(),
		}
		for j, service := range r.ServiceIDs {
			n.Segments = append(n.Segments, &appointmentv1.SeriesSegment{
				ServiceId: service, MasterId: postgres.Value(r.MasterIDs[j]),
			})
		}
		list[i], of[r.ID] = n, n
	}
	return list, s.addDates(ctx, rows, of, f.VisibleTo)
}

// Series returns a series that the caller may see, else NOT_FOUND.
func (s *Store) Series(ctx context.Context, id string, visibleTo auth.Principal) (*Series, error) {
	list, err := s.List(ctx, Filter{VisibleTo: visibleTo, ID: id, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errNoSeries
	}
	return list[0], nil
}

// dateRow is a row of series_occurrences with what is shown of the appointment.
type dateRow struct {
	SeriesID             string
	Position             int32
	LocalDate, LocalTime string
	StartTime            time.Time
	AppointmentID        *string
	State                *booking.State
	Begins               *time.Time
	UTCOffsetMinutes     *int32 `gorm:"column:utc_offset_minutes"`
}

// addDates adds their dates to series, by id: those that the caller may see.
func (s *Store) addDates(ctx context.Context, rows []seriesRow, of map[string]*Series, visibleTo auth.Principal) error {
	var dates []dateRow
	err := s.db.Conn(ctx).Raw(`
		SELECT o.series_id, o.position, o.local_date::text AS local_date, o.local_time, o.start_time, o.appointment_id, a.state,
			a.start_time AS begins, a.utc_offset_minutes
		FROM unnest(?::uuid[], ?::uuid[]) AS w (salon_id, id)
		JOIN appointment_series s ON s.salon_id = w.salon_id AND s.id = w.id`+joinCustomer+`
		JOIN series_occurrences o ON o.salon_id = s.salon_id AND o.series_id = s.id
		LEFT JOIN `+booking.EveryAppointment+` a ON a.salon_id = o.salon_id AND a.id = o.appointment_id
		WHERE ? OR o.appointment_id IS NULL OR ?
		ORDER BY o.series_id, o.position`,
		postgres.Column(rows, func(r seriesRow) string { return r.SalonID }), postgres.Column(rows, func(r seriesRow) string { return r.ID }),
		whole(visibleTo), performs(visibleTo)).Scan(&dates).Error
	if err != nil {
		return fmt.Errorf("read the dates of series: %w", err)
	}
	for _, r := range dates {
		d := Date{
			Position: r.Position, AppointmentID: postgres.Value(r.AppointmentID), State: postgres.Value(r.State),
			Begins: postgres.Time(r.Begins), UTCOffsetMinutes: postgres.Value(r.UTCOffsetMinutes),
		}
		d.Start = r.StartTime.UTC()
		if d.Date, err = civil.ParseDate(r.LocalDate); err == nil {
			d.Wall, err = civil.ParseWallTime(r.LocalTime)
		}
		if err != nil {
			return fmt.Errorf("read a date of a series: %w", err)
		}
		of[r.SeriesID].Dates = append(of[r.SeriesID].Dates, d)
	}
	return nil
}
