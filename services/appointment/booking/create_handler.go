package booking

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
)

// CreateAppointment books an appointment. The salon's rules and the customer come from memory where possible; the statement that
// writes the appointment checks that they are still true.
func (b *Bookings) CreateAppointment(
	ctx context.Context, req *appointmentv1.CreateAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	key := idempotency.Key{
		Caller:    caller.UserID,
		Method:    appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	if req.HoldId != nil {
		booked, err := b.createHeld(ctx, caller, req, key)
		booked, err = orFirst(ctx, b, b.requests.Request(b.deps.DB, key, req), booked, err)
		return booked, plannedFrom("hold_id", err)
	}
	booked, err := b.bookOnce(ctx, caller, key, req, func(informed bool) (*creation, error) { return b.newCreation(ctx, caller, req, informed) })
	switch {
	case req.Quote != nil:
		err = plannedFrom("quote", err)
	case req.GroupSessionId != nil:
		err = plannedFrom("group_session_id", err)
	}
	return booked, err
}

// plannedFrom is an error of a request that has start and segments from a quote, a hold or a session: it is about that field, and not about
// fields that the request does not have.
func plannedFrom(field string, err error) error {
	if refused, ok := errors.AsType[*apierr.Error](err); ok {
		return refused.WithFieldsAs(field, func(of string) bool { return of == "start_time" || strings.HasPrefix(of, "segments[") })
	}
	return err
}

// bookOnce books what newCreation makes, with the key of the request.
func (b *Bookings) bookOnce(
	ctx context.Context, caller auth.Principal, key idempotency.Key, req proto.Message, newCreation func(informed bool) (*creation, error),
) (*appointmentv1.Appointment, error) {
	request := b.requests.Request(b.deps.DB, key, req)
	booked, err := b.create(ctx, caller, request, newCreation)
	return orFirst(ctx, b, request, booked, err)
}

// orFirst returns the answer of the first call with the same request id instead of a refusal, and otherwise what this call came to.
// The first call may have succeeded under conditions that have passed since, or be what takes the time.
func orFirst[T proto.Message](ctx context.Context, b *Bookings, request idempotency.Request, answer T, err error) (T, error) {
	refusal, refused := errors.AsType[*apierr.Error](err)
	if !refused || !slices.Contains(ofState, refusal.Code()) {
		return answer, err
	}
	stored, recallErr := b.requests.Recall(ctx, b.deps.DB, request)
	switch {
	case recallErr != nil:
		return answer, recallErr
	case stored != nil:
		return idempotency.Decode[T](stored)
	}
	return answer, err
}

// ofState are the codes of errors that come from how things are, and not from the request alone.
var ofState = []codes.Code{codes.FailedPrecondition, codes.AlreadyExists, codes.ResourceExhausted, codes.Aborted}

func (b *Bookings) create(
	ctx context.Context, caller auth.Principal, request idempotency.Request, newCreation func(informed bool) (*creation, error),
) (*appointmentv1.Appointment, error) {
	return retry(func(late bool) (*appointmentv1.Appointment, error) {
		c, err := newCreation(late)
		if err != nil {
			return nil, err
		}
		response := toProto(c.appointment, caller)
		if c.request = request; request.RequestID != "" {
			if c.response, err = idempotency.Encode(response); err != nil {
				return nil, err
			}
		}
		var result Result
		if c.appointment.GroupSessionID == "" {
			result, err = b.queue.Book(ctx, c)
		} else if result, err = b.bookPlace(ctx, caller, c); result.Outcome == Booked {
			response = toProto(c.appointment, caller) // with the number of the place
		}
		if err != nil {
			return nil, err
		}
		switch result.Outcome {
		case Booked:
			if c.newCustomer && c.customer.AccountID != "" {
				b.people.KnowCustomer(c.customer)
			}
			return response, nil
		case Replayed:
			return idempotency.Decode[*appointmentv1.Appointment](result.Response)
		case Reused:
			return nil, idempotency.ErrReused
		case InFlight:
			return nil, idempotency.ErrInFlight
		default:
			return nil, b.replanAfter(ctx, c.appointment, c.appointment.needed(), c.rulesVersion, result.Outcome)
		}
	})
}
