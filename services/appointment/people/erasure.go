package people

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/postgres"
)

// ErasedName is the name of a customer whose account was erased.
const ErasedName = "Deleted customer"

// errNotErased means that the user service still has an account that is to be erased here.
var errNotErased = errors.New("the account exists")

// Forget reads from the user service that an account was erased. When it returns, no booking for the account can commit.
// It also reads the master's profile, whose name has gone too.
func (p *People) Forget(ctx context.Context, accountID string) error {
	account, err := p.RefreshAccount(ctx, accountID)
	if err != nil {
		return err
	}
	if account.Version != goneVersion {
		return errNotErased
	}
	if _, err := p.store.Master(ctx, accountID); errors.Is(err, ErrMasterUnavailable) {
		return nil
	}
	_, err = p.RefreshMaster(ctx, accountID)
	return err
}

// EraseCustomers makes the customers of an account nobody's, in all salons, and returns their ids. The rows stay for the
// salon's books. The locks of the account and of the customers are held.
func (p *People) EraseCustomers(ctx context.Context, tx *postgres.DB, accountID string) ([]string, error) {
	ids, err := NewStore(tx).eraseCustomers(ctx, accountID, ErasedName, fold.Text(ErasedName), p.deps.Time())
	tx.OnCommit(func() { p.memory.forget(accountID) })
	return ids, err
}
