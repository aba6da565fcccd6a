package availability

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// sessionsSQL reads the scheduled sessions of the service $2 in the salon $1, or the one with the id $5, that begin from $3 on and before $4.
// The place of an appointment in $6 is free, as are those that are kept for the freed times in $7. The customer $8 may have another one.
const sessionsSQL = `
SELECT g.id::text AS id, g.service_id::text AS service_id, g.master_id::text AS master_id, g.start_time, g.end_time, g.capacity,
    g.price_minor, g.phases::text AS phases, g.buffer_before_minutes AS before, g.buffer_after_minutes AS after,
    (SELECT count(*) FROM group_places p WHERE p.salon_id = g.salon_id AND p.session_id = g.id
        AND (p.expire_time IS NULL OR p.expire_time > clock_timestamp()) AND p.appointment_id <> ALL ($6::uuid[]) AND (p.freed_id = ANY ($7::uuid[])) IS NOT TRUE) AS taken,
    o.appointment_id IS NOT NULL AS has_place, CASE WHEN o.expire_time IS NULL THEN coalesce(o.appointment_id::text, '') ELSE '' END AS own_appointment,
    CASE WHEN o.expire_time IS NULL THEN '' ELSE coalesce((SELECT h.id::text FROM holds h
        WHERE h.state = 'ACTIVE' AND h.salon_id = g.salon_id AND h.appointment_id = o.appointment_id), '') END AS own_hold
FROM group_sessions g LEFT JOIN group_places o ON o.salon_id = g.salon_id AND o.session_id = g.id AND o.customer_id = $8::uuid
    AND (o.expire_time IS NULL OR o.expire_time > clock_timestamp()) AND o.appointment_id <> ALL ($6::uuid[])
WHERE g.salon_id = $1 AND g.service_id = $2 AND g.state = 'SCHEDULED' AND g.start_time >= $3 AND g.start_time < $4
    AND g.id = coalesce($5::uuid, g.id)
ORDER BY g.start_time, g.id`

type sessionRow struct {
	ID, ServiceID, MasterID string
	StartTime, EndTime      time.Time
	Capacity                int32
	PriceMinor              int32
	Phases                  *string
	Before, After           int32
	Taken                   int64
	HasPlace                bool
	OwnAppointment, OwnHold string
}

// Sessions returns the scheduled group sessions of the service of a query, or the one that it wants, that begin between two instants, by
// start.
func (s *Store) Sessions(ctx context.Context, salonID string, q Query, from, to time.Time) ([]Session, error) {
	moving := []string{}
	if q.Moving != "" {
		moving = append(moving, q.Moving)
	}
	rows, err := postgres.Pipeline[sessionRow](ctx, s.db, postgres.Statement{
		SQL: sessionsSQL, Args: []any{salonID, q.Chain[0].ServiceID, from, to, postgres.Null(q.Session), moving, append([]string{}, q.Freed...), postgres.Null(q.Customer)},
	})
	if err != nil {
		return nil, fmt.Errorf("read group sessions: %w", err)
	}
	list := make([]Session, len(rows))
	for i, r := range rows {
		span := Span{MinuteOf(r.StartTime), MinuteOf(r.EndTime)}
		list[i] = Session{
			ID: r.ID, ServiceID: r.ServiceID, MasterID: r.MasterID, Span: span, Capacity: int(r.Capacity), Taken: int(r.Taken),
			Offering: Offering{
				PriceMinor: r.PriceMinor, Phases: []Phase{{Minutes: span.To - span.From}}, BufferBefore: Minute(r.Before), BufferAfter: Minute(r.After),
			},
			HasPlace: r.HasPlace, OwnAppointment: r.OwnAppointment, OwnHold: r.OwnHold,
		}
		if r.Phases != nil {
			err = errors.Join(err, json.Unmarshal([]byte(*r.Phases), &list[i].Phases))
		}
	}
	return list, err
}
