package stream

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

const (
	// ticketTime is how long a ticket can be used.
	ticketTime = time.Minute
	// ticketRetention is how long tickets are kept after that.
	ticketRetention = time.Hour
	// ticketBytes is the length of a ticket's secret.
	ticketBytes = 32
)

// IssueTicket returns a ticket that opens one stream of the caller with a request, and when it expires.
func (s *Server[V]) IssueTicket(ctx context.Context, req proto.Message) (ticket string, expires time.Time, err error) {
	request, err := proto.Marshal(req)
	if err != nil {
		return "", time.Time{}, apierr.Internal(err)
	}
	secret := make([]byte, ticketBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	ticket = base64.RawURLEncoding.EncodeToString(secret)
	caller, expires := auth.Caller(ctx), s.deps.Time().Add(ticketTime)
	erased, err := insertTicket(ctx, s.deps.DB, ticketRow{
		Hash: hashOf(ticket), AccountID: postgres.Null(caller.UserID), SessionID: postgres.Null(caller.SessionID),
		Request: request, ExpireTime: expires,
	})
	if err == nil && erased {
		err = errErased
	}
	return ticket, expires, err
}

// Redeem uses a ticket and reads into req what it is for. The context has the account for which it was issued, as it is now. A ticket that
// was used, has expired or never was is TICKET_SPENT: nobody learns which exist.
func (s *Server[V]) Redeem(ctx context.Context, ticket string, req proto.Message) (context.Context, error) {
	row, ok, err := useTicket(ctx, s.deps.DB, hashOf(ticket), s.deps.Time())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, s.errSpent
	}
	if err := proto.Unmarshal(row.Request, req); err != nil {
		return nil, apierr.Internal(err)
	}
	var caller auth.Principal
	if session := postgres.Value(row.SessionID); session != "" {
		if caller, err = s.deps.Sessions.Check(ctx, session); err != nil {
			return nil, err
		}
	}
	return auth.WithPrincipal(ctx, caller), nil
}

func hashOf(ticket string) []byte {
	sum := sha256.Sum256([]byte(ticket))
	return sum[:]
}

// Prune removes tickets that have expired.
func (s *Server[V]) Prune(ctx context.Context) error {
	return pruneTickets(ctx, s.deps.DB, s.deps.Time().Add(-ticketRetention))
}
