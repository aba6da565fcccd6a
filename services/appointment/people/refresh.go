package people

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

const (
	// reconcilers is how many masters or accounts are read from their owner at once.
	reconcilers = 4
	// reconcilePage is how many ids are read at once.
	reconcilePage = 500
	// reconcileErrors is how many errors of one Reconcile are reported in full.
	reconcileErrors = 10
)

// RefreshMaster reads a master from the owner and records the state unless another refresh has recorded a
// newer one. When RefreshMaster returns, no booking that relies on an older state can commit. A master who
// never existed is ErrMasterUnavailable.
func (p *People) RefreshMaster(ctx context.Context, id string) (Master, error) {
	found, err := p.lookupMaster(ctx, id)
	if err != nil {
		return Master{}, err
	}
	var m Master
	err = p.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		m, err = p.recordMaster(ctx, tx, id, found)
		return err
	})
	if err == nil && found == nil {
		err = ErrMasterUnavailable
	}
	return m, err
}

// lookupMaster asks the owner for a master; nil means that there never was one.
func (p *People) lookupMaster(ctx context.Context, id string) (*userv1.LookupMasterResponse, error) {
	found, err := p.owner.LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: id})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up a master: %w", err)
	}
	return found, nil
}

// recordMaster writes what the owner says of a master, in a transaction. What was found may have been
// read before a newer state was recorded, and then the owner is asked again, under the lock. An answer that
// still is not newer than what is known, but differs, is the state of a backup that was restored.
func (p *People) recordMaster(
	ctx context.Context, tx *postgres.DB, id string, found *userv1.LookupMasterResponse,
) (Master, error) {
	// In a statement of its own: what the next one reads is as new as the lock.
	if err := claims.Lock(ctx, tx, id); err != nil {
		return Master{}, err
	}
	store := NewStore(tx)
	before, err := store.Master(ctx, id)
	known := err == nil
	if err != nil && !errors.Is(err, ErrMasterUnavailable) {
		return Master{}, err
	}
	if found == nil && !known {
		return Master{}, nil
	}
	after := before.as(found)
	if known && after != before && after.Version <= before.Version {
		if found, err = p.lookupMaster(ctx, id); err != nil {
			return Master{}, err
		}
		after = before.as(found)
	}
	if after == before {
		return after, nil
	}
	if err := store.PutMaster(ctx, after); err != nil {
		return Master{}, err
	}
	if err := changeRules(ctx, tx, before.SalonID, after.SalonID); err != nil {
		return Master{}, err
	}
	if until := leftUntil(before, after, p.deps.Time()); known && !until.IsZero() {
		if err := p.masterLeft(ctx, tx, id, until); err != nil {
			return Master{}, err
		}
	}
	return after, nil
}

// changeRules counts a change of a master as one of the rules of the salons in which the master has worked, or works from now
// on. The caller has the lock of the master. So nobody else has locked the rows of the master's offerings, and they may be
// locked after those of the salons.
func changeRules(ctx context.Context, tx *postgres.DB, salonIDs ...string) error {
	slices.Sort(salonIDs) // others may be moving the other way
	for _, salonID := range slices.Compact(salonIDs) {
		if salonID == "" { // the master was not known
			continue
		}
		if err := salon.ChangeRules(ctx, tx, salonID); err != nil {
			return err
		}
	}
	return nil
}

// leftUntil returns the instant until which everything of a master belongs to a profile that has ended
// between two states; zero when none has.
func leftUntil(before, after Master, now time.Time) time.Time {
	switch {
	case after.Deleted && !before.Deleted, after.SalonID != before.SalonID:
		return now
	case !after.ProfileTime.Equal(before.ProfileTime):
		// The deletion has not been seen. What the master offers since the profile was made again stays.
		return after.ProfileTime
	}
	return time.Time{}
}

// RefreshAccount reads an account from the owner and records the state unless another refresh has recorded
// a newer one. When RefreshAccount returns, no booking that relies on an older state can commit. The name,
// the phone number and the address of an account that does not exist are removed for ever; the account then
// is disabled.
//
// Where the owner says that the address is verified, the oldest customer of each salon with the same
// address and no account becomes the account's, unless the account has a customer there. Nothing else of
// the customers changes.
func (p *People) RefreshAccount(ctx context.Context, id string) (Account, error) {
	found, err := p.lookupAccount(ctx, id)
	if err != nil {
		return Account{}, err
	}
	var a Account
	err = p.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		a, err = p.recordAccount(ctx, tx, id, found)
		return err
	})
	return a, err
}

// lookupAccount asks the owner for an account; nil means that there is none.
func (p *People) lookupAccount(ctx context.Context, id string) (*userv1.LookupUserResponse, error) {
	found, err := p.owner.LookupUser(ctx, &userv1.LookupUserRequest{UserId: id})
	if status.Code(err) == codes.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look up an account: %w", err)
	}
	return found, nil
}

// recordAccount writes what the owner says of an account, in a transaction. See recordMaster for a state
// that is not newer than what is known.
func (p *People) recordAccount(
	ctx context.Context, tx *postgres.DB, id string, found *userv1.LookupUserResponse,
) (Account, error) {
	store := NewStore(tx)
	// The customers who may become the account's: a booking for one of them must not commit with what it knew of
	// the customer before.
	var candidates []string
	if found.GetEmailVerified() {
		var err error
		if candidates, err = store.Unmatched(ctx, fold.Email(found.GetEmail())); err != nil {
			return Account{}, err
		}
	}
	// All in a statement of its own: what the next one reads is as new as the locks.
	if err := claims.Lock(ctx, tx, append(candidates, id)...); err != nil {
		return Account{}, err
	}
	before, err := store.Account(ctx, id)
	if err != nil && !errors.Is(err, errNoAccount) {
		return Account{}, err
	}
	known := err == nil
	if known && before.Version == goneVersion {
		return before, nil
	}
	after := accountAs(id, found)
	if known && after != before && after.Version <= before.Version {
		if found, err = p.lookupAccount(ctx, id); err != nil {
			return Account{}, err
		}
		after = accountAs(id, found)
	}
	if !known || after != before {
		if err := store.PutAccount(ctx, after); err != nil {
			return Account{}, err
		}
	}
	if found.GetEmailVerified() {
		if err := store.MatchCustomers(ctx, id, fold.Email(after.Email), candidates, p.deps.Time()); err != nil {
			return Account{}, err
		}
	}
	tx.OnCommit(func() { p.memory.forget(id) })
	return after, nil
}

// Reconcile reads the masters and accounts from their owner that were never read. Failures do not stop
// it; it returns them joined.
func (p *People) Reconcile(ctx context.Context) error {
	var failed failures
	p.reconcile(ctx, &failed, unread(p.store.UnreadMasters), p.rereadMaster)
	p.reconcile(ctx, &failed, unread(p.store.UnreadAccounts), p.rereadAccount)
	return failed.join()
}

// page returns the ids of a page that follows an id, and the id that the next page follows; empty before
// the first page and after the last.
type page func(ctx context.Context, after string) (ids []string, next string, err error)

func unread(list func(ctx context.Context, after string, limit int) ([]string, error)) page {
	return func(ctx context.Context, after string) (ids []string, next string, err error) {
		ids, err = list(ctx, after, reconcilePage)
		if len(ids) == reconcilePage {
			next = ids[reconcilePage-1]
		}
		return ids, next, err
	}
}

// reconcile refreshes the rows whose ids are in pages.
func (p *People) reconcile(
	ctx context.Context, failed *failures, pages page, refresh func(ctx context.Context, id string) error,
) {
	var after string
	for ctx.Err() == nil {
		ids, next, err := pages(ctx, after)
		if err != nil {
			failed.add(err)
			return
		}
		var g errgroup.Group
		g.SetLimit(reconcilers)
		for _, id := range ids {
			g.Go(func() error {
				failed.add(refresh(ctx, id))
				return nil
			})
		}
		_ = g.Wait() // never an error: failures do not stop the others
		if next == "" {
			return
		}
		after = next
	}
	failed.add(ctx.Err())
}

// failures collects errors. It is safe for concurrent use.
type failures struct {
	mu    sync.Mutex
	first []error
	more  int
}

func (f *failures) add(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.first) == reconcileErrors {
		f.more++
		return
	}
	f.first = append(f.first, err)
}

func (f *failures) join() error {
	if f.more > 0 {
		return errors.Join(append(f.first, fmt.Errorf("and %d more", f.more))...)
	}
	return errors.Join(f.first...)
}
