package stream

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/service"
)

const (
	// heartbeat is how long a stream is silent at most.
	heartbeat = 15 * time.Second
	// snapshotsAtOnce bounds the snapshots that are read at the same time, as when many clients come back at once. There are fewer than
	// connections for reads, so that lists and searches go on.
	snapshotsAtOnce = 2
)

// Server has the open streams of a service in this process.
type Server[V any] struct {
	// Heartbeat is how long a stream is silent at most. It is set before streams are opened.
	Heartbeat time.Duration
	// Tokens makes and reads resume tokens.
	Tokens Tokens

	deps      service.Deps
	hub       *hub[V]
	guard     *guard
	snapshots chan struct{}
	errSlow   error
	errSpent  error

	ending    chan struct{}
	endingOne sync.Once
}

// New makes a server. It connects to nothing. tooSlow and spent are the service's reasons STREAM_TOO_SLOW and TICKET_SPENT.
func New[V any](d service.Deps, source Source[V], tooSlow, spent apierr.Reason) *Server[V] {
	most := d.MaxStreams
	if most <= 0 {
		most = service.DefaultMaxStreams
	}
	return &Server[V]{
		Heartbeat: heartbeat, Tokens: Tokens{pagetoken.New(d.Keys), d.Now}, deps: d,
		hub:   &hub[V]{deps: d, source: source, subscribers: map[*subscriber[V]]struct{}{}},
		guard: newGuard(d.Sessions, most), snapshots: make(chan struct{}, snapshotsAtOnce), ending: make(chan struct{}),
		errSlow:  apierr.New(codes.ResourceExhausted, tooSlow, "the stream was read too slowly; resume it with its last token"),
		errSpent: apierr.New(codes.FailedPrecondition, spent, "the ticket has opened a stream already, has expired, or is none"),
	}
}

// Run reads changes, checks the sessions of open streams and ends those of accounts that are erased, until ctx ends. Then all streams end.
func (s *Server[V]) Run(ctx context.Context) error {
	defer s.EndStreams()
	stop, err := s.watchErasures()
	if err != nil {
		return err
	}
	defer stop()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.hub.run(ctx) })
	g.Go(func() error { return s.guard.run(ctx) })
	return g.Wait()
}

// EndStreams ends all streams at once and refuses new ones: the process stops.
func (s *Server[V]) EndStreams() { s.endingOne.Do(func() { close(s.ending) }) }

// Stream is an open stream.
type Stream[V any] struct {
	server    *Server[V]
	ctx       context.Context
	admission *admission
	*subscriber[V]
	beat *time.Timer
}

// Open admits a stream of a caller, which gets the batches that it wants. It must be closed.
func (s *Server[V]) Open(ctx context.Context, caller auth.Principal, wants func(*Batch[V]) bool) (*Stream[V], error) {
	select {
	case <-s.ending:
		return nil, errEnding
	default:
	}
	admission, err := s.guard.admit(ctx, caller)
	if err != nil {
		return nil, err
	}
	sub, err := s.hub.subscribe(ctx, wants)
	if err != nil {
		admission.release()
		return nil, err
	}
	return &Stream[V]{server: s, ctx: ctx, admission: admission, subscriber: sub, beat: time.NewTimer(s.Heartbeat)}, nil
}

// Close frees the place of the stream.
func (s *Stream[V]) Close() {
	s.beat.Stop()
	s.server.hub.unsubscribe(s.subscriber)
	s.admission.release()
}

// ErrBeat means that nothing has happened for as long as a stream may be silent.
var ErrBeat = errors.New("stream: heartbeat")

// Next waits for a batch, or returns nil when later is ready. [ErrBeat]: a heartbeat is due. Other errors end the stream. A nil later is never
// ready.
func (s *Stream[V]) Next(later <-chan time.Time) (*Batch[V], error) {
	select { // what ends the stream comes first
	case err := <-s.admission.ended:
		return nil, err
	case <-s.lagged:
		return nil, s.server.errSlow
	case <-s.server.ending:
		return nil, errEnding
	default:
	}
	select {
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	case err := <-s.admission.ended:
		return nil, err
	case <-s.lagged:
		return nil, s.server.errSlow
	case <-s.lost:
		return nil, errLost
	case <-s.server.ending:
		return nil, errEnding
	case b := <-s.batches:
		return b, nil
	case <-later:
		return nil, nil //nolint:nilnil // not a batch, and no error
	case <-s.beat.C:
		s.DelayBeat()
		return nil, ErrBeat
	}
}

// DelayBeat delays the next heartbeat: something was sent.
func (s *Stream[V]) DelayBeat() { s.beat.Reset(s.server.Heartbeat) }

// snapshot runs fn in a transaction that sees one state of the database. Only some run at a time.
func (s *Stream[V]) snapshot(fn func(snapshot) error) error {
	select {
	case s.server.snapshots <- struct{}{}:
		defer func() { <-s.server.snapshots }()
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	return inSnapshot(s.ctx, s.server.deps.DB, fn)
}

// The errors that end streams.
var (
	errEnding = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"this part of the system stops; resume the stream with its last token").WithRetryAfter(time.Second)
	errLost = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"too much has changed; open the stream again").WithRetryAfter(time.Second)
	// ErrNoCaller means that a stream is for an account and the caller is nobody.
	ErrNoCaller = apierr.New(codes.Unauthenticated, apiv1.ErrorReason_ERROR_REASON_UNAUTHENTICATED,
		"an access token or a ticket is required")
)
