package gateway

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
)

// workClass is a kind of calls that shares a limit on how many run at the same time.
type workClass struct {
	name string
	// least, most and first are how many calls run at the same time for each processor: the bounds of the limit, and the limit at the
	// start. In between the limit follows how long calls take.
	least, most, first uint
	// waiting is how many calls at most wait in turn, for each processor.
	waiting int
}

// Changes and reads have limits of their own, so that lists and searches, of which there are more, never keep bookings waiting.
// Changes are made in batches, which are better the more there are; reads only make each other slower. Those of a service in this process
// need the processors that bookings need, and two for each keep it busy while one of them waits for the database.
var (
	changes   = workClass{name: "changes", least: 32, most: 48, first: 48, waiting: 4}
	reads     = workClass{name: "reads", least: 2, most: 16, first: 4, waiting: 32}
	readsHere = workClass{name: "reads", least: 2, most: 2, first: 2, waiting: 32}
)

// classOf is the class of the calls of a method.
func (g *Gateway) classOf(r *route) workClass {
	switch {
	case r.mutates():
		return changes
	case g.deps.Conns.InProcess(r.service):
		return readsHere
	default:
		return reads
	}
}

// maxWait is how long a call waits for its turn.
const maxWait = 2 * time.Second

var (
	errOverloaded = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
		"there is more to do than can be done; nothing was changed; try again").WithRetryAfter(time.Second)
	errCallerOverloads = apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED,
		"too many of your calls at once while there is much to do").WithRetryAfter(time.Second)
)

// slow are the codes of calls that may have failed because there was too much to do.
var slow = []codes.Code{codes.DeadlineExceeded, codes.Unavailable, codes.Aborted}

// load bounds how many unary calls run at the same time, for each service and class.
type load struct {
	byMethod map[string]*work
}

// newLoad makes the limits for the methods of the contract, one for each service and class.
func newLoad(rs *routes, reg prometheus.Registerer, classOf func(*route) workClass) (*load, error) {
	m := newLoadMetrics()
	l := &load{byMethod: make(map[string]*work, len(rs.byMethod))}
	type key struct{ service, class string }
	works := map[key]*work{}
	for method, r := range rs.byMethod {
		class := classOf(r)
		k := key{r.service, class.name}
		if works[k] == nil {
			works[k] = newWork(class)
			m.add(k.service, k.class, works[k])
		}
		l.byMethod[method] = works[k]
	}
	return l, reg.Register(m)
}

// refuses returns errOverloaded when so many calls of a method's kind wait already that another one has no place. It is asked before a
// request is read, because what is refused takes time from what is not. Whether a call runs, enter decides.
func (l *load) refuses(r *route) error {
	w := l.byMethod[r.fullMethod]
	if r.streams() || w == nil || !w.full() {
		return nil
	}
	w.refused.Add(1)
	return errOverloaded
}

// work is the calls of one class to one service that run or wait.
type work struct {
	limiter adaptivelimiter.AdaptiveLimiter[any]
	waiting int // at most

	mu      sync.Mutex
	callers map[string]int // how many calls of a caller run or wait

	refused atomic.Int64
}

func newWork(c workClass) *work {
	processors := uint(runtime.GOMAXPROCS(0))
	limiter := adaptivelimiter.NewBuilder[any]().
		WithLimits(c.least*processors, c.most*processors, c.first*processors).
		Build()
	return &work{limiter: limiter, waiting: c.waiting * int(processors), callers: map[string]int{}}
}

// enter waits until a call may run. leave has to be called with its error when it has ended. The error is errOverloaded,
// errCallerOverloads when this caller has half of all places, or that of ctx.
func (w *work) enter(ctx context.Context, caller string) (leave func(error), err error) {
	if !w.join(caller) {
		return nil, errCallerOverloads
	}
	permit, err := w.permit(ctx)
	if err != nil {
		w.part(caller)
		if errors.Is(err, adaptivelimiter.ErrExceeded) {
			w.refused.Add(1)
			err = errOverloaded
		}
		return nil, err
	}
	return func(err error) {
		w.part(caller)
		if err == nil || slices.Contains(slow, apierr.From(err).Code()) {
			permit.Record()
			return
		}
		permit.Drop() // how long a refusal took says nothing about the load
	}, nil
}

// permit waits for a permit, in the order of the calls, where not too many wait already.
func (w *work) permit(ctx context.Context) (adaptivelimiter.Permit, error) {
	if w.full() {
		return nil, adaptivelimiter.ErrExceeded
	}
	return w.limiter.AcquirePermitWithMaxWait(ctx, maxWait)
}

// full reports whether as many calls wait as may.
func (w *work) full() bool { return w.limiter.Queued() >= w.waiting }

// join counts a call of a caller. It reports false when calls wait, and the caller has half of all places, to run and to wait. One who is
// alone may have more, but leaves some for the next.
func (w *work) join(caller string) bool {
	places := w.limiter.Limit() + w.waiting
	waits := w.limiter.Queued() > 0
	w.mu.Lock()
	defer w.mu.Unlock()
	share, has := places/2, w.callers[caller]
	if has > 0 && len(w.callers) == 1 {
		share = places - max(places/8, 1)
	}
	if waits && has >= share {
		w.refused.Add(1)
		return false
	}
	w.callers[caller]++
	return true
}

func (w *work) part(caller string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.callers[caller]--; w.callers[caller] <= 0 {
		delete(w.callers, caller)
	}
}

// limitedConn makes the unary calls of a connection when the load permits it. Streams have a limit of their own.
type limitedConn struct {
	grpc.ClientConnInterface
	load *load
}

// Invoke makes a unary call.
func (c limitedConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) (err error) {
	w := c.load.byMethod[method]
	if w == nil { // the connection says that it does not exist
		return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
	}
	leave, err := w.enter(ctx, callerOf(ctx))
	if err != nil {
		return err
	}
	defer func() { leave(err) }()
	return c.ClientConnInterface.Invoke(ctx, method, args, reply, opts...)
}

// callerOf is the user of a call, or the network that it comes from.
func callerOf(ctx context.Context) string {
	if rec := recordOf(ctx); rec != nil && rec.userID != "" {
		return rec.userID
	}
	return ratelimit.Network(rpc.ClientIP(ctx))
}
