package claims

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// keptPage is how many claims of freed time are removed in one transaction.
const keptPage = 500

// KeepTime is how long freed time is kept for the waitlist unless a worker goes through the line. The triggers of the schema have it too.
const KeepTime = 30 * time.Second

// ExtendTime is how long before its end freed time is kept for longer. Rows are not written anew more often than needed.
const ExtendTime = 20 * time.Second

// TakeKept removes what list needs from the claims that keep freed times, and leaves the rest of them. The caller holds the locks of the subjects.
func TakeKept(ctx context.Context, tx *postgres.DB, salonID string, freed []string, list []Claim) error {
	if len(freed) == 0 {
		return nil
	}
	var rows []struct {
		Claim

		AppointmentID string
	}
	err := tx.Conn(ctx).Raw(`
		DELETE FROM claims x WHERE x.salon_id = ? AND x.appointment_id = ANY(?::uuid[]) AND x.kept AND EXISTS (
			SELECT FROM ? WHERE c.kind = x.subject_kind AND c.subject_id = x.subject_id AND tstzrange(c.claim_from, c.claim_to) && x.during)
		RETURNING x.subject_id, x.subject_kind AS kind, lower(x.during) AS "from", upper(x.during) AS "to", x.expire_time, x.appointment_id`,
		salonID, postgres.Array[string](freed), table(list)).Scan(&rows).Error
	if err != nil {
		return fmt.Errorf("take freed time: %w", err)
	}
	for _, r := range rows {
		if err := Insert(ctx, tx, salonID, r.AppointmentID, r.without(list)); err != nil {
			return err
		}
	}
	return nil
}

// without returns what is left of a claim that keeps freed time once others have taken a part of it.
func (c Claim) without(others []Claim) []Claim {
	left := []Claim{c}
	for _, o := range others {
		var rest []Claim
		for _, l := range left {
			if !l.Overlaps(o) {
				rest = append(rest, l)
				continue
			}
			for _, part := range []Claim{
				New(c.Kind, c.SubjectID, "", l.From, o.From),
				New(c.Kind, c.SubjectID, "", o.To, l.To),
			} {
				if part.From.Before(part.To) {
					part.ExpireTime, part.Kept = c.ExpireTime, true
					rest = append(rest, part)
				}
			}
		}
		left = rest
	}
	return left
}

// ExtendKept keeps freed times that expire within ExtendTime for another KeepTime. It waits for nobody: what somebody else is about to take stays as
// it is.
func ExtendKept(ctx context.Context, tx *postgres.DB, salonID string, freed []string) error {
	err := tx.Conn(ctx).Exec(`UPDATE claims c SET expire_time = clock_timestamp() + make_interval(secs => ?) FROM (
			SELECT id FROM claims WHERE salon_id = ? AND appointment_id = ANY(?::uuid[]) AND kept
				AND expire_time > clock_timestamp() AND expire_time < clock_timestamp() + make_interval(secs => ?)
			FOR UPDATE SKIP LOCKED
		) AS k WHERE c.salon_id = ? AND c.id = k.id`,
		KeepTime.Seconds(), salonID, postgres.Array[string](freed), ExtendTime.Seconds(), salonID).Error
	if err != nil {
		return fmt.Errorf("keep freed times: %w", err)
	}
	return nil
}

// Which is a condition that selects claims and holds.
type Which = clause.Expr

// All selects every claim and hold.
func All() Which { return gorm.Expr("true") }

// Under selects the claims and holds of a salon that are booked, or will be, under one of some ids, as [AppointmentsOf] returns them.
func Under(salonID string, ids []string) Which {
	return gorm.Expr("salon_id = ? AND appointment_id = ANY(?::uuid[])", salonID, postgres.Array[string](ids))
}

// EndExpired ends the claims of freed times, of those that which selects, that nobody has worked on in time.
func EndExpired(ctx context.Context, db *postgres.DB, which Which) error {
	const expired = " FROM claims WHERE kept AND expire_time <= clock_timestamp() AND ?"
	for {
		var ids []string
		err := db.Conn(ctx).Raw("SELECT id"+expired+" LIMIT ?", which, keptPage).Scan(&ids).Error
		if err != nil {
			return fmt.Errorf("look for freed times that have expired: %w", err)
		}
		if len(ids) == 0 {
			return nil
		}
		err = db.InTx(ctx, func(tx *postgres.DB) error {
			these, args := expired+" AND id = ANY(?::uuid[])", []any{which, postgres.Array[string](ids)}
			if err := LockSelected(ctx, tx, "SELECT subject_id AS subject"+these, args...); err != nil {
				return err
			}
			return tx.Conn(ctx).Exec("DELETE"+these, args...).Error
		})
		if err != nil {
			return fmt.Errorf("end freed times that have expired: %w", err)
		}
		if len(ids) < keptPage {
			return nil
		}
	}
}
