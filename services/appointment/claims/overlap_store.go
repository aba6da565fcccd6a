package claims

import (
	"context"
	"fmt"
	"slices"

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

// Taken is a claim of somebody else.
type Taken struct {
	// ID is the claim's.
	ID string
	// AppointmentID is the appointment, what a hold will be booked as, the group session, or the freed time that is kept.
	AppointmentID string
}

// Overlapping returns the claims, blocking or not, that take a part of the time in list, apart from those under some ids.
func Overlapping(ctx context.Context, db *postgres.DB, salonID string, list []Claim, except ...string) ([]Taken, error) {
	if len(list) == 0 {
		return nil, nil
	}
	overlap := `SELECT x.id, x.appointment_id FROM claims x WHERE x.salon_id = ? AND x.subject_kind = c.kind AND x.subject_id = c.subject_id
		AND x.during && tstzrange(c.claim_from, c.claim_to) AND `
	var taken []Taken
	err := db.Conn(ctx).Raw(`
		SELECT DISTINCT x.id, x.appointment_id
		FROM ?
		CROSS JOIN LATERAL (`+overlap+`x.blocking UNION ALL `+overlap+`NOT x.blocking) AS x
		WHERE x.appointment_id <> ALL (?::uuid[]) ORDER BY x.appointment_id, x.id`,
		table(list), salonID, salonID, append(postgres.Array[string]{}, except...)).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("look for overlapping claims: %w", err)
	}
	return taken, nil
}

// AppointmentsOf returns the ids of the appointments of claims, each once.
func AppointmentsOf(list []Taken) []string {
	var ids []string
	for _, t := range list {
		if !slices.Contains(ids, t.AppointmentID) {
			ids = append(ids, t.AppointmentID)
		}
	}
	return ids
}
