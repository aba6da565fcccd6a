package cache

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// defaultTimeout bounds one use of Redis. A healthy one answers within a millisecond; a request must not wait for
	// a sick one, because everything in Redis can be had elsewhere.
	defaultTimeout = 100 * time.Millisecond
	// ioTimeout bounds the connection's own steps where no context does.
	ioTimeout = 250 * time.Millisecond
	// restTime is how long Redis is left alone after a failure, and how often repairs are tried.
	restTime = time.Second
	// timeoutsToTrip is how many operations in a row must time out: one may be due to ourselves being short of CPU.
	timeoutsToTrip = 3
	// lastTimeout is how long Close may take to tell Redis what it does not know.
	lastTimeout = time.Second
	// maxConns bounds the connections of one process.
	maxConns = 64
)

// ErrUnavailable is what [Client.Do] returns while Redis is left alone.
var ErrUnavailable = errors.New("redis is not available")

// Config says where Redis is.
type Config struct {
	// URL is redis://user:password@host:port/db, or rediss:// with TLS, or unix://. Empty means that there is none:
	// every process keeps to its own memory.
	URL secret.Text
	// Timeout bounds one use of Redis, so what a request can lose to a Redis that hangs. 0 means 100 ms.
	Timeout time.Duration
}

// Client is a connection to Redis that may be down at any time. It is safe for concurrent use.
type Client struct {
	rdb *redis.Client // nil without a URL
	log zerolog.Logger
	now func() time.Time
	// timeout bounds one use.
	timeout time.Duration
	// rest is how long Redis is left alone after a failure.
	rest time.Duration

	downUntil atomic.Int64 // unix nanoseconds; 0 while Redis is well
	timeouts  atomic.Int32 // in a row

	repairs repairs
}

// Open prepares the connection. It fails for a malformed URL only; Redis need not be there yet.
func Open(cfg Config, log zerolog.Logger) (*Client, error) {
	c := &Client{log: log, now: time.Now, timeout: cfg.Timeout, rest: restTime}
	if c.timeout <= 0 {
		c.timeout = defaultTimeout
	}
	c.repairs.init(restTime)
	if cfg.URL == "" {
		return c, nil
	}
	o, err := redis.ParseURL(cfg.URL.Reveal())
	if err != nil {
		if bad, ok := errors.AsType[*url.Error](err); ok {
			err = bad.Err // without the URL, which has a password in it
		}
		return nil, fmt.Errorf("redis URL: %w", err)
	}
	quiet()
	o.ContextTimeoutEnabled = true
	io := max(ioTimeout, c.timeout)
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = io, io, io
	o.PoolTimeout = c.timeout
	o.MaxActiveConns = maxConns
	o.PoolSize = min(o.PoolSize, maxConns)
	// A connection that a restart of Redis has closed is worth one more try, nothing else is.
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, -1, -1
	o.DialerRetries = 1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	c.rdb = redis.NewClient(o)
	return c, nil
}

// quiet silences the library's own lines on stderr: the failures are ours to log, once.
var quiet = sync.OnceFunc(func() { redis.SetLogger(silence{}) })

type silence struct{}

// Printf implements the library's logger.
func (silence) Printf(context.Context, string, ...any) {}

// Redis returns the connection, for what Do cannot express. It is nil when no URL was configured.
func (c *Client) Redis() redis.UniversalClient {
	if c == nil || c.rdb == nil {
		return nil
	}
	return c.rdb
}

// Close ends the connection and what runs in the background. What Redis was not told is tried once more.
func (c *Client) Close() error {
	if c == nil {
		return nil
	}
	left := c.repairs.close()
	if c.rdb == nil {
		return nil
	}
	if !c.tell(left) {
		c.log.Warn().Msg("redis does not know of the last writes; what it has may be some minutes old")
	}
	return c.rdb.Close()
}

// tell does what repairs have left, for nobody else knows of it, and returns whether all is done.
func (c *Client) tell(left []func(ctx context.Context) bool) bool {
	if len(left) == 0 {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), lastTimeout)
	defer cancel()
	c.downUntil.Store(0) // there is no time to leave Redis alone
	for _, job := range left {
		if !job(ctx) {
			return false
		}
	}
	return true
}

// Do uses Redis, for as long as Config.Timeout at most. For a second after a failure it returns [ErrUnavailable] without
// asking; then one caller tries again while the others still do without. fn runs once at most, and must use no other
// context than the one that it is given.
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
	case err != nil && c.gone(ctx): // says nothing about Redis
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

// gone tells whether the caller has left, or is due to: a connection may notice a deadline before the context does.
func (c *Client) gone(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !c.now().Before(deadline)
}

func timedOut(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, redis.ErrPoolTimeout) || errors.As(err, &t) && t.Timeout()
}

// isOutage tells whether an error means that Redis itself, and not just this command, is of no use at the moment.
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
