package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// datesOnce is the constraint that a date of a subject has dated hours once.
const datesOnce = "dated_hours_once"

// Store reads and writes the tables weekly_hours and dated_hours, and the time off of masters in times_off.
type Store struct{ db *postgres.DB }

// NewStore returns the store over a pool or within a transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// weeklyRow is a row of weekly_hours.
type weeklyRow struct {
	SalonID     string
	SubjectID   string
	SubjectKind SubjectKind
	Periods     string
	Version     int64
	UpdateTime  time.Time
}

// TableName implements GORM's Tabler.
func (weeklyRow) TableName() string { return "weekly_hours" }

// datedRow is a row of dated_hours.
type datedRow struct {
	SalonID     string
	ID          string
	SubjectID   string
	SubjectKind SubjectKind
	StartDate   time.Time
	EndDate     time.Time
	Intervals   string
	Note        string
	CreateTime  time.Time
}

// TableName implements GORM's Tabler.
func (datedRow) TableName() string { return "dated_hours" }

// errNoHours means that a subject has no row of weekly hours.
var errNoHours = errors.New("no weekly hours")

// Weekly returns the periods of a subject.
func (s *Store) Weekly(ctx context.Context, of Subject) (WeeklyEntry, error) {
	r, err := postgres.One[weeklyRow](s.db.Conn(ctx).Where("salon_id = ? AND subject_id = ?", of.SalonID, of.ID), errNoHours)
	if errors.Is(err, errNoHours) {
		return WeeklyEntry{Subject: of, Version: 1}, nil
	}
	if err != nil {
		return WeeklyEntry{}, err
	}
	periods, err := DecodePeriods(json.RawMessage(r.Periods))
	return WeeklyEntry{Subject: of, Periods: periods, Version: r.Version}, err
}

// PutWeekly writes the periods of a subject. The caller has the locks of the change.
func (s *Store) PutWeekly(ctx context.Context, w WeeklyEntry, now time.Time) error {
	periods, err := encodePeriods(w.Periods)
	if err != nil {
		return fmt.Errorf("encode periods: %w", err)
	}
	err = s.db.Conn(ctx).Exec(`
		INSERT INTO weekly_hours (salon_id, subject_id, subject_kind, periods, version, update_time) VALUES (?, ?, ?, ?::jsonb, ?, ?)
		ON CONFLICT (salon_id, subject_id) DO UPDATE SET periods = excluded.periods, version = excluded.version,
			update_time = excluded.update_time`,
		w.SalonID, w.ID, w.Kind, periods, w.Version, now).Error
	if err != nil {
		return fmt.Errorf("write weekly hours: %w", err)
	}
	return nil
}

// CreateDated adds a closure or an override. Dates that have one already are DATES_TAKEN.
func (s *Store) CreateDated(ctx context.Context, e DatedEntry) error {
	intervals, err := encodeDay(e.Day)
	if err != nil {
		return fmt.Errorf("encode intervals: %w", err)
	}
	r := datedRow{
		SalonID: e.SalonID, ID: e.ID, SubjectID: e.Subject.ID, SubjectKind: e.Kind,
		StartDate: dateColumn(e.From), EndDate: dateColumn(e.Until), Intervals: intervals, Note: e.Note, CreateTime: e.CreateTime,
	}
	err = s.db.Conn(ctx).Create(&r).Error
	switch {
	case postgres.IsExclusionViolation(err, datesOnce):
		return errDatesTaken.WithCause(err)
	case err != nil:
		return fmt.Errorf("write dated hours: %w", err)
	}
	return nil
}

// Dated returns a closure or an override, else absent.
func (s *Store) Dated(ctx context.Context, kind SubjectKind, id string, absent error) (DatedEntry, error) {
	r, err := postgres.One[datedRow](s.db.Conn(ctx).Where("id = ? AND subject_kind = ?", id, kind), absent)
	if err != nil {
		return DatedEntry{}, err
	}
	return r.entry()
}

// ListDated returns at most limit closures or overrides of a subject by date: those that end on from or later, unless from is
// zero, and begin after a date, unless that is zero.
func (s *Store) ListDated(ctx context.Context, of Subject, from, after civil.Date, limit int) ([]DatedEntry, error) {
	q := s.db.Conn(ctx).Where("salon_id = ? AND subject_id = ?", of.SalonID, of.ID)
	if from != (civil.Date{}) {
		q = q.Where("end_date >= ?", dateColumn(from))
	}
	if after != (civil.Date{}) {
		q = q.Where("start_date > ?", dateColumn(after))
	}
	var rows []datedRow
	if err := q.Order("start_date").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list dated hours: %w", err)
	}
	return datedEntries(rows)
}

// DeleteDated removes a closure or an override, else it returns absent.
func (s *Store) DeleteDated(ctx context.Context, e DatedEntry, absent error) error {
	deleted := s.db.Conn(ctx).Where("salon_id = ? AND id = ?", e.SalonID, e.ID).Delete(&datedRow{})
	switch {
	case deleted.Error != nil:
		return fmt.Errorf("delete dated hours: %w", deleted.Error)
	case deleted.RowsAffected == 0:
		return absent
	}
	return nil
}

func datedEntries(rows []datedRow) ([]DatedEntry, error) {
	entries := make([]DatedEntry, len(rows))
	for i, r := range rows {
		var err error
		if entries[i], err = r.entry(); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func (r datedRow) entry() (DatedEntry, error) {
	dated, err := DecodeDated(columnDate(r.StartDate).String(), columnDate(r.EndDate).String(), json.RawMessage(r.Intervals))
	return DatedEntry{
		ID: r.ID, Subject: Subject{SalonID: r.SalonID, ID: r.SubjectID, Kind: r.SubjectKind}, Dated: dated, Note: r.Note,
		CreateTime: r.CreateTime.UTC(),
	}, err
}

// dateColumn is a date as the driver passes it to a column of type date, columnDate the reverse.
func dateColumn(d civil.Date) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
}

func columnDate(t time.Time) civil.Date {
	year, month, day := t.Date()
	return civil.Date{Year: year, Month: month, Day: day}
}
