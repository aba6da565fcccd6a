package schedule

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// timeOffRow is a row of times_off.
type timeOffRow struct {
	SalonID     string
	ID          string
	SubjectID   string
	SubjectKind SubjectKind
	Kind        Kind
	StartTime   time.Time
	EndTime     time.Time
	StartDate   *time.Time
	EndDate     *time.Time
	Note        string
	CreateTime  time.Time
}

// TableName implements GORM's Tabler.
func (timeOffRow) TableName() string { return "times_off" }

// touching is the condition that time off of dates touches dates, and other time off a range of instants.
const touching = `(start_date IS NULL AND end_time > ? AND start_time < ? OR end_date >= ? AND start_date <= ?)`

// CreateTimeOff adds time off of a master.
func (s *Store) CreateTimeOff(ctx context.Context, e TimeOffEntry) error {
	r := timeOffRow{
		SalonID: e.SalonID, ID: e.ID, SubjectID: e.MasterID, SubjectKind: OfMaster, Kind: e.Kind, StartTime: e.Start, EndTime: e.End,
		Note: e.Note, CreateTime: e.CreateTime,
	}
	if e.byDates() {
		start, end := dateColumn(e.From), dateColumn(e.Until)
		r.StartDate, r.EndDate = &start, &end
	}
	if err := s.db.Conn(ctx).Create(&r).Error; err != nil {
		return fmt.Errorf("write time off: %w", err)
	}
	return nil
}

// TimeOff returns time off of a master, else NOT_FOUND.
func (s *Store) TimeOff(ctx context.Context, id string) (TimeOffEntry, error) {
	r, err := postgres.One[timeOffRow](s.db.Conn(ctx).Where("id = ? AND subject_kind = ?", id, OfMaster), errNoTimeOff)
	return r.entry(), err
}

// TimeOffCursor is the place of time off in a list.
type TimeOffCursor struct {
	// Start is the stored start, ID the id.
	Start time.Time `json:"s"`
	ID    string    `json:"i"`
}

// ListTimeOff returns at most limit entries of a master, after a place, by their stored starts: in a salon that has moved to
// another time zone, time off of dates can be some hours out of order. What has ended at from is left out, unless from is zero;
// fromDate is the date of from in the salon's zone.
func (s *Store) ListTimeOff(
	ctx context.Context, salonID, masterID string, from time.Time, fromDate civil.Date, after *TimeOffCursor, limit int,
) ([]TimeOffEntry, error) {
	q := s.db.Conn(ctx).Where("salon_id = ? AND subject_id = ?", salonID, masterID)
	if !from.IsZero() {
		q = q.Where("(start_date IS NULL AND end_time > ? OR end_date >= ?)", from, dateColumn(fromDate))
	}
	if after != nil {
		q = q.Where("(start_time, id) > (?, ?)", after.Start, after.ID)
	}
	var rows []timeOffRow
	if err := q.Order("start_time, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list time off: %w", err)
	}
	return timeOffEntries(rows), nil
}

// TimesOff returns the time off of masters in a salon that touches a range of dates in the salon's zone, by start. Without
// masters, that of all.
func (s *Store) TimesOff(
	ctx context.Context, salonID string, zone *time.Location, masterIDs []string, first, last civil.Date,
) ([]TimeOffEntry, error) {
	q := s.db.Conn(ctx).Where("salon_id = ? AND subject_kind = ?", salonID, OfMaster).
		Where(touching, first.Start(zone), last.End(zone), dateColumn(first), dateColumn(last))
	if len(masterIDs) > 0 {
		q = q.Where("subject_id = ANY(?)", postgres.Array[string](masterIDs))
	}
	var rows []timeOffRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("read time off: %w", err)
	}
	entries := timeOffEntries(rows)
	slices.SortFunc(entries, func(a, b TimeOffEntry) int {
		return cmp.Or(a.In(zone).Start.Compare(b.In(zone).Start), cmp.Compare(a.ID, b.ID))
	})
	return entries, nil
}

// DeleteTimeOff removes time off, else it returns NOT_FOUND.
func (s *Store) DeleteTimeOff(ctx context.Context, e TimeOffEntry) error {
	deleted := s.db.Conn(ctx).Where("salon_id = ? AND id = ?", e.SalonID, e.ID).Delete(&timeOffRow{})
	switch {
	case deleted.Error != nil:
		return fmt.Errorf("delete time off: %w", deleted.Error)
	case deleted.RowsAffected == 0:
		return errNoTimeOff
	}
	return nil
}

func timeOffEntries(rows []timeOffRow) []TimeOffEntry {
	entries := make([]TimeOffEntry, len(rows))
	for i, r := range rows {
		entries[i] = r.entry()
	}
	return entries
}

func (r timeOffRow) entry() TimeOffEntry {
	e := TimeOffEntry{
		ID: r.ID, SalonID: r.SalonID, MasterID: r.SubjectID, Kind: r.Kind, Span: Span{r.StartTime.UTC(), r.EndTime.UTC()},
		Note: r.Note, CreateTime: r.CreateTime.UTC(),
	}
	if r.StartDate != nil && r.EndDate != nil {
		e.From, e.Until = columnDate(*r.StartDate), columnDate(*r.EndDate)
	}
	return e
}
