package resource

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// closureRow is a row of times_off that is about a resource.
type closureRow struct {
	SalonID     string
	ID          string
	SubjectID   string
	SubjectKind string
	StartTime   time.Time
	EndTime     time.Time
	Note        string
	CreateTime  time.Time
}

// TableName implements GORM's Tabler.
func (closureRow) TableName() string { return "times_off" }

// subjectKind is that of resources in times_off.
const subjectKind = string(claims.Resource)

// ClosureCursor is the place of a closure in a list.
type ClosureCursor struct {
	// Start and ID are those of the closure.
	Start time.Time `json:"s"`
	ID    string    `json:"i"`
}

// Closures returns at most limit closures of a resource that end after an instant, by start and id, after a place.
func (s *Store) Closures(
	ctx context.Context, resource Resource, from time.Time, after *ClosureCursor, limit int,
) ([]Closure, error) {
	q := s.db.Conn(ctx).
		Where("salon_id = ? AND subject_id = ? AND subject_kind = ?", resource.SalonID, resource.ID, subjectKind)
	if !from.IsZero() {
		q = q.Where("end_time > ?", from)
	}
	if after != nil {
		q = q.Where("(start_time, id) > (?, ?)", after.Start, after.ID)
	}
	var rows []closureRow
	if err := q.Order("start_time, id").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list closures of a resource: %w", err)
	}
	closures := make([]Closure, len(rows))
	for i, r := range rows {
		closures[i] = r.closure()
	}
	return closures, nil
}

// Closure returns a closure, else NOT_FOUND.
func (s *Store) Closure(ctx context.Context, id string) (Closure, error) {
	r, err := postgres.One[closureRow](s.db.Conn(ctx).Where("id = ? AND subject_kind = ?", id, subjectKind), errNoClosure)
	return r.closure(), err
}

// CreateClosure adds a closure.
func (s *Store) CreateClosure(ctx context.Context, c Closure) error {
	r := closureRow{
		SalonID: c.SalonID, ID: c.ID, SubjectID: c.ResourceID, SubjectKind: subjectKind,
		StartTime: c.Start, EndTime: c.End, Note: c.Note, CreateTime: c.CreateTime,
	}
	if err := s.db.Conn(ctx).Create(&r).Error; err != nil {
		return fmt.Errorf("write a closure of a resource: %w", err)
	}
	return nil
}

// DeleteClosure removes a closure; NOT_FOUND when there is none any more.
func (s *Store) DeleteClosure(ctx context.Context, c Closure) error {
	deleted := s.db.Conn(ctx).Where("salon_id = ? AND id = ?", c.SalonID, c.ID).Delete(&closureRow{})
	if deleted.Error != nil {
		return fmt.Errorf("delete a closure of a resource: %w", deleted.Error)
	}
	if deleted.RowsAffected == 0 {
		return errNoClosure
	}
	return nil
}

// Impact returns the appointments and the group sessions that have not ended and have a resource between two instants. The zero time stands for no
// end. The caller holds the locks of all masters of the salon, so that nobody books or moves one meanwhile.
func (s *Store) Impact(ctx context.Context, resource Resource, from, to, now time.Time) (i Impact, err error) {
	i.Appointments, err = s.conflicts(ctx, resource, from, to, `
		SELECT a.id, a.version, a.start_time, a.end_time, array_agg(DISTINCT s.master_id ORDER BY s.master_id) AS master_ids
		FROM c JOIN appointments a ON a.salon_id = @salon AND a.id = c.appointment_id
		JOIN segments s ON s.salon_id = @salon AND s.id = c.segment_id
		WHERE a.state IN ('PENDING', 'CONFIRMED') AND a.end_time > @now
		GROUP BY a.id, a.version, a.start_time, a.end_time ORDER BY a.start_time, a.id LIMIT @limit`, now)
	if err != nil {
		return i, err
	}
	i.Sessions, err = s.conflicts(ctx, resource, from, to, `
		SELECT DISTINCT g.id, g.version, g.start_time, g.end_time, ARRAY[g.master_id] AS master_ids
		FROM c JOIN group_sessions g ON g.salon_id = @salon AND g.id = c.appointment_id
		WHERE g.state = 'SCHEDULED' AND g.end_time > @now ORDER BY g.start_time, g.id LIMIT @limit`, now)
	return i, err
}

// conflicts runs a query for what has the claims c on a resource between two instants.
func (s *Store) conflicts(ctx context.Context, resource Resource, from, to time.Time, query string, now time.Time) ([]Conflict, error) {
	// Blocking claims and those that are overbooked on purpose: each has an index of its own.
	const claim = `SELECT appointment_id, segment_id FROM claims
		WHERE salon_id = @salon AND subject_id = @resource AND subject_kind = @kind AND during && tstzrange(@from, @to)`
	var rows []struct {
		ID        string
		Version   int64
		StartTime time.Time
		EndTime   time.Time
		MasterIDs postgres.Array[string] `gorm:"type:uuid[]"`
	}
	err := s.db.Conn(ctx).Raw("WITH c AS ("+claim+" AND blocking UNION "+claim+" AND NOT blocking) "+query, map[string]any{
		"salon": resource.SalonID, "resource": resource.ID, "kind": subjectKind, "from": from, "to": postgres.Null(to), "now": now,
		"limit": maxConflicts + 1,
	}).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("look for what has a resource: %w", err)
	}
	found := make([]Conflict, len(rows))
	for i, r := range rows {
		found[i] = Conflict{
			ID: r.ID, Version: r.Version, Start: r.StartTime.UTC(), End: r.EndTime.UTC(), MasterIDs: r.MasterIDs,
		}
	}
	return found, nil
}

func (r closureRow) closure() Closure {
	return Closure{
		ID: r.ID, SalonID: r.SalonID, ResourceID: r.SubjectID, Start: r.StartTime.UTC(), End: r.EndTime.UTC(),
		Note: r.Note, CreateTime: r.CreateTime.UTC(),
	}
}
