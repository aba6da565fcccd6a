package watch

import (
	"context"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/internal/stream"
)

// errOtherTicket means that a ticket is for the other kind of stream.
var errOtherTicket = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_TICKET_SPENT, "the ticket is for another stream")

// IssueWatchTicket returns a ticket for a stream of the caller.
func (w *Watch) IssueWatchTicket(
	ctx context.Context, req *appointmentv1.IssueWatchTicketRequest,
) (*appointmentv1.WatchTicket, error) {
	if err := checkTicket(req, auth.Caller(ctx)); err != nil {
		return nil, err
	}
	ticket, expires, err := w.streams.IssueTicket(ctx, req)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.WatchTicket{Ticket: ticket, ExpireTime: protoconv.Timestamp(expires)}, nil
}

// checkTicket refuses requests whose stream could not be opened.
func checkTicket(req *appointmentv1.IssueWatchTicketRequest, caller auth.Principal) error {
	if of := req.GetAppointments(); of != nil {
		switch {
		case caller.UserID == "":
			return stream.ErrNoCaller
		case of.GetTicket() != "":
			return apierr.InvalidField("appointments.ticket", "must be empty")
		case of.GetResumeToken() != "":
			return apierr.InvalidField("appointments.resume_token", "must be empty: it is given when the stream is opened")
		}
		_, err := filterOf(of, caller)
		return apierr.Within("appointments", err)
	}
	of := req.GetAvailability()
	switch {
	case of.GetTicket() != "":
		return apierr.InvalidField("availability.ticket", "must be empty")
	case of.GetResumeToken() != "":
		return apierr.InvalidField("availability.resume_token", "must be empty: it is given when the stream is opened")
	}
	_, err := searchOf(of)
	return apierr.Within("availability", err)
}

// redeem uses a ticket and returns what it is for. The context has the account for which it was issued.
func (w *Watch) redeem(ctx context.Context, ticket string) (context.Context, *appointmentv1.IssueWatchTicketRequest, error) {
	var req appointmentv1.IssueWatchTicketRequest
	ctx, err := w.streams.Redeem(ctx, ticket, &req)
	return ctx, &req, err
}
