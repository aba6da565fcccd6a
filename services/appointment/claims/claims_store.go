package claims

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
)

// NoOverlap is the constraint that makes double bookings impossible.
const NoOverlap = "claims_no_overlap"

// LongestTime is longer than any claim and any appointment, which has eight segments of twelve hours at most. It bounds the range of an index in
// which claims and appointments begin that have not ended. Longest is the same as an interval of PostgreSQL.
const (
	LongestTime = 4 * 24 * time.Hour
	Longest     = "4 days"
)

// LockKey returns the SQL expression of the advisory lock of a subject whose id is the expression
// subject. An account has a lock too: it stands for what is known of the account.
func LockKey(subject string) string {
	return "hashtextextended('salon.claims:' || " + subject + "::text, 0)"
}

// LockSQL takes the locks of the subjects in the array parameter $1, in the order of their keys,
// until the transaction ends.
var LockSQL = lockSQL("SELECT unnest($1::uuid[]) AS subject")

// lockSQL is the statement that takes the locks of the subjects of a query. The sorting subquery is fenced
// by OFFSET 0: the keys are sorted before the first lock is taken.
func lockSQL(query string) string {
	return `SELECT pg_advisory_xact_lock(key) FROM (
	SELECT DISTINCT ` + LockKey("subject") + ` AS key FROM (` + query + `) AS s ORDER BY key OFFSET 0
) AS k`
}

// ErrContention is ABORTED CONTENTION: somebody holds a lock for too long. Nothing was changed.
var ErrContention = apierr.New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_CONTENTION,
	"others are changing the same data; nothing was changed; try again").WithRetryAfter(time.Second)

// longestWait is how long Lock waits for all locks together, and twice as long as for one of them.
const longestWait = 6 * time.Second

// Lock takes the locks of subjects until the transaction ends. All locks of a transaction are taken
// by one call, or one statement, because two calls could deadlock with each other's order. ErrContention
// when somebody else keeps one of them, in time for an answer before the deadline of ctx.
func Lock(ctx context.Context, tx *postgres.DB, subjectIDs ...string) error {
	if len(subjectIDs) == 0 {
		return nil
	}
	return LockSelected(ctx, tx, "SELECT unnest(?::uuid[]) AS subject", postgres.Array[string](subjectIDs))
}

// LockSelected is Lock for the subjects in the column subject of a query. What the transaction does
// afterwards has the same limits.
func LockSelected(ctx context.Context, tx *postgres.DB, query string, args ...any) error {
	wait := longestWait
	if deadline, ok := ctx.Deadline(); ok {
		wait = min(wait, time.Until(deadline)/2)
	}
	err := tx.Conn(ctx).Exec("SELECT set_config('lock_timeout', ?, true), set_config('statement_timeout', ?, true)",
		Milliseconds(wait/2), Milliseconds(wait)).Error
	if err != nil {
		return fmt.Errorf("limit the wait for locks: %w", err)
	}
	err = tx.Conn(ctx).Exec(lockSQL(query), args...).Error
	switch {
	case err == nil:
		return nil
	case postgres.TimedOut(err): // the statement only waits
		return ErrContention.WithCause(err)
	default:
		return fmt.Errorf("lock subjects: %w", err)
	}
}

// Held returns those subjects whose locks somebody has. It waits for none.
func Held(ctx context.Context, db *postgres.DB, subjectIDs []string) ([]string, error) {
	var held []string
	err := db.Conn(ctx).Raw(`SELECT subject FROM (SELECT DISTINCT subject FROM unnest(?::uuid[]) AS s (subject)) AS s
		WHERE NOT pg_try_advisory_xact_lock(`+LockKey("subject")+`)`, postgres.Array[string](subjectIDs)).Scan(&held).Error
	if err != nil {
		return nil, fmt.Errorf("look for held locks: %w", err)
	}
	return held, nil
}

// Await waits until the locks of all subjects are free or have been, one after the other, and for each at
// most for patience: the error then has the SQLSTATE 55P03. It keeps none, so nobody waits for it.
func Await(ctx context.Context, db *postgres.DB, patience time.Duration, subjectIDs []string) error {
	for _, s := range subjectIDs {
		_, err := postgres.Pipeline[struct{ Waited bool }](ctx, db,
			postgres.Statement{SQL: "SELECT set_config('lock_timeout', $1, true)", Args: []any{Milliseconds(patience)}},
			postgres.Statement{SQL: "SELECT pg_advisory_xact_lock(" + LockKey("$1::uuid") + ") IS NULL AS waited", Args: []any{s}})
		if err != nil {
			return fmt.Errorf("wait for a lock: %w", err)
		}
	}
	return nil
}

// Milliseconds is a duration as a setting of PostgreSQL, at least 1: 0 would mean without limit.
func Milliseconds(d time.Duration) string { return strconv.FormatInt(max(d.Milliseconds(), 1), 10) }

// OverlapSQL is the condition that time of a subject is taken, by a blocking claim or by one that is
// overbooked on purpose. Each has a partial index of its own.
func OverlapSQL(salonID, kind, subjectID, during string) string {
	overlap := fmt.Sprintf("x.salon_id = %s AND x.subject_kind = %s AND x.subject_id = %s AND x.during && %s",
		salonID, kind, subjectID, during)
	return "(EXISTS (SELECT 1 FROM claims x WHERE " + overlap + " AND x.blocking)" +
		" OR EXISTS (SELECT 1 FROM claims x WHERE " + overlap + " AND NOT x.blocking))"
}

// table is a list in a FROM clause: c (subject_id, kind, claim_from, claim_to, blocking).
func table(list []Claim) clause.Expr {
	return gorm.Expr(`unnest(?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::boolean[])
			AS c (subject_id, kind, claim_from, claim_to, blocking)`,
		postgres.Column(list, func(c Claim) string { return c.SubjectID }),
		postgres.Column(list, func(c Claim) string { return string(c.Kind) }),
		postgres.Column(list, func(c Claim) time.Time { return c.From }),
		postgres.Column(list, func(c Claim) time.Time { return c.To }),
		postgres.Column(list, func(c Claim) bool { return c.Blocking }))
}

// Conflicts returns the kinds of the subjects among the blocking claims in list whose time is taken.
// The caller holds the locks of the subjects.
func Conflicts(ctx context.Context, tx *postgres.DB, salonID string, list []Claim) (map[Kind]bool, error) {
	var kinds []Kind
	err := tx.Conn(ctx).Raw(`
		SELECT DISTINCT c.kind
		FROM ?
		WHERE c.blocking AND `+OverlapSQL("?", "c.kind", "c.subject_id", "tstzrange(c.claim_from, c.claim_to)"),
		table(list), salonID, salonID,
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

// Insert writes the claims of an appointment, or of the hold that it will be booked with. The caller holds the locks of the subjects and has
// looked for conflicts.
func Insert(ctx context.Context, tx *postgres.DB, salonID, appointmentID string, list []Claim) error {
	err := tx.Conn(ctx).Exec(`
		INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id, expire_time, kept)
		SELECT ?, c.id, c.subject_id, c.kind, tstzrange(c.claim_from, c.claim_to), c.blocking, ?, c.segment_id, c.expire_time, c.kept
		FROM unnest(?::uuid[], ?::uuid[], ?::text[], ?::timestamptz[], ?::timestamptz[], ?::boolean[], ?::uuid[], ?::timestamptz[], ?::boolean[])
			AS c (id, subject_id, kind, claim_from, claim_to, blocking, segment_id, expire_time, kept)`,
		salonID, appointmentID,
		postgres.Column(list, func(c Claim) string { return c.ID }),
		postgres.Column(list, func(c Claim) string { return c.SubjectID }),
		postgres.Column(list, func(c Claim) string { return string(c.Kind) }),
		postgres.Column(list, func(c Claim) time.Time { return c.From }),
		postgres.Column(list, func(c Claim) time.Time { return c.To }),
		postgres.Column(list, func(c Claim) bool { return c.Blocking }),
		postgres.Column(list, func(c Claim) *string { return postgres.Null(c.SegmentID) }),
		postgres.Column(list, func(c Claim) *time.Time { return postgres.Null(c.ExpireTime) }),
		postgres.Column(list, func(c Claim) bool { return c.Kept }),
	).Error
	if err != nil {
		return fmt.Errorf("write claims: %w", err)
	}
	return nil
}

// Extend makes the claims of a hold count until another instant.
func Extend(ctx context.Context, tx *postgres.DB, salonID, appointmentID string, until time.Time) error {
	err := tx.Conn(ctx).Exec("UPDATE claims SET expire_time = ? WHERE salon_id = ? AND appointment_id = ?", until, salonID, appointmentID).Error
	if err != nil {
		return fmt.Errorf("extend claims: %w", err)
	}
	return nil
}

// Delete frees the time of an appointment, or of a hold.
func Delete(ctx context.Context, tx *postgres.DB, salonID, appointmentID string) error {
	err := tx.Conn(ctx).Exec("DELETE FROM claims WHERE salon_id = ? AND appointment_id = ?", salonID, appointmentID).Error
	if err != nil {
		return fmt.Errorf("delete claims: %w", err)
	}
	return nil
}
