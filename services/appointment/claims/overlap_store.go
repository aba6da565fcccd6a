package claims

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Of returns the claims of appointments, by the appointment's id.
func Of(ctx context.Context, db *postgres.DB, salonID string, appointmentIDs []string) (map[string][]Claim, error) {
	var rows []struct {
		Claim

		AppointmentID string
	}
	err := db.Conn(ctx).Raw(`
		SELECT id, subject_id, subject_kind AS kind, segment_id, lower(during) AS "from", upper(during) AS "to", blocking, appointment_id
		FROM claims WHERE salon_id = ? AND appointment_id = ANY(?::uuid[]) ORDER BY lower(during), id`,
		salonID, postgres.Array[string](appointmentIDs)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the claims of appointments: %w", err)
	}
	of := map[string][]Claim{}
	for _, r := range rows {
		r.From, r.To = r.From.UTC(), r.To.UTC()
		of[r.AppointmentID] = append(of[r.AppointmentID], r.Claim)
	}
	return of, nil
}

// Overlapping returns the ids under which a part of the time in list is taken, blocking or not, apart from some, each once: those of
// appointments, of what holds are booked as, of group sessions, and of freed times that are kept.
func Overlapping(ctx context.Context, db *postgres.DB, salonID string, list []Claim, except []string) ([]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	overlap := `SELECT x.appointment_id FROM claims x WHERE x.salon_id = ? AND x.subject_kind = c.kind AND x.subject_id = c.subject_id
		AND x.during && tstzrange(c.claim_from, c.claim_to) AND `
	var ids []string
	err := db.Conn(ctx).Raw(`
		SELECT DISTINCT x.appointment_id AS id
		FROM ?
		CROSS JOIN LATERAL (`+overlap+`x.blocking UNION ALL `+overlap+`NOT x.blocking) AS x
		WHERE x.appointment_id <> ALL (?::uuid[]) ORDER BY id`,
		table(list), salonID, salonID, postgres.Array[string](except)).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for overlapping claims: %w", err)
	}
	return ids, nil
}
