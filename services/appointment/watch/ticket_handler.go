package watch

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
)

const (
	// ticketTime is how long a ticket can be used.
	ticketTime = time.Minute
	// ticketRetention is how long tickets are kept after that.
	ticketRetention = time.Hour
	// ticketBytes is the length of a ticket's secret.
	ticketBytes = 32
)

// errTicketSpent also answers for tickets that never were: nobody learns which exist.
var errTicketSpent = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_TICKET_SPENT,
	"the ticket has opened a stream already, has expired, or is none")

// IssueWatchTicket returns a ticket for a stream of the caller.
func (w *Watch) IssueWatchTicket(
	ctx context.Context, req *appointmentv1.IssueWatchTicketRequest,
) (*appointmentv1.WatchTicket, error) {
	caller := auth.Caller(ctx)
	if err := checkTicket(req, caller); err != nil {
		return nil, err
	}
	request, err := proto.Marshal(req)
	if err != nil {
		return nil, apierr.Internal(err)
	}
	secret := make([]byte, ticketBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	ticket := base64.RawURLEncoding.EncodeToString(secret)
	row := ticketRow{
		Hash: hashOf(ticket), AccountID: postgres.Null(caller.UserID), SessionID: postgres.Null(caller.SessionID),
		Request: request, ExpireTime: w.deps.Time().Add(ticketTime),
	}
	if err := w.store.insertTicket(ctx, row); err != nil {
		return nil, err
	}
	return &appointmentv1.WatchTicket{Ticket: ticket, ExpireTime: protoconv.Timestamp(row.ExpireTime)}, nil
}

// checkTicket refuses requests whose stream could not be opened.
func checkTicket(req *appointmentv1.IssueWatchTicketRequest, caller auth.Principal) error {
	if of := req.GetAppointments(); of != nil {
		switch {
		case caller.UserID == "":
			return errNoCaller
		case of.GetTicket() != "":
			return apierr.InvalidField("appointments.ticket", "must be empty")
		case of.GetResumeToken() != "":
			return apierr.InvalidField("appointments.resume_token", "must be empty: it is given when the stream is opened")
		}
		_, err := filterOf(of, caller)
		return err
	}
	of := req.GetAvailability()
	switch {
	case of.GetTicket() != "":
		return apierr.InvalidField("availability.ticket", "must be empty")
	case of.GetResumeToken() != "":
		return apierr.InvalidField("availability.resume_token", "must be empty: it is given when the stream is opened")
	}
	_, err := searchOf(of)
	return err
}

// redeem uses a ticket and returns what it is for. The context has the account for which it was issued, as it is now.
func (w *Watch) redeem(ctx context.Context, ticket string) (context.Context, *appointmentv1.IssueWatchTicketRequest, error) {
	row, ok, err := w.store.useTicket(ctx, hashOf(ticket), w.deps.Time())
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, errTicketSpent
	}
	var req appointmentv1.IssueWatchTicketRequest
	if err := proto.Unmarshal(row.Request, &req); err != nil {
		return nil, nil, apierr.Internal(err)
	}
	var caller auth.Principal
	if session := postgres.Value(row.SessionID); session != "" {
		if caller, err = w.deps.Sessions.Check(ctx, session); err != nil {
			return nil, nil, err
		}
	}
	return auth.WithPrincipal(ctx, caller), &req, nil
}

func hashOf(ticket string) []byte {
	sum := sha256.Sum256([]byte(ticket))
	return sum[:]
}

// Prune removes tickets that have expired.
func (w *Watch) Prune(ctx context.Context) error {
	return w.store.pruneTickets(ctx, w.deps.Time().Add(-ticketRetention))
}
