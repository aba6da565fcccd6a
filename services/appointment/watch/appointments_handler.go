package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

const (
	// maxRange is the longest time that is watched.
	maxRange = 62 * 24 * time.Hour
	// maxSnapshot is how many appointments a stream begins with at most.
	maxSnapshot = 10_000
)

// diary is a stream of appointments.
type diary struct {
	*stream
	out    grpc.ServerStreamingServer[appointmentv1.WatchAppointmentsResponse]
	req    *appointmentv1.WatchAppointmentsRequest // without ticket and resume token
	caller auth.Principal
	filter booking.Filter
	at     Position
	db     string
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
	d := &diary{out: out, req: req, caller: auth.Caller(ctx)}
	if d.filter, err = filterOf(req, d.caller); err != nil {
		return err
	}
	if d.stream, err = w.open(ctx, d.caller, "", d.wants); err != nil {
		return err
	}
	defer d.close()
	resumed, err := d.resume(resume)
	if err != nil {
		return err
	}
	if !resumed {
		if resume != "" {
			if err := d.send(&appointmentv1.WatchAppointmentsResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_RESET}, token{}); err != nil {
				return err
			}
		}
		if err := d.begin(); err != nil {
			return err
		}
	}
	for {
		b, err := d.next(nil)
		switch {
		case errors.Is(err, errBeat):
			if at, database, ok := w.hub.position(d.subscriber); ok && at.covers(d.at) {
				d.at, d.db = at, database
			}
			err = d.send(&appointmentv1.WatchAppointmentsResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_HEARTBEAT}, d.here())
		case err == nil && b != nil && !d.at.covers(b.to):
			err = d.tell(b, d.at, nil)
		}
		if err != nil {
			return err
		}
	}
}

// appointmentsRequest returns the request of a stream without resume token: that of the ticket, if it has one. The context has the caller.
func (w *Watch) appointmentsRequest(
	ctx context.Context, req *appointmentv1.WatchAppointmentsRequest,
) (context.Context, *appointmentv1.WatchAppointmentsRequest, error) {
	if req.GetTicket() == "" {
		req = proto.CloneOf(req)
		req.ResumeToken = ""
		if auth.Caller(ctx).UserID == "" {
			return nil, nil, errNoCaller
		}
		return ctx, req, nil
	}
	if req.SalonId != nil || req.MasterId != nil || req.From != nil || req.To != nil {
		return nil, nil, apierr.InvalidField("ticket", "must be alone, but for a resume_token")
	}
	ctx, of, err := w.redeem(ctx, req.GetTicket())
	if err == nil && of.GetAppointments() == nil {
		err = errTicketSpent
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

// begin sends what there is.
func (d *diary) begin() error {
	var found []*booking.Appointment
	err := d.snapshot(func(s snapshot) (err error) {
		d.at, d.db = s.at, s.database
		found, err = d.w.bookings.ListIn(d.ctx, s.tx, d.filter)
		return err
	})
	if err != nil {
		return err
	}
	if len(found) > maxSnapshot {
		return apierr.InvalidField("to", fmt.Sprintf("must be earlier: there are more than %d appointments", maxSnapshot))
	}
	for _, a := range found {
		err := d.send(&appointmentv1.WatchAppointmentsResponse{
			Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_SNAPSHOT, Appointment: booking.ToProto(a, d.caller),
		}, token{})
		if err != nil {
			return err
		}
	}
	return d.send(&appointmentv1.WatchAppointmentsResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_READY}, d.here())
}

// resume sends what has changed since a token. It reports false when the token cannot be used.
func (d *diary) resume(text string) (bool, error) {
	t, ok := d.w.tokens.decode(d.req, text, viewerOf(d.caller))
	if !ok {
		return false, nil
	}
	position, err := parsePosition(t.Position) // sealed by this program, so it is one
	if err != nil {
		return false, apierr.Internal(err)
	}
	since := position.without(t.Unsent)
	var b *batch
	var complete bool
	err = d.snapshot(func(s snapshot) (err error) {
		b, complete, err = d.w.hub.batch(d.ctx, s, since, t.Database)
		return err
	})
	if err != nil || !complete {
		return false, err
	}
	d.at, d.db = position, t.Database
	ready := &appointmentv1.WatchAppointmentsResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_READY, ResumeToken: text}
	if err := d.out.Send(ready); err != nil {
		return false, err
	}
	return true, d.tell(b, since, &t)
}

// tell sends what a batch has for the stream, to which everything up to since was sent. resumed is the token that the batch begins with,
// if any.
func (d *diary) tell(b *batch, since Position, resumed *token) error {
	type event struct {
		change   *change
		response *appointmentv1.WatchAppointmentsResponse
	}
	var events []event
	for _, c := range b.changes {
		if c.key.ID == "" || slices.IndexFunc(c.xids, func(xid uint64) bool {
			return !since.includes(xid) && !resumed.knows(c.key.ID, xid)
		}) < 0 {
			continue
		}
		if r := d.response(c, b.appointments[c.key]); r != nil {
			events = append(events, event{c, r})
		}
	}
	for i, e := range events {
		t := token{Position: b.to.short().String(), Database: b.database}
		for _, later := range events[i+1:] {
			t.Unsent = append(t.Unsent, later.change.xids...)
		}
		slices.Sort(t.Unsent)
		t.Unsent = slices.Compact(t.Unsent)
		for _, before := range events[:i+1] {
			if slices.ContainsFunc(before.change.xids, func(xid uint64) bool { return slices.Contains(t.Unsent, xid) }) {
				t.SentOf = append(t.SentOf, shortID(before.change.key.ID))
			}
		}
		if err := d.send(e.response, t); err != nil {
			return err
		}
	}
	d.at, d.db = b.to, b.database
	return nil
}

// wants reports whether a batch has something for the stream. The hub calls it.
func (d *diary) wants(b *batch) bool {
	return slices.ContainsFunc(b.changes, func(c *change) bool { return c.key.ID != "" && d.kind(c, b.appointments[c.key]) != 0 })
}

// kind is what a change means for the stream, 0 for nothing.
func (d *diary) kind(c *change, a *booking.Appointment) appointmentv1.WatchEventType {
	if a == nil || d.filter.SalonID != "" && d.filter.SalonID != a.SalonID {
		return 0
	}
	visible := a.VisibleTo(d.caller)
	shown := visible && (d.filter.MasterID == "" || slices.Contains(a.Masters(), d.filter.MasterID)) &&
		a.End().After(d.filter.From) && a.Start().Before(d.filter.To)
	switch {
	case shown && c.created:
		return appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CREATED
	case shown:
		return appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CHANGED
	case c.moved && (visible || d.caller.Has(a.SalonID, apiv1.SalonRole_SALON_ROLE_MASTER)): // perhaps it was shown before
		return appointmentv1.WatchEventType_WATCH_EVENT_TYPE_REMOVED
	default:
		return 0
	}
}

func (d *diary) response(c *change, a *booking.Appointment) *appointmentv1.WatchAppointmentsResponse {
	kind := d.kind(c, a)
	switch kind {
	case 0:
		return nil
	case appointmentv1.WatchEventType_WATCH_EVENT_TYPE_REMOVED:
		return &appointmentv1.WatchAppointmentsResponse{Type: kind, Appointment: &appointmentv1.Appointment{Id: a.ID}}
	default:
		return &appointmentv1.WatchAppointmentsResponse{Type: kind, Appointment: booking.ToProto(a, d.caller)}
	}
}

// here is the token of what was sent.
func (d *diary) here() token { return token{Position: d.at.short().String(), Database: d.db} }

// send sends a message with a token, unless that is empty.
func (d *diary) send(m *appointmentv1.WatchAppointmentsResponse, t token) (err error) {
	if t.Position != "" {
		t.Viewer = viewerOf(d.caller)
		if m.ResumeToken, err = d.w.tokens.encode(d.req, t); err != nil {
			return err
		}
	}
	d.delayBeat()
	return d.out.Send(m)
}
