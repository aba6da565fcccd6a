package booking

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// attempts is how often a booking is tried that was made from rows which have changed meanwhile. Each
// attempt reads anew what was out of date.
const attempts = 4

// CreateAppointment books an appointment. What it is made from (offerings, salon, customer) comes from
// memory where possible; the statement that writes it checks that all of that is still true.
func (b *Bookings) CreateAppointment(
	ctx context.Context, req *appointmentv1.CreateAppointmentRequest,
) (*appointmentv1.Appointment, error) {
	caller := auth.Caller(ctx)
	key := idempotency.Key{
		Caller:    caller.UserID,
		Method:    appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	request := b.requests.Request(b.deps.DB, key, req)
	booked, err := b.create(ctx, caller, req, request)
	if refusal, ok := errors.AsType[*apierr.Error](err); ok && refusal.Code() == codes.FailedPrecondition {
		// The first call with this request id may have succeeded under conditions that have passed since.
		stored, recallErr := b.requests.Recall(ctx, b.deps.DB, request)
		if recallErr != nil || stored != nil {
			return decodeStored(stored, recallErr)
		}
	}
	return booked, err
}

func (b *Bookings) create(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateAppointmentRequest, request idempotency.Request,
) (*appointmentv1.Appointment, error) {
	start, err := startTime(req.GetStartTime())
	if err != nil {
		return nil, err
	}
	for range attempts {
		c, err := b.plan(ctx, caller, req, start)
		if err != nil {
			return nil, err
		}
		response := toProto(c.appointment, caller)
		if c.request = request; request.RequestID != "" {
			if c.response, err = idempotency.Encode(response); err != nil {
				return nil, err
			}
		}
		result, err := b.queue.Book(ctx, c)
		if err != nil {
			return nil, err
		}
		switch result.Outcome {
		case Booked:
			if c.newCustomer {
				b.people.KnowCustomer(c.customer)
			}
			return response, nil
		case Replayed:
			return decodeStored(result.Response, nil)
		case Reused:
			return nil, idempotency.ErrReused
		case InFlight:
			return nil, idempotency.ErrInFlight
		case Taken:
			return nil, errSlotUnavailable
		case CustomerBusy:
			return nil, errCustomerBusy
		case TooManyOpen:
			return nil, errTooManyOpen
		case Stale:
			b.salons.Forget(c.appointment.SalonID)
			for _, s := range c.appointment.Segments {
				b.catalog.Forget(s.MasterID, s.ServiceID)
			}
		case NoCustomer:
			b.people.ForgetCustomer(c.appointment.SalonID, c.appointment.AccountID)
			if err := b.checkCustomer(ctx, c.appointment); err != nil {
				return nil, err
			}
		}
	}
	return nil, errContention
}

// plan makes the appointment that a request asks for from what is known as of now, and checks that the
// caller may book it.
func (b *Bookings) plan(
	ctx context.Context, caller auth.Principal, req *appointmentv1.CreateAppointmentRequest, start time.Time,
) (*creation, error) {
	by := By{AccountID: caller.UserID, Now: b.deps.Time()}
	if err := checkStart(start, by.Now); err != nil {
		return nil, err
	}
	offerings, err := b.offerings(ctx, req.GetSegments())
	if err != nil {
		return nil, err
	}
	s, err := b.salons.Get(ctx, offerings[0].SalonID)
	if errors.Is(err, salon.ErrNotFound) {
		// A salon that is deleted has no services; the offering is an old one from memory.
		return nil, notOffered(0)
	}
	if err != nil {
		return nil, err
	}
	zone, err := zoneinfo.Load(s.TimeZone)
	if err != nil {
		return nil, err
	}
	isCaller := func(o catalog.Offering) bool { return o.MasterID == caller.UserID }
	by.Actor = actorFor(caller, s.ID, slices.ContainsFunc(offerings, isCaller))
	all := !slices.ContainsFunc(offerings, func(o catalog.Offering) bool { return !isCaller(o) })
	c := &creation{offerings: offerings, salonVersion: s.Version, staff: by.Actor.IsStaff()}
	if c.customer, c.newCustomer, err = b.customer(ctx, caller, s.ID, req.GetCustomerId(), by.Actor, all); err != nil {
		return nil, err
	}
	c.appointment, err = NewAppointment(s, zone, c.customer, start, offerings, req.GetNote(), req.GetAllowCustomerOverlap(), by)
	if err != nil {
		return nil, err
	}
	c.claims = c.appointment.Claims()
	c.event, err = appointmentEvent(c.appointment)
	c.traceparent = traceparent(ctx)
	return c, err
}

// offerings returns the offerings of the segments, which must be of one salon.
func (b *Bookings) offerings(ctx context.Context, segments []*appointmentv1.SegmentInput) ([]catalog.Offering, error) {
	found := make([]catalog.Offering, len(segments))
	for i, s := range segments {
		o, err := b.catalog.Offering(ctx, s.GetMasterId(), s.GetServiceId())
		switch {
		case errors.Is(err, people.ErrMasterUnavailable):
			return nil, people.ErrMasterUnavailable.WithField(segmentField(i, "master_id"), "must be a master who takes bookings")
		case errors.Is(err, catalog.ErrNotOffered):
			return nil, notOffered(i)
		case err != nil:
			return nil, err
		case o.SalonID != found[0].SalonID && i > 0:
			return nil, apierr.InvalidField(segmentField(i, "service_id"), "must be a service of the same salon as the others")
		}
		found[i] = o
	}
	return found, nil
}

// notOffered is the error of a segment whose master does not perform the service.
func notOffered(segment int) error {
	return catalog.ErrNotOffered.WithField(segmentField(segment, "service_id"), "must be a service that the master performs")
}

// customer returns whom an appointment is for: the customer with the id, else the caller. Receptionists,
// managers and administrators book for every customer of the salon, masters where all segments are theirs.
func (b *Bookings) customer(
	ctx context.Context, caller auth.Principal, salonID, customerID string, actor Actor, allTheirs bool,
) (c people.Customer, isNew bool, err error) {
	if customerID == "" {
		return b.people.CustomerOf(ctx, salonID, caller.UserID)
	}
	c, err = b.people.Customer(ctx, customerID, caller)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return c, false, err
	}
	known := err == nil && c.SalonID == salonID
	switch {
	case known && c.AccountID == caller.UserID, known && actor.IsStaff() && (actor != Master || allTheirs):
		return c, false, nil
	case actor == Customer, actor == Master && !allTheirs:
		return c, false, errForOthers
	}
	return c, false, people.ErrCustomerUnavailable
}

// checkCustomer asks the user service about the customer's account after a statement has found the
// customer changed, or the account unknown or disabled. It returns people.ErrCustomerUnavailable unless
// trying again makes sense: customers without account are read anew by each attempt.
func (b *Bookings) checkCustomer(ctx context.Context, a *Appointment) error {
	if a.AccountID == "" {
		return nil
	}
	account, err := b.people.RefreshAccount(ctx, a.AccountID)
	if err != nil {
		return err
	}
	if account.Disabled {
		return people.ErrCustomerUnavailable
	}
	return nil
}

// decodeStored returns a stored answer.
func decodeStored(stored []byte, err error) (*appointmentv1.Appointment, error) {
	if err != nil {
		return nil, err
	}
	return idempotency.Decode[*appointmentv1.Appointment](stored)
}
