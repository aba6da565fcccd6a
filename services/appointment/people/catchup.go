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

// CatchUp reads the masters and accounts from their owner of whom the owner has another state: a newer one
// whose event was lost, or an older one. A refresh that was under way when a backup was restored may have
// recorded a state that the backup does not have. CatchUp compares versions page by page. Failures do not
// stop it; it returns them joined.
func (p *People) CatchUp(ctx context.Context) error {
	var failed failures
	p.reconcile(ctx, &failed, p.changed("masters", askMasters, (*userv1.FindNewerResponse).GetMasterIds), p.rereadMaster)
	p.reconcile(ctx, &failed, p.changed("accounts", askAccounts, (*userv1.FindNewerResponse).GetAccountIds), p.rereadAccount)
	return failed.join()
}

func askMasters(known []*userv1.KnownVersion) *userv1.FindNewerRequest {
	return &userv1.FindNewerRequest{Masters: known}
}

func askAccounts(known []*userv1.KnownVersion) *userv1.FindNewerRequest {
	return &userv1.FindNewerRequest{Accounts: known}
}

// changed returns the pages of those rows of a projection of which the owner has another state.
func (p *People) changed(
	table string, ask func([]*userv1.KnownVersion) *userv1.FindNewerRequest, found func(*userv1.FindNewerResponse) []string,
) page {
	return func(ctx context.Context, after string) (ids []string, next string, err error) {
		known, next, err := p.knownVersions(ctx, table, after)
		if err != nil || len(known) == 0 {
			return nil, "", err
		}
		resp, err := p.owner.FindNewer(ctx, ask(known))
		if err != nil {
			return nil, "", fmt.Errorf("compare %s: %w", table, err)
		}
		return found(resp), next, nil
	}
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
