package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// defaultTimeout bounds one use of Redis. A healthy Redis answers within a millisecond. A request must not wait
	// for a slow one, because every value in Redis can be loaded elsewhere.
	defaultTimeout = 100 * time.Millisecond
	// restTime is how long Redis is not used after a failure, and the interval of repairs.
	restTime = time.Second
	// timeoutsToTrip is how many operations in a row must time out before Redis counts as unavailable: a single
	// timeout may mean that this process is short of CPU.
	timeoutsToTrip = 3
	// lastTimeout bounds the last attempt of Close to send pending drops to Redis.
	lastTimeout = time.Second
)

// ErrUnavailable is the error of [Client.Do] while Redis counts as unavailable.
var ErrUnavailable = errors.New("redis is not available")

// Config describes the connection to Redis.
type Config struct {
	// URL is redis://user:password@host:port/db, or rediss:// with TLS, or unix://. With the parameter master_name it is
	// the address of a Sentinel, which is asked for the primary of that name; each parameter addr is another Sentinel, user
	// and password are for Sentinels, and the parameters username and password for Redis. Empty means no Redis: every read of
	// a cache loads its value, and every process counts rate limits in its own memory.
	URL secret.Text
	// Timeout bounds one use of Redis, and so the delay that a hanging Redis adds to a request. 0 means 100 ms.
	Timeout time.Duration
}

// Client is a connection to Redis. Redis may be unavailable at any time. It is safe for concurrent use.
type Client struct {
	rdb *redis.Client // nil without a URL
	log zerolog.Logger
	now func() time.Time
	// timeout bounds one use.
	timeout time.Duration
	// rest is how long Redis is not used after a failure.
	rest time.Duration

	downUntil atomic.Int64 // unix nanoseconds; 0 while Redis is available
	timeouts  atomic.Int32 // in a row

	repairs repairs
}

// Open prepares the connection. It fails only for a malformed URL; Redis need not be available yet.
func Open(cfg Config, log zerolog.Logger) (*Client, error) {
	c := &Client{log: log, now: time.Now, timeout: cfg.Timeout, rest: restTime}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	c.repairs.init(restTime)
	if cfg.URL == "" {
		return c, nil
	}
	quiet()
	var err error
	if c.rdb, err = connect(cfg.URL.Reveal(), c.timeout); err != nil {
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	return c, nil
}

// quiet turns off the log of the library. The client logs failures itself, once.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

// Printf implements the library's logger.
func (silence) Printf(context.Context, string, ...any) {}

// Redis returns the connection, for operations that Do cannot express. It is nil when no URL was configured.
func (c *Client) Redis() redis.UniversalClient {
	if c == nil || c.rdb == nil {
		return nil
	}
	return c.rdb
}

// Close ends the connection and the work in the background. It tries once more to send pending drops to Redis. A nil
// client has nothing to close.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	left := c.repairs.close()
	if c.rdb == nil {
		return nil
	}
	if !c.finish(left) {
		c.log.Warn().Msg("redis did not receive the last drops; its values may be some minutes old")
	}
	return c.rdb.Close()
}

// finish runs the jobs that repairs has not done, because no other process knows of them. It returns whether all
// are done.
func (c *Client) finish(left []func(ctx context.Context) bool) bool {
	if len(left) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTimeout)
	defer cancel()
	c.downUntil.Store(0) // try now: there is no later attempt
	for _, job := range left {
		if !job(ctx) {
			return false
		}
	}
	return true
}

// Do calls fn with the connection, for at most Config.Timeout. For a second after a failure, Do returns
// [ErrUnavailable] without calling fn; then one caller tries again while the others still get ErrUnavailable. fn is
// called at most once and must use only the context that it is given.
func (c *Client) Do(ctx context.Context, fn func(ctx context.Context, r redis.UniversalClient) error) error {
	if c == nil || c.rdb == nil {
		return ErrUnavailable
	}
	if until := c.downUntil.Load(); until != 0 {
		now := c.now()
		if now.UnixNano() < until || !c.downUntil.CompareAndSwap(until, now.Add(c.rest).UnixNano()) {
			return ErrUnavailable
		}
	}
	inner, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	err := fn(inner, c.rdb)
	switch {
	case err != nil && c.gone(ctx): // the caller ended the operation, not Redis
	case !isOutage(err):
		c.timeouts.Store(0)
		if c.downUntil.Swap(0) != 0 {
			c.log.Info().Msg("redis is available again")
		}
	case timedOut(err) && c.downUntil.Load() == 0 && c.timeouts.Add(1) < timeoutsToTrip:
	default:
		c.timeouts.Store(0)
		if c.downUntil.Swap(c.now().Add(c.rest).UnixNano()) == 0 {
			c.log.Warn().Err(err).Msg("redis is not available; doing without it")
		}
	}
	return err
}

// gone reports whether the caller has left or its deadline has passed. A connection may notice a deadline before
// the context does.
func (c *Client) gone(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !c.now().Before(deadline)
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, redis.ErrPoolTimeout) || errors.As(err, &t) && t.Timeout()
}

// isOutage reports whether an error means that Redis itself is unavailable, and not only that this command failed.
func isOutage(err error) bool {
	if err == nil || errors.Is(err, redis.Nil) {
		return false
	}
	var reply redis.Error
	if !errors.As(err, &reply) {
		return true
	}
	for _, state := range []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "OOM", "MISCONF", "NOAUTH", "WRONGPASS", "NOREPLICAS"} {
		if strings.HasPrefix(reply.Error(), state) {
			return true
		}
	}
	return false
}
