package schedule

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Calendar returns what decides when masters of a salon can work from one date to another one. Without masters, it is about all.
func (s *Store) Calendar(
	ctx context.Context, salonID string, zone *time.Location, masterIDs []string, first, last civil.Date,
) (*Calendar, error) {
	weekly := s.db.Conn(ctx).Where("salon_id = ?", salonID)
	dated := s.db.Conn(ctx).
		Where("salon_id = ? AND end_date >= ? AND start_date <= ?", salonID, dateColumn(first), dateColumn(last))
	if len(masterIDs) > 0 {
		subjects := postgres.Array[string](append([]string{salonID}, masterIDs...))
		weekly, dated = weekly.Where("subject_id = ANY(?)", subjects), dated.Where("subject_id = ANY(?)", subjects)
	}
	var weeklyRows []weeklyRow
	if err := weekly.Find(&weeklyRows).Error; err != nil {
		return nil, fmt.Errorf("read weekly hours: %w", err)
	}
	var datedRows []datedRow
	if err := dated.Order("start_date").Find(&datedRows).Error; err != nil {
		return nil, fmt.Errorf("read dated hours: %w", err)
	}
	entries, err := datedEntries(datedRows)
	if err != nil {
		return nil, err
	}
	off, err := s.TimesOff(ctx, salonID, zone, masterIDs, first, last)
	if err != nil {
		return nil, err
	}
	hours := map[string]Hours{}
	for _, r := range weeklyRows {
		periods, err := DecodePeriods(json.RawMessage(r.Periods))
		if err != nil {
			return nil, err
		}
		hours[r.SubjectID] = Hours{Periods: periods}
	}
	for _, e := range entries {
		h := hours[e.Subject.ID]
		h.Dated = append(h.Dated, e.Dated)
		hours[e.Subject.ID] = h
	}
	c := &Calendar{Zone: zone, Salon: hours[salonID], Masters: hours, TimeOff: map[string][]TimeOffEntry{}}
	for _, e := range off {
		c.TimeOff[e.MasterID] = append(c.TimeOff[e.MasterID], e)
	}
	return c, nil
}

// bookedRow is a segment with its appointment, or a group session.
type bookedRow struct {
	ID           string
	Version      int64
	StartTime    time.Time
	EndTime      time.Time
	MasterID     string
	SegmentStart time.Time
	SegmentEnd   time.Time
	Phases       *string
}

// Booked returns the segments in a salon that share time with a span, of appointments that are pending or confirmed and have not
// ended, by the start and the id of the appointment. With a master, only the segments of that one.
func (s *Store) Booked(ctx context.Context, of Subject, during Span, now time.Time) ([]Booked, error) {
	sql := `SELECT a.id, a.version, a.start_time, a.end_time,
			g.master_id, g.start_time AS segment_start, g.end_time AS segment_end, g.phases
		FROM appointments a JOIN segments g ON g.salon_id = a.salon_id AND g.appointment_id = a.id
		WHERE a.salon_id = ? AND a.state IN ('PENDING', 'CONFIRMED') AND a.end_time > ? AND a.start_time > ? AND a.start_time < ?
			AND g.end_time > ? AND g.start_time < ?`
	earliest := later(now, during.Start).Add(-claims.LongestTime)
	args := []any{of.SalonID, now, earliest, during.End, during.Start, during.End}
	if of.Kind == OfMaster {
		sql += " AND g.master_id = ? AND g.appointment_start_time > ? AND g.appointment_start_time < ?"
		args = append(args, of.ID, earliest, during.End)
	}
	var rows []bookedRow
	if err := s.db.Conn(ctx).Raw(sql+" ORDER BY a.start_time, a.id, g.position", args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read what is booked: %w", err)
	}
	return bookedOf(rows)
}

// Sessions returns the group sessions of a salon that share time with a span, are scheduled and have not ended, by start and id. With a master,
// only those of that one.
func (s *Store) Sessions(ctx context.Context, of Subject, during Span, now time.Time) ([]Booked, error) {
	sql := `SELECT id, version, start_time, end_time, master_id, start_time AS segment_start, end_time AS segment_end, phases
		FROM group_sessions WHERE salon_id = ? AND state = 'SCHEDULED' AND end_time > ? AND start_time > ? AND start_time < ? AND end_time > ?`
	args := []any{of.SalonID, now, later(now, during.Start).Add(-claims.LongestTime), during.End, during.Start}
	if of.Kind == OfMaster {
		sql += " AND master_id = ?"
		args = append(args, of.ID)
	}
	var rows []bookedRow
	if err := s.db.Conn(ctx).Raw(sql+" ORDER BY start_time, id", args...).Scan(&rows).Error; err != nil {
		return nil, fmt.Errorf("read group sessions: %w", err)
	}
	return bookedOf(rows)
}

// bookedOf reads the phases of rows.
func bookedOf(rows []bookedRow) ([]Booked, error) {
	booked := make([]Booked, len(rows))
	for i, r := range rows {
		var err error
		if booked[i], err = r.booked(); err != nil {
			return nil, fmt.Errorf("appointment or group session %s: %w", r.ID, err)
		}
	}
	return booked, nil
}

func (r bookedRow) booked() (Booked, error) {
	b := Booked{
		ID: r.ID, Version: r.Version, Appointment: Span{r.StartTime.UTC(), r.EndTime.UTC()},
		MasterID: r.MasterID, Segment: Span{r.SegmentStart.UTC(), r.SegmentEnd.UTC()},
	}
	if r.Phases == nil {
		b.Work = []Span{b.Segment}
		return b, nil
	}
	var phases []struct {
		Wait    bool `json:"wait"`
		Minutes int  `json:"minutes"`
	}
	if err := json.Unmarshal([]byte(*r.Phases), &phases); err != nil {
		return Booked{}, fmt.Errorf("phases: %w", err)
	}
	start := b.Segment.Start
	for _, p := range phases {
		end := start.Add(time.Duration(p.Minutes) * time.Minute)
		if !p.Wait {
			b.Work = append(b.Work, Span{start, end})
		}
		start = end
	}
	return b, nil
}
