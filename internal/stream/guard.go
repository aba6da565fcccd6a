package stream

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
)

const (
	// checkInterval is how often the sessions of open streams are checked: each once, however many streams it has.
	checkInterval = 2 * time.Second
	// uncheckedTime is how long a stream lasts while its session cannot be checked.
	uncheckedTime = 15 * time.Second
	// checksAtOnce bounds the calls to the user service.
	checksAtOnce = 8
)

// sessions checks whether a session is open ([auth.Sessions]).
type sessions interface {
	Check(ctx context.Context, sessionID string) (auth.Principal, error)
}

// guard knows who has streams open.
type guard struct {
	sessions sessions
	most     int // streams of one caller

	mu      sync.Mutex
	open    map[string]int // by caller
	watched map[string]*watched
}

// watched is a session with open streams.
type watched struct {
	principal auth.Principal
	streams   map[*admission]struct{}
	checked   time.Time
}

// admission is the permission of one stream.
type admission struct {
	guard   *guard
	caller  string
	session string
	ended   chan error // gets the reason why the stream has to end
}

func newGuard(s sessions, most int) *guard {
	return &guard{sessions: s, most: most, open: map[string]int{}, watched: map[string]*watched{}}
}

// admit lets a caller open a stream, or returns RATE_LIMITED when they have too many. Streams of nobody are counted by address.
func (g *guard) admit(ctx context.Context, p auth.Principal) (*admission, error) {
	a := &admission{guard: g, caller: "user:" + p.UserID, session: p.SessionID, ended: make(chan error, 1)}
	if p.UserID == "" {
		a.caller = "address:" + ratelimit.Network(rpc.ClientIP(ctx))
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[a.caller] >= g.most {
		return nil, errTooMany
	}
	g.open[a.caller]++
	if p.SessionID == "" {
		return a, nil
	}
	w := g.watched[p.SessionID]
	if w == nil || !w.principal.SameRights(p) {
		if w != nil { // the streams from before have older roles
			w.end(errRolesChanged)
		}
		w = &watched{principal: p, streams: map[*admission]struct{}{}, checked: time.Now()}
		g.watched[p.SessionID] = w
	}
	w.streams[a] = struct{}{}
	return a, nil
}

// release forgets a stream that has ended.
func (a *admission) release() {
	g := a.guard
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open[a.caller]--; g.open[a.caller] == 0 {
		delete(g.open, a.caller)
	}
	if w := g.watched[a.session]; w != nil {
		delete(w.streams, a)
		if len(w.streams) == 0 {
			delete(g.watched, a.session)
		}
	}
}

// end ends all streams. The caller holds the lock.
func (w *watched) end(err error) {
	for a := range w.streams {
		select {
		case a.ended <- err:
		default: // it has a reason already
		}
	}
	clear(w.streams)
}

// run checks the sessions until ctx ends.
func (g *guard) run(ctx context.Context) error {
	tick := time.NewTicker(checkInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			g.check(ctx)
		}
	}
}

func (g *guard) check(ctx context.Context) {
	g.mu.Lock()
	ids := make([]string, 0, len(g.watched))
	for id := range g.watched {
		ids = append(ids, id)
	}
	g.mu.Unlock()
	var checks errgroup.Group
	checks.SetLimit(checksAtOnce)
	for _, id := range ids {
		checks.Go(func() error {
			p, err := g.sessions.Check(ctx, id)
			if ctx.Err() == nil {
				g.settle(id, p, err)
			}
			return nil
		})
	}
	_ = checks.Wait() // the checks return no errors
}

// settle ends the streams of a session after its check, if they have to.
func (g *guard) settle(id string, p auth.Principal, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := g.watched[id]
	if w == nil {
		return
	}
	switch {
	case err == nil && p.SameRights(w.principal):
		w.checked = time.Now()
		return
	case err == nil:
		w.end(errRolesChanged)
	case apierr.From(err).Code() == codes.Unauthenticated:
		w.end(err)
	case time.Since(w.checked) < uncheckedTime:
		return
	default:
		w.end(err)
	}
	delete(g.watched, id)
}

// The errors of streams.
var (
	errTooMany = apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		"you have too many streams open").WithRetryAfter(5 * time.Second)
	errRolesChanged = apierr.New(codes.PermissionDenied, apiv1.ErrorReason_ERROR_REASON_PERMISSION_DENIED,
		"your roles have changed; open the stream again")
)
