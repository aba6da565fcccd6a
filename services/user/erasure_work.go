package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/failpoint"
)

const (
	// erasureInterval is how often services are looked for that have not erased an account yet.
	erasureInterval = 3 * time.Second
	// erasureLease is how long others leave a service to the process that tells it.
	erasureLease = 15 * time.Second
	// erasureRetry is the pause after the first failure. It doubles up to erasureLease.
	erasureRetry = time.Second
	// erasureBatch is how many services are told in one go.
	erasureBatch = 30
)

// Errand is what a service has to do for an erasure.
type Errand struct {
	// ErasureID is the erasure, AccountID its account, Service who has to do it.
	ErasureID, AccountID, Service string
	// Attempts counts the tries, with this one.
	Attempts int
}

// retryAfter returns the pause after a try that has failed.
func (e Errand) retryAfter() time.Duration {
	pause := erasureRetry
	for i := 1; i < e.Attempts && pause < erasureLease; i++ {
		pause *= 2
	}
	return min(pause, erasureLease)
}

// continueErasures tells the services that have not erased an account yet. Any number of processes may do so at once.
func (s *Service) continueErasures(ctx context.Context) error { return s.workOn(ctx, "") }

// workOn tells the services that have something to do for an erasure, or for all when erasureID is empty. Failures do not
// stop it; it returns them joined.
func (s *Service) workOn(ctx context.Context, erasureID string) error {
	errands, err := s.store.TakeErrands(ctx, erasureID, s.deps.Time(), erasureLease, erasureBatch)
	if err != nil {
		return err
	}
	var failed []error
	for _, e := range errands {
		if err := s.tell(ctx, e); err != nil {
			failed = append(failed, fmt.Errorf("erase account %s in %s: %w", e.AccountID, e.Service, err))
			if err := s.store.PostponeErrand(ctx, e, s.deps.Time().Add(e.retryAfter())); err != nil {
				failed = append(failed, err)
			}
		}
	}
	return errors.Join(failed...)
}

// tell lets a service erase an account, and notes what it has removed.
func (s *Service) tell(ctx context.Context, e Errand) error {
	client, known := s.keepers[e.Service]
	if !known {
		return errors.New("no such service")
	}
	limited, cancel := context.WithTimeout(ctx, refreshTimeout)
	defer cancel()
	resp, err := client.EraseAccount(limited, &apiv1.EraseAccountRequest{AccountId: e.AccountID})
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.ErasureBeforeNote)
	return s.store.FinishErrand(ctx, e, erasure.FromProto(resp.GetRemoved()), s.deps.Time())
}
