package watch

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/stream"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

const (
	// searchGap is the shortest time between two searches of a stream.
	searchGap = 300 * time.Millisecond
	// searchInterval is how often a stream searches when nothing has changed: time passes, and the first slots with it.
	searchInterval = 30 * time.Second
	// renewTime is how old quotes become before a result is sent again. They can be booked for longer.
	renewTime = availability.QuoteTime * 2 / 3
)

// finder is a stream of the results of a search.
type finder struct {
	*stream.Stream[*change]
	w      *Watch
	ctx    context.Context
	out    grpc.ServerStreamingServer[appointmentv1.WatchAvailabilityResponse]
	req    *appointmentv1.WatchAvailabilityRequest // without ticket and resume token
	viewer string
	digest string    // of the last result
	sent   time.Time // when it was sent
}

// WatchAvailability streams the results of a search.
func (w *Watch) WatchAvailability(
	req *appointmentv1.WatchAvailabilityRequest, out grpc.ServerStreamingServer[appointmentv1.WatchAvailabilityResponse],
) error {
	resume := req.GetResumeToken()
	ctx, req, err := w.availabilityRequest(out.Context(), req)
	if err != nil {
		return err
	}
	search, err := searchOf(req)
	if err != nil {
		return err
	}
	salonID, err := w.availability.SalonOf(ctx, search)
	if err != nil {
		return err
	}
	caller := auth.Caller(ctx)
	f := &finder{w: w, ctx: ctx, out: out, req: req, viewer: caller.UserID}
	f.Stream, err = w.streams.Open(ctx, caller, func(b *stream.Batch[*change]) bool {
		return slices.ContainsFunc(b.Changes, func(c *stream.Change[*change]) bool {
			return c.Value.key.SalonID == salonID || c.Value.key.SalonID == ""
		})
	})
	if err != nil {
		return err
	}
	defer f.Close()
	defer w.rules.follow(salonID)()
	if t, ok := w.streams.Tokens.Decode(req, resume, f.viewer); ok {
		f.digest, f.sent = t.Digest, time.Unix(t.Sent, 0)
	}
	if err := f.search(search, appointmentv1.WatchEventType_WATCH_EVENT_TYPE_SNAPSHOT); err != nil {
		return err
	}
	if err := f.send(&appointmentv1.WatchAvailabilityResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_READY}); err != nil {
		return err
	}
	return f.follow(search)
}

// follow searches again whenever something may have changed.
func (f *finder) follow(search *appointmentv1.SearchAvailabilityRequest) error {
	last := time.Now()
	due := time.NewTimer(searchInterval)
	defer due.Stop()
	for {
		_, err := f.Next(due.C)
		if errors.Is(err, stream.ErrBeat) {
			err = f.send(&appointmentv1.WatchAvailabilityResponse{Type: appointmentv1.WatchEventType_WATCH_EVENT_TYPE_HEARTBEAT})
			if err == nil {
				continue
			}
		}
		if err != nil {
			return err
		}
		if gap := searchGap - time.Since(last); gap > 0 { // more may come
			due.Reset(gap)
			continue
		}
		last = time.Now()
		due.Reset(searchInterval)
		if err := f.search(search, appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CHANGED); err != nil {
			return err
		}
	}
}

// search sends the result of the search, unless the client has it.
func (f *finder) search(search *appointmentv1.SearchAvailabilityRequest, as appointmentv1.WatchEventType) error {
	ctx, cancel := context.WithTimeout(f.ctx, stream.ReadTimeout)
	defer cancel()
	result, err := f.w.availability.SearchAvailability(ctx, search)
	if err != nil {
		return err
	}
	digest, err := digestOf(result)
	if err != nil {
		return err
	}
	now := f.w.deps.Now()
	renew := len(result.GetSlots()) > 0 && now.Sub(f.sent) >= renewTime
	if digest == f.digest && !renew {
		return nil
	}
	f.digest, f.sent = digest, now
	return f.send(&appointmentv1.WatchAvailabilityResponse{Type: as, Result: result})
}

func (f *finder) send(m *appointmentv1.WatchAvailabilityResponse) (err error) {
	m.ResumeToken, err = f.w.streams.Tokens.Encode(f.req, stream.Token{Viewer: f.viewer, Digest: f.digest, Sent: f.sent.Unix()})
	if err != nil {
		return err
	}
	f.DelayBeat()
	return f.out.Send(m)
}

// digestOf is a digest of what a result says. Quotes and page tokens are new in every answer, so they do not count.
func digestOf(result *appointmentv1.SearchAvailabilityResponse) (string, error) {
	result = proto.CloneOf(result)
	result.NextPageToken = ""
	for _, s := range result.GetSlots() {
		s.Quote, s.QuoteExpireTime = "", nil
	}
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(result)
	if err != nil {
		return "", fmt.Errorf("digest of a result: %w", err)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:16]), nil
}

// availabilityRequest is appointmentsRequest for searches, which are for everybody.
func (w *Watch) availabilityRequest(
	ctx context.Context, req *appointmentv1.WatchAvailabilityRequest,
) (context.Context, *appointmentv1.WatchAvailabilityRequest, error) {
	if req.GetTicket() == "" {
		req = proto.CloneOf(req)
		req.ResumeToken = ""
		return ctx, req, nil
	}
	if req.Search != nil || isShort(req) {
		return nil, nil, apierr.InvalidField("ticket", "must be alone, but for a resume_token")
	}
	ctx, of, err := w.redeem(ctx, req.GetTicket())
	if err == nil && of.GetAvailability() == nil {
		err = errOtherTicket
	}
	return ctx, of.GetAvailability(), err
}

func isShort(req *appointmentv1.WatchAvailabilityRequest) bool {
	return len(req.GetServiceIds()) > 0 || req.GetStartDate() != "" || req.GetEndDate() != "" || req.GetLimit() != 0 || req.GetFirstPerDay()
}

// searchOf returns the search of a request, long or short.
func searchOf(req *appointmentv1.WatchAvailabilityRequest) (*appointmentv1.SearchAvailabilityRequest, error) {
	if search := req.GetSearch(); search != nil {
		switch {
		case isShort(req):
			return nil, apierr.InvalidField("search", "must be absent beside the short form")
		case search.GetPageToken() != "":
			return nil, apierr.InvalidField("search.page_token", "must be empty")
		}
		return search, nil
	}
	if len(req.GetServiceIds()) == 0 {
		return nil, apierr.InvalidField("service_ids", "must be 1 to 8, unless there is a search or a ticket")
	}
	search := &appointmentv1.SearchAvailabilityRequest{
		StartDate: req.GetStartDate(), EndDate: req.GetEndDate(), Limit: req.GetLimit(), FirstPerDay: req.GetFirstPerDay(),
	}
	for _, id := range req.GetServiceIds() {
		search.Segments = append(search.Segments, &appointmentv1.SegmentFilter{ServiceId: id})
	}
	return search, nil
}
