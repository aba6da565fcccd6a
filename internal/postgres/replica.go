package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// pollsPerAge is how often replicas are looked at, at least, within the age that their answers may have.
	pollsPerAge = 4
	// maxPollPause is the longest time between two looks.
	maxPollPause = 250 * time.Millisecond
	// replicaTimeout bounds a look at a replica, and a read from it that is then made from the primary.
	replicaTimeout = time.Second
	// restAfterError is how long a replica is not used after a read from it has failed.
	restAfterError = time.Second
)

// Position is a place in the write-ahead log of the server: later changes have greater positions.
type Position int64

// replica is a standby of the primary.
type replica struct {
	name string // number, host and port, for metrics
	pool *pool

	replayed   atomic.Int64 // the position up to which the replica shows everything
	fresh      atomic.Int64 // when the primary had nothing that the replica does not show now, since replicas.begun
	restsUntil atomic.Int64 // until when it is not used, since replicas.begun

	reads, failures atomic.Int64
}

// replicas are the standbys that a service reads from.
type replicas struct {
	members []*replica
	maxAge  time.Duration
	seen    func(context.Context) (Position, bool)
	begun   time.Time
	turn    atomic.Uint32
	stop    context.CancelFunc
	polls   sync.WaitGroup
}

// Replicas configures the standbys of a primary.
type Replicas struct {
	// URLs are their addresses, each like that of the primary. An address leads to one server: what is known of a standby is not true of another.
	URLs []secret.Text
	// MaxAge is how old their answers may be; 0 means a second.
	MaxAge time.Duration
	// Seen returns the position of the caller's last change, which a call must see, and false when it must see everything.
	Seen func(context.Context) (Position, bool)
}

const defaultMaxAge = time.Second

func openReplicas(cfg Config, keys *secret.Keys, schema string) (*replicas, error) {
	rs := &replicas{maxAge: cfg.Replicas.MaxAge, seen: cfg.Replicas.Seen, begun: time.Now()}
	if rs.maxAge <= 0 {
		rs.maxAge = defaultMaxAge
	}
	if rs.seen == nil {
		return nil, errors.New("postgres: replicas without Seen")
	}
	if cfg.MaxConns <= 0 {
		cfg.MaxConns = defaultMaxConns
	}
	for _, address := range cfg.Replicas.URLs {
		config, derived, err := serviceConfig(address.Reveal(), keys, cfg.PreviousKeys, schema, cfg.Pooled)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("replica: %w", err), rs.close())
		}
		if cfg.Tracing {
			config.Tracer = newTracer(schema)
		}
		p, err := newPool(newConnector(config, derived), max(cfg.MaxConns/readShare, 1))
		if err != nil {
			return nil, errors.Join(err, rs.close())
		}
		r := &replica{name: fmt.Sprintf("%d %s:%d", len(rs.members)+1, config.Host, config.Port), pool: p}
		r.fresh.Store(-int64(rs.maxAge) - 1) // nothing is known yet
		rs.members = append(rs.members, r)
	}
	return rs, nil
}

// Recent makes a read whose result may be a moment old: on a replica that shows the caller's own changes and is no older than the replicas
// may be, else on the primary. When a replica fails, read runs again on the primary; so it must not keep state from one run to the next.
func Recent[T any](ctx context.Context, d *DB, read func(ctx context.Context, db *DB) (T, error)) (T, error) {
	if d.replicas == nil || d.tx != nil {
		return read(ctx, d)
	}
	r := d.replicas.choose(ctx)
	if r == nil {
		return read(ctx, d)
	}
	inner, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	found, err := read(inner, &DB{changes: r.pool, reads: r.pool, isRead: d.isRead, schema: d.schema, pooled: d.pooled})
	if err == nil {
		r.reads.Add(1)
		return found, nil
	}
	if ctx.Err() != nil {
		return found, err
	}
	r.failures.Add(1)
	r.restsUntil.Store(int64(time.Since(d.replicas.begun) + restAfterError))
	return read(ctx, d)
}

// choose returns a replica for a call, nil when there is none. The replicas take turns.
func (rs *replicas) choose(ctx context.Context) *replica {
	now := time.Since(rs.begun)
	var usable []*replica
	for _, r := range rs.members {
		if r.age(now) <= rs.maxAge && int64(now) >= r.restsUntil.Load() {
			usable = append(usable, r)
		}
	}
	if len(usable) == 0 {
		return nil
	}
	seen, ok := rs.seen(ctx)
	if !ok {
		return nil
	}
	first := int(rs.turn.Add(1))
	for i := range usable {
		if r := usable[(first+i)%len(usable)]; r.replayed.Load() >= int64(seen) {
			return r
		}
	}
	return nil
}

// age is how long ago the primary may have changed something that the replica does not show.
func (r *replica) age(now time.Duration) time.Duration { return now - time.Duration(r.fresh.Load()) }

// Position returns a position that covers everything that has been committed.
func (d *DB) Position(ctx context.Context) (p Position, err error) {
	err = d.changes.sql.QueryRowContext(ctx, "SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint").Scan(&p)
	if err != nil {
		return 0, fmt.Errorf("read the position of the database: %w", err)
	}
	return p, nil
}

// Replayed returns the position up to which a standby shows everything.
func (d *DB) Replayed(ctx context.Context) (p Position, err error) {
	var standby bool
	err = d.changes.sql.QueryRowContext(ctx, "SELECT pg_is_in_recovery(), coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0)").Scan(&standby, &p)
	switch {
	case err != nil:
		return 0, fmt.Errorf("read the position of the standby: %w", err)
	case !standby:
		return 0, errors.New("the server is a primary, not a standby")
	}
	return p, nil
}

// HasReplicas reports whether reads may come from replicas.
func (d *DB) HasReplicas() bool { return d.replicas != nil }

// AwaitReplicas waits until no process reads from a replica that lacks what has been committed: until all replicas show it, at most for the
// age that their answers may have.
func (d *DB) AwaitReplicas(ctx context.Context) {
	since := time.Since(d.replicas.begun)
	deadline := time.NewTimer(d.replicas.maxAge)
	defer deadline.Stop()
	poll := time.NewTicker(d.replicas.interval())
	defer poll.Stop()
	for {
		behind := false
		for _, r := range d.replicas.members {
			behind = behind || time.Duration(r.fresh.Load()) < since
		}
		if !behind {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-deadline.C:
			return
		case <-poll.C:
		}
	}
}

// ReplicaState is what is known of a replica.
type ReplicaState struct {
	// Name is its number in the configuration, its host and its port.
	Name string
	// Age is how old its answers may be at most.
	Age time.Duration
	// Reads counts what was read from it, Failures what had to be read from the primary instead.
	Reads, Failures int64
}

// ReplicaStates returns the state of all replicas.
func (d *DB) ReplicaStates() []ReplicaState {
	if d.replicas == nil {
		return nil
	}
	var states []ReplicaState
	for _, r := range d.replicas.members {
		states = append(states, ReplicaState{
			Name: r.name, Age: r.age(time.Since(d.replicas.begun)), Reads: r.reads.Load(), Failures: r.failures.Load(),
		})
	}
	return states
}

func (rs *replicas) interval() time.Duration { return min(rs.maxAge/pollsPerAge, maxPollPause) }

// watch looks at the replicas until close.
func (rs *replicas) watch(primary *sql.DB) {
	ctx, stop := context.WithCancel(context.Background())
	rs.stop = stop
	for _, r := range rs.members {
		rs.polls.Go(func() { rs.poll(ctx, primary, r) })
	}
}

func (rs *replicas) close() error {
	if rs.stop != nil {
		rs.stop()
	}
	rs.polls.Wait()
	var errs []error
	for _, r := range rs.members {
		errs = append(errs, r.pool.sql.Close())
	}
	return errors.Join(errs...)
}
