package watch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/internal/stream"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

const (
	// maxRange is the longest time that is watched.
	maxRange = 62 * 24 * time.Hour
	// maxSnapshot is how many appointments a stream begins with at most.
	maxSnapshot = 10_000
)

// diary is what a stream of appointments shows to a caller.
type diary struct {
	caller auth.Principal
	filter booking.Filter
}

// WatchAppointments streams the appointments of a time.
func (w *Watch) WatchAppointments(
	req *appointmentv1.WatchAppointmentsRequest, out grpc.ServerStreamingServer[appointmentv1.WatchAppointmentsResponse],
) error {
	resume := req.GetResumeToken()
	ctx, req, err := w.appointmentsRequest(out.Context(), req)
	if err != nil {
		return err
	}
	d := diary{caller: auth.Caller(ctx)}
	if d.filter, err = filterOf(req, d.caller); err != nil {
		return err
	}
	return w.streams.Follow(ctx, stream.Feed[*change]{
		Request: req, Caller: d.caller, Kind: d.kind,
		Begin: func(ctx context.Context, tx *postgres.DB) ([]*change, error) { return w.begin(ctx, tx, d.filter) },
		Send: func(events []stream.Event[*change]) error {
			for _, e := range events {
				if err := out.Send(d.response(e)); err != nil {
					return err
				}
			}
			return nil
		},
	}, resume)
}

// appointmentsRequest returns the request of a stream without resume token: that of the ticket, if it has one. The context has the caller.
func (w *Watch) appointmentsRequest(
	ctx context.Context, req *appointmentv1.WatchAppointmentsRequest,
) (context.Context, *appointmentv1.WatchAppointmentsRequest, error) {
	if req.GetTicket() == "" {
		req = proto.CloneOf(req)
		req.ResumeToken = ""
		if auth.Caller(ctx).UserID == "" {
			return nil, nil, stream.ErrNoCaller
		}
		return ctx, req, nil
	}
	if req.SalonId != nil || req.MasterId != nil || req.From != nil || req.To != nil {
		return nil, nil, apierr.InvalidField("ticket", "must be alone, but for a resume_token")
	}
	ctx, of, err := w.redeem(ctx, req.GetTicket())
	if err == nil && of.GetAppointments() == nil {
		err = errOtherTicket
	}
	return ctx, of.GetAppointments(), err
}

// filterOf reads what is watched.
func filterOf(req *appointmentv1.WatchAppointmentsRequest, caller auth.Principal) (f booking.Filter, err error) {
	f = booking.Filter{VisibleTo: caller, SalonID: req.GetSalonId(), MasterID: req.GetMasterId(), Limit: maxSnapshot + 1}
	if req.GetFrom() == nil {
		return f, apierr.InvalidField("from", "must be present")
	}
	if req.GetTo() == nil {
		return f, apierr.InvalidField("to", "must be present")
	}
	if f.From, err = protoconv.Time("from", req.GetFrom()); err != nil {
		return f, err
	}
	if f.To, err = protoconv.Time("to", req.GetTo()); err != nil {
		return f, err
	}
	switch length := f.To.Sub(f.From); {
	case length <= 0:
		return f, apierr.InvalidField("to", "must be after from")
	case length > maxRange:
		return f, apierr.InvalidField("to", "must be at most 62 days after from")
	}
	return f, nil
}

// begin returns what there is.
func (w *Watch) begin(ctx context.Context, tx *postgres.DB, filter booking.Filter) ([]*change, error) {
	found, err := w.bookings.ListIn(ctx, tx, filter)
	if err != nil {
		return nil, err
	}
	if len(found) > maxSnapshot {
		return nil, apierr.InvalidField("to", fmt.Sprintf("must be earlier: there are more than %d appointments", maxSnapshot))
	}
	changes := make([]*change, len(found))
	for i, a := range found {
		changes[i] = &change{appointment: a}
	}
	return changes, nil
}

// kind is what a change means for the stream, 0 for nothing.
func (d diary) kind(c *change) stream.Type {
	a := c.appointment
	if a == nil || d.filter.SalonID != "" && d.filter.SalonID != a.SalonID {
		return 0
	}
	visible := a.VisibleTo(d.caller)
	shown := visible && (d.filter.MasterID == "" || slices.Contains(a.Masters(), d.filter.MasterID)) &&
		a.End().After(d.filter.From) && a.Start().Before(d.filter.To)
	switch {
	case shown && c.created:
		return stream.Created
	case shown:
		return stream.Changed
	case c.moved && (visible || d.caller.Has(a.SalonID, apiv1.SalonRole_SALON_ROLE_MASTER)): // perhaps it was shown before
		return stream.Removed
	default:
		return 0
	}
}

func (d diary) response(e stream.Event[*change]) *appointmentv1.WatchAppointmentsResponse {
	m := &appointmentv1.WatchAppointmentsResponse{Type: appointmentv1.WatchEventType(e.Type), ResumeToken: e.Token}
	switch {
	case e.Value == nil:
	case e.Type == stream.Removed:
		m.Appointment = &appointmentv1.Appointment{Id: e.Value.appointment.ID}
	default:
		m.Appointment = booking.ToProto(e.Value.appointment, d.caller)
	}
	return m
}
