package salon

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// LockRules prepares a change of what decides whether a time of a salon can be booked. It takes the locks of the masters whom
// the change is about, or of all masters of the salon when none is named, and until tx ends no booking with one of them commits:
// what tx reads afterwards about taken time is final. A transaction takes no lock of a row, and no other lock of claims, before it.
func LockRules(ctx context.Context, tx *postgres.DB, salonID string, masterIDs ...string) error {
	if len(masterIDs) > 0 {
		return claims.Lock(ctx, tx, masterIDs...)
	}
	return claims.LockSelected(ctx, tx, "SELECT id AS subject FROM masters WHERE salon_id = ?", salonID)
}

// ChangeRules counts a change of what decides whether a time of a salon can be booked, so that nothing is booked by older rules.
// The caller has the locks of whom the change is about, by [LockRules] or package claims. It keeps the row of the salon from changing until tx
// ends, so it comes after those locks. A deadlock of two changes that meet in other rows is resolved by running one of them again (InTx).
func ChangeRules(ctx context.Context, tx *postgres.DB, salonID string) error {
	err := tx.Conn(ctx).Exec("UPDATE salons SET rules_version = rules_version + 1 WHERE id = ?", salonID).Error
	if postgres.TimedOut(err) {
		return claims.ErrContention.WithCause(err)
	}
	if err != nil {
		return fmt.Errorf("count a change of a salon's rules: %w", err)
	}
	return nil
}
