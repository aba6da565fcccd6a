package stream

import (
	"context"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// accountErased is broadcast when a service has erased an account: its streams end in all processes.
const accountErased = "session.erased"

// Forget removes the tickets of an account that is erased in tx. After the commit the streams of the account end, in all processes. Where the
// broadcast does not arrive, they end because the sessions of the account have.
func (s *Server[V]) Forget(ctx context.Context, tx *postgres.DB, accountID string) error {
	if err := deleteTickets(ctx, tx, accountID); err != nil {
		return err
	}
	tx.OnCommit(func() {
		s.guard.endAccount(accountID)
		if err := s.deps.Bus.Broadcast(accountErased, &userv1.SessionEvent{UserId: accountID}); err != nil {
			s.deps.Log.Debug().Err(err).Msg("streams of an erased account end in other processes when their sessions are checked")
		}
	})
	return nil
}

// watchErasures ends the streams of accounts that other processes erase. stop ends the watch.
func (s *Server[V]) watchErasures() (stop func(), err error) {
	return s.deps.Bus.Watch(accountErased, func(e events.Event) {
		var body userv1.SessionEvent
		if err := e.Decode(&body); err != nil {
			s.deps.Log.Warn().Err(err).Msg("ignored a broadcast of an erasure")
			return
		}
		s.guard.endAccount(body.GetUserId())
	})
}

// endAccount ends the streams of an account in this process.
func (g *guard) endAccount(accountID string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, w := range g.watched {
		if w.principal.UserID == accountID {
			w.end(errErased)
			delete(g.watched, id)
		}
	}
}

var errErased = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED, "the account was erased")
