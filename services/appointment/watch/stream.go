package watch

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

const (
	// heartbeat is how long a stream is silent at most.
	heartbeat = 15 * time.Second
	// snapshotsAtOnce bounds the snapshots that are read at the same time, as when many clients come back at once.
	snapshotsAtOnce = 4
)

// Watch answers appointmentv1.WatchService.
type Watch struct {
	appointmentv1.UnimplementedWatchServiceServer

	deps         service.Deps
	store        *Store
	hub          *hub
	guard        *guard
	tokens       tokens
	bookings     *booking.Bookings
	availability *availability.Availability
	snapshots    chan struct{}
	heartbeat    time.Duration

	ending    chan struct{}
	endingOne sync.Once
}

// New makes the streams of a service. It connects to nothing.
func New(d service.Deps, bookings *booking.Bookings, availability *availability.Availability) *Watch {
	most := d.MaxStreams
	if most <= 0 {
		most = service.DefaultMaxStreams
	}
	store := NewStore(d.DB)
	return &Watch{
		deps: d, store: store, hub: newHub(d, store, bookings), guard: newGuard(d.Sessions, most),
		tokens: tokens{pagetoken.New(d.Keys), d.Now}, bookings: bookings, availability: availability,
		snapshots: make(chan struct{}, snapshotsAtOnce), heartbeat: heartbeat, ending: make(chan struct{}),
	}
}

// Register adds the methods to a server.
func (w *Watch) Register(r grpc.ServiceRegistrar) { appointmentv1.RegisterWatchServiceServer(r, w) }

// Run reads changes and checks the sessions of open streams, until ctx ends. Then all streams end.
func (w *Watch) Run(ctx context.Context) error {
	defer w.EndStreams()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return w.hub.run(ctx) })
	g.Go(func() error { return w.guard.run(ctx) })
	return g.Wait()
}

// EndStreams ends all streams at once and refuses new ones: the process stops.
func (w *Watch) EndStreams() { w.endingOne.Do(func() { close(w.ending) }) }

// stream is an open stream.
type stream struct {
	w         *Watch
	ctx       context.Context
	admission *admission
	*subscriber
	beat *time.Timer
}

// open admits a stream of a caller and subscribes it.
func (w *Watch) open(ctx context.Context, caller auth.Principal, salonID string, wants func(*batch) bool) (*stream, error) {
	select {
	case <-w.ending:
		return nil, errEnding
	default:
	}
	admission, err := w.guard.admit(ctx, caller)
	if err != nil {
		return nil, err
	}
	sub, err := w.hub.subscribe(ctx, salonID, wants)
	if err != nil {
		admission.release()
		return nil, err
	}
	return &stream{w: w, ctx: ctx, admission: admission, subscriber: sub, beat: time.NewTimer(w.heartbeat)}, nil
}

func (s *stream) close() {
	s.beat.Stop()
	s.w.hub.unsubscribe(s.subscriber)
	s.admission.release()
}

// errBeat means that nothing has happened for as long as a stream may be silent.
var errBeat = errors.New("watch: heartbeat")

// next waits for something that the stream has to tell: a batch, or nil for other changes of the salon. errBeat: a heartbeat is due. Other errors
// end the stream. A nil later is never ready.
func (s *stream) next(later <-chan time.Time) (*batch, error) {
	select { // what ends the stream comes first
	case err := <-s.admission.ended:
		return nil, err
	case <-s.lagged:
		return nil, errTooSlow
	case <-s.w.ending:
		return nil, errEnding
	default:
	}
	select {
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	case err := <-s.admission.ended:
		return nil, err
	case <-s.lagged:
		return nil, errTooSlow
	case <-s.lost:
		return nil, errLost
	case <-s.w.ending:
		return nil, errEnding
	case b := <-s.batches:
		return b, nil
	case <-s.changed:
		return nil, nil //nolint:nilnil // not a batch, and no error
	case <-later:
		return nil, nil //nolint:nilnil // not a batch, and no error
	case <-s.beat.C:
		s.beat.Reset(s.w.heartbeat)
		return nil, errBeat
	}
}

// delayBeat delays the next heartbeat.
func (s *stream) delayBeat() { s.beat.Reset(s.w.heartbeat) }

// snapshot runs fn in a transaction that sees one state of the database. Only some run at a time.
func (s *stream) snapshot(fn func(snapshot) error) error {
	select {
	case s.w.snapshots <- struct{}{}:
		defer func() { <-s.w.snapshots }()
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	return s.w.hub.inSnapshot(s.ctx, fn)
}

// The errors that end streams.
var (
	errTooSlow = apierr.New(codes.ResourceExhausted, appointmentv1.ErrorReason_ERROR_REASON_STREAM_TOO_SLOW,
		"the stream was read too slowly; resume it with its last token")
	errEnding = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"this part of the system stops; resume the stream with its last token").WithRetryAfter(time.Second)
	errLost = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"too much has changed; open the stream again").WithRetryAfter(time.Second)
	errNoCaller = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"an access token or a ticket is required")
)
