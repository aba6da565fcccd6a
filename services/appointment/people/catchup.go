package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// catchUpPause bounds the rate of the pages of CatchUp.
const catchUpPause = 50 * time.Millisecond

// CatchUp reads the masters and accounts from their owner of whom the owner has a newer state: events may
// have been lost. It compares versions page by page. Failures do not stop it; it returns them joined.
func (p *People) CatchUp(ctx context.Context) error {
	var failed failures
	p.reconcile(ctx, &failed, p.newerMasters, p.rereadMaster)
	p.reconcile(ctx, &failed, p.newerAccounts, p.rereadAccount)
	return failed.join()
}

// newerMasters is a page of masters of whom the owner has a newer state.
func (p *People) newerMasters(ctx context.Context, after string) (ids []string, next string, err error) {
	known, next, err := p.knownVersions(ctx, "masters", after)
	if err != nil || len(known) == 0 {
		return nil, "", err
	}
	found, err := p.owner.FindNewer(ctx, &userv1.FindNewerRequest{Masters: known})
	if err != nil {
		return nil, "", fmt.Errorf("compare masters: %w", err)
	}
	return found.GetMasterIds(), next, nil
}

// newerAccounts is a page of accounts of which the owner has a newer state.
func (p *People) newerAccounts(ctx context.Context, after string) (ids []string, next string, err error) {
	known, next, err := p.knownVersions(ctx, "accounts", after)
	if err != nil || len(known) == 0 {
		return nil, "", err
	}
	found, err := p.owner.FindNewer(ctx, &userv1.FindNewerRequest{Accounts: known})
	if err != nil {
		return nil, "", fmt.Errorf("compare accounts: %w", err)
	}
	return found.GetAccountIds(), next, nil
}

// knownVersions is a page of the versions in a projection. Before another page it lets a moment pass.
func (p *People) knownVersions(
	ctx context.Context, table, after string,
) (known []*userv1.KnownVersion, next string, err error) {
	if after != "" {
		select {
		case <-ctx.Done():
			return nil, "", ctx.Err()
		case <-time.After(catchUpPause):
		}
	}
	known, err = p.store.knownVersions(ctx, table, after, reconcilePage)
	if len(known) == reconcilePage {
		next = known[reconcilePage-1].GetId()
	}
	return known, next, err
}

func (p *People) rereadMaster(ctx context.Context, id string) error {
	if _, err := p.RefreshMaster(ctx, id); !errors.Is(err, ErrMasterUnavailable) {
		return err
	}
	return nil
}

func (p *People) rereadAccount(ctx context.Context, id string) error {
	_, err := p.RefreshAccount(ctx, id)
	return err
}
