package postgres

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// history names the history of a server's data. Positions can be compared within one history only: a standby that followed a server which was
// replaced has another timeline.
type history struct {
	system   string
	timeline string
}

// sample is how far the primary was.
type sample struct {
	at       time.Duration // since replicas.begun; not later than the position
	position int64
	history  history
}

const (
	primarySQL = `SELECT (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint, left(pg_walfile_name(pg_current_wal_flush_lsn()), 8),
		(SELECT system_identifier::text FROM pg_control_system())`
	// The timeline is that of the last checkpoint. After a failover a replica with the new one is not used until its next checkpoint.
	replicaSQL = `SELECT coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0),
		(SELECT upper(lpad(to_hex(timeline_id), 8, '0')) FROM pg_control_checkpoint()), (SELECT system_identifier::text FROM pg_control_system())
		WHERE pg_is_in_recovery()`
)

// poll compares a replica with the primary until ctx ends. Each time it notes how far the primary is, and then asks the replica how far that
// is: what the primary had at a sample which the replica has reached, the replica shows.
func (rs *replicas) poll(ctx context.Context, primary *sql.DB, r *replica) {
	tick := time.NewTicker(rs.interval())
	defer tick.Stop()
	var samples []sample
	for {
		if s, err := rs.sample(ctx, primary); err == nil {
			samples = append(samples, s)
		}
		if len(samples) > 0 {
			samples = rs.compare(ctx, r, samples)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (rs *replicas) sample(ctx context.Context, primary *sql.DB) (s sample, err error) {
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	s.at = time.Since(rs.begun)
	err = primary.QueryRowContext(ctx, primarySQL).Scan(&s.position, &s.history.timeline, &s.history.system)
	return s, err
}

// compare returns the samples that the replica has not reached, without those that are too old to be of use.
func (rs *replicas) compare(ctx context.Context, r *replica, samples []sample) []sample {
	ctx, cancel := context.WithTimeout(ctx, replicaTimeout)
	defer cancel()
	var replayed int64
	var h history
	if r.pool.sql.QueryRowContext(ctx, replicaSQL).Scan(&replayed, &h.timeline, &h.system) == nil {
		for i, s := range slices.Backward(samples) {
			if s.history == h && s.position <= replayed {
				r.replayed.Store(replayed)
				r.fresh.Store(int64(s.at))
				samples = samples[i+1:]
				break
			}
		}
	}
	oldest := time.Since(rs.begun) - rs.maxAge
	return slices.DeleteFunc(samples, func(s sample) bool { return s.at < oldest })
}
