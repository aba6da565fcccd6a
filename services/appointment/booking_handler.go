package appointment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
)

// bookingAttempts is how often a visit is tried whose offer or customer was not
// as it was thought to be. Each attempt reads anew what was wrong.
const bookingAttempts = 4

var errKeepsChanging = apierr.New(codes.Aborted, apiv1.ErrorReason_ERROR_REASON_CONTENTION,
	"the offering keeps changing; try again")

// order is what a caller wants to book.
type order struct {
	caller     auth.Principal
	customerID string
	note       string
	by         Party
	keys       []offerKey
	starts     []time.Time
	repeat     idempotency.Key
	hash       []byte
	previous   []byte // the hash from before a change of the secret
}

// CreateAppointment books a visit.
func (h *appointmentHandler) CreateAppointment(
	ctx context.Context, req *appointmentv1.CreateAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	o, err := h.orderOf(auth.Caller(ctx), req)
	if err != nil {
		return nil, err
	}
	booked, err := h.book(ctx, o)
	var refusal *apierr.Error
	if errors.As(err, &refusal) && refusal.Code() == codes.FailedPrecondition && o.repeat.RequestID != "" {
		// The first call may have succeeded under conditions that have passed since.
		known, recallErr := h.store.Recall(ctx, o.repeat, o.hash, o.previous, h.deps.Time().Add(-idempotency.Retention))
		if recallErr != nil {
			return nil, recallErr
		}
		if known.Outcome != "" {
			return answerOf(known)
		}
	}
	return booked, err
}

// orderOf reads a request and checks who may ask for this.
func (h *appointmentHandler) orderOf(caller auth.Principal, req *appointmentv1.CreateAppointmentRequest) (order, error) {
	o := order{
		caller:     caller,
		customerID: req.GetCustomerId(),
		note:       req.GetNote(),
		by:         Customer,
	}
	if o.customerID == "" {
		o.customerID = caller.UserID
	}
	everyMaster := true
	for i, s := range req.GetSegments() {
		start, err := timeFromProto(fmt.Sprintf("segments[%d].start_time", i), s.GetStartTime())
		if err != nil {
			return order{}, err
		}
		o.keys = append(o.keys, offerKey{masterID: s.GetMasterId(), serviceID: s.GetServiceId()})
		o.starts = append(o.starts, start)
		if caller.IsMaster() && s.GetMasterId() == caller.UserID {
			o.by = Master
		} else {
			everyMaster = false
		}
	}
	if caller.IsAdmin() {
		o.by = Administrator
	}
	if o.customerID != caller.UserID && !caller.IsAdmin() && !everyMaster {
		return order{}, errForOthers
	}
	if req.GetRequestId() != "" {
		o.repeat = idempotency.Key{
			Caller:    caller.UserID,
			Method:    appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			RequestID: req.GetRequestId(),
		}
		o.hash, o.previous = h.requests.Hash(req), h.requests.PreviousHash(req)
	}
	return o, nil
}

func (h *appointmentHandler) book(ctx context.Context, o order) (*appointmentv1.Appointment, error) {
	for range bookingAttempts {
		booking, response, err := h.bookingOf(ctx, o)
		if err != nil {
			return nil, err
		}
		result, err := h.booker.Book(ctx, booking)
		if err != nil {
			return nil, err
		}
		switch result.Outcome {
		case Booked:
			return response, nil
		case StaleOffer:
			for _, key := range o.keys {
				h.offers.forget(key)
			}
		case NoCustomer:
			if err := h.directory.customer(ctx, o.customerID); err != nil {
				return nil, err
			}
		default:
			return answerOf(result)
		}
	}
	return nil, errKeepsChanging
}

// bookingOf makes the visit and its answer from what is offered as of now.
func (h *appointmentHandler) bookingOf(ctx context.Context, o order) (*Booking, *appointmentv1.Appointment, error) {
	now := h.deps.Time()
	wishes := make([]Wish, len(o.keys))
	offers := make([]Offer, len(o.keys))
	for i, key := range o.keys {
		if err := checkStart(fmt.Sprintf("segments[%d].start_time", i), o.starts[i], now); err != nil {
			return nil, nil, err
		}
		offer, err := h.offers.get(ctx, key)
		if err != nil {
			return nil, nil, offerError(err, i)
		}
		wishes[i], offers[i] = Wish{Offer: offer, Start: o.starts[i]}, offer
	}
	a, err := NewAppointment(o.customerID, o.note, o.by, wishes, now)
	if err != nil {
		return nil, nil, err
	}
	event, err := appointmentEvent(eventCreated, a)
	if err != nil {
		return nil, nil, err
	}
	b := &Booking{
		Appointment: a, Offers: offers, OwnCustomer: o.customerID == o.caller.UserID,
		Event: event, Traceparent: traceparent(ctx), Key: o.repeat,
		Hash: o.hash, PreviousHash: o.previous,
	}
	response := appointmentProto(a)
	if o.repeat.RequestID != "" {
		if b.Response, err = (proto.MarshalOptions{Deterministic: true}).Marshal(response); err != nil {
			return nil, nil, fmt.Errorf("encode an appointment: %w", err)
		}
	}
	return b, response, nil
}

// offerError names the field of the segment that cannot be booked.
func offerError(err error, segment int) error {
	switch {
	case errors.Is(err, errMasterUnavailable):
		return errMasterUnavailable.WithField(fmt.Sprintf("segments[%d].master_id", segment), "must be a master who takes bookings")
	case errors.Is(err, errNotOffered):
		return errNotOffered.WithField(fmt.Sprintf("segments[%d].service_id", segment), "must be a service that the master offers")
	}
	return err
}

// answerOf turns the outcomes that end an attempt into an answer.
func answerOf(result BookingResult) (*appointmentv1.Appointment, error) {
	switch result.Outcome {
	case Replayed:
		var first appointmentv1.Appointment
		if err := proto.Unmarshal(result.Response, &first); err != nil {
			return nil, fmt.Errorf("decode a stored answer: %w", err)
		}
		return &first, nil
	case Reused:
		return nil, idempotency.ErrReused
	case InFlight:
		return nil, idempotency.ErrInFlight
	case Taken:
		return nil, errSlotUnavailable.WithField("segments[0].start_time", "must be a time at which the master is free")
	}
	return nil, fmt.Errorf("unexpected outcome %q of a booking", result.Outcome)
}
