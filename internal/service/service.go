// Package service defines what a service of Salon is: its definition, and the dependencies that it receives.
package service

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
	"github.com/beauty-salon/platform/internal/secret"
)

// Deps are the dependencies of a service. The program makes and closes them, never the service.
type Deps struct {
	// DB is the service's own schema, accessed with the service's own role.
	DB *postgres.DB
	// Bus carries events between services.
	Bus *events.Bus
	// Cache is the connection to Redis, which may be unavailable at any time.
	Cache *cache.Client
	// Limits counts calls for rate limits.
	Limits *ratelimit.Limiter
	// Conns reaches the other services, in this process or another.
	Conns *rpc.Conns
	// Sessions checks whether sessions are open.
	Sessions *auth.Sessions
	// Keys derives the keys of this installation.
	Keys *secret.Keys
	// PreviousKeys are the keys from before the last change of the master key, or nil. Signatures with them are still
	// accepted.
	PreviousKeys *secret.Keys
	// Log is the logger of the service.
	Log zerolog.Logger
	// Metrics receives the collectors of the service.
	Metrics prometheus.Registerer
	// MaxStreams bounds the streams that one account, or one address that is not signed in, has open in this process; 0 means
	// DefaultMaxStreams.
	MaxStreams int
	// KeepUnread is how long notifications are kept that nobody has read; 0 means for ever.
	KeepUnread time.Duration
	// ArchiveAfter is the number of months after its end at which an appointment moves to the archive; 0 means never.
	ArchiveAfter int
	// Now returns the current time.
	Now func() time.Time
}

// DefaultMaxStreams is enough for a person with several tabs on several devices.
const DefaultMaxStreams = 20

// Streamer is a service with streams that last until somebody ends them.
type Streamer interface {
	// EndStreams ends all streams at once with UNAVAILABLE and refuses new ones. It is called before the servers drain, which would wait
	// for the streams.
	EndStreams()
}

// Time returns the current time in UTC and microseconds. PostgreSQL stores times in that precision, so a time in an
// answer equals the time that is read later.
func (d Deps) Time() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// Every runs chore now and then at every interval, until ctx ends. A failure is logged with the message failed; the
// chore runs again at the next interval.
func (d Deps) Every(ctx context.Context, interval time.Duration, failed string, chore func(context.Context) error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		if err := chore(ctx); err != nil && ctx.Err() == nil {
			d.Log.Warn().Err(err).Msg(failed)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
