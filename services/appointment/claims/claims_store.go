package claims

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// NoOverlap is the constraint that makes double bookings impossible.
const NoOverlap = "claims_no_overlap"

// LockKey returns the SQL expression of the advisory lock of a subject whose id is the expression
// subject. An account has a lock too: it stands for what is known of the account.
func LockKey(subject string) string {
	return "hashtextextended('salon.claims:' || " + subject + "::text, 0)"
}

// LockSQL takes the locks of the subjects in the array parameter $1, in the order of their keys,
// until the transaction ends.
var LockSQL = lockSQL("$1")

// lockSQL is the statement of LockSQL and Lock. The sorting subquery is fenced by OFFSET 0: the keys
// are sorted before the first lock is taken.
func lockSQL(param string) string {
	return `SELECT pg_advisory_xact_lock(key) FROM (
	SELECT DISTINCT ` + LockKey("subject") + ` AS key FROM unnest(` + param + `::uuid[]) AS s (subject) ORDER BY key OFFSET 0
) AS k`
}

// Lock takes the locks of subjects until the transaction ends. All locks of a transaction are taken
// by one call, or one statement, because two calls could deadlock with each other's order.
func Lock(ctx context.Context, tx *postgres.DB, subjectIDs ...string) error {
	if len(subjectIDs) == 0 {
		return nil
	}
	err := tx.Conn(ctx).Exec(lockSQL("?"), postgres.Array[string](subjectIDs)).Error
	if err != nil {
		return fmt.Errorf("lock subjects: %w", err)
	}
	return nil
}

// OverlapSQL is the condition that time of a subject is taken, by a blocking claim or by one that is
// overbooked on purpose. Each has a partial index of its own.
func OverlapSQL(salonID, kind, subjectID, during string) string {
	overlap := fmt.Sprintf("x.salon_id = %s AND x.subject_kind = %s AND x.subject_id = %s AND x.during && %s",
		salonID, kind, subjectID, during)
	return "(EXISTS (SELECT 1 FROM claims x WHERE " + overlap + " AND x.blocking)" +
		" OR EXISTS (SELECT 1 FROM claims x WHERE " + overlap + " AND NOT x.blocking))"
}

// Conflicts returns the kinds of the subjects among the blocking claims in list whose time is taken.
// The caller holds the locks of the subjects.
func Conflicts(ctx context.Context, tx *postgres.DB, salonID string, list []Claim) (map[Kind]bool, error) {
	var kinds []Kind
	err := tx.Conn(ctx).Raw(`
		SELECT DISTINCT c.kind
		FROM unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::boolean[])
			AS c (subject_id, kind, claim_from, claim_to, blocking)
		WHERE c.blocking AND `+OverlapSQL("?", "c.kind", "c.subject_id", "tstzrange(c.claim_from, c.claim_to)"),
		postgres.Column(list, func(c Claim) string { return c.SubjectID }),
		postgres.Column(list, func(c Claim) string { return string(c.Kind) }),
		postgres.Column(list, func(c Claim) time.Time { return c.From }),
		postgres.Column(list, func(c Claim) time.Time { return c.To }),
		postgres.Column(list, func(c Claim) bool { return c.Blocking }),
		salonID, salonID,
	).Scan(&kinds).Error
	if err != nil {
		return nil, fmt.Errorf("look for conflicting claims: %w", err)
	}
	taken := map[Kind]bool{}
	for _, k := range kinds {
		taken[k] = true
	}
	return taken, nil
}

// Insert writes the claims of an appointment. The caller holds the locks of the subjects and has
// looked for conflicts.
func Insert(ctx context.Context, tx *postgres.DB, salonID, appointmentID string, list []Claim) error {
	err := tx.Conn(ctx).Exec(`
		INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
		SELECT ?, c.id, c.subject_id, c.kind, tstzrange(c.claim_from, c.claim_to), c.blocking, ?, c.segment_id
		FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::boolean[], ?::uuid[])
			AS c (id, subject_id, kind, claim_from, claim_to, blocking, segment_id)`,
		salonID, appointmentID,
		postgres.Column(list, func(c Claim) string { return c.ID }),
		postgres.Column(list, func(c Claim) string { return c.SubjectID }),
		postgres.Column(list, func(c Claim) string { return string(c.Kind) }),
		postgres.Column(list, func(c Claim) time.Time { return c.From }),
		postgres.Column(list, func(c Claim) time.Time { return c.To }),
		postgres.Column(list, func(c Claim) bool { return c.Blocking }),
		postgres.Column(list, func(c Claim) string { return c.SegmentID }),
	).Error
	if err != nil {
		return fmt.Errorf("write claims: %w", err)
	}
	return nil
}

// Delete frees the time of an appointment.
func Delete(ctx context.Context, tx *postgres.DB, salonID, appointmentID string) error {
	err := tx.Conn(ctx).Exec("DELETE FROM claims WHERE salon_id = ? AND appointment_id = ?", salonID, appointmentID).Error
	if err != nil {
		return fmt.Errorf("delete claims: %w", err)
	}
	return nil
}
