// Package service holds what every service of Salon is given when it is made.
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

// Deps is what a service stands on. All of it is made and closed by the program,
// never by the service.
type Deps struct {
	// DB is the service's own schema, as the service's own role.
	DB *postgres.DB
	// Bus carries events between services.
	Bus *events.Bus
	// Cache is Redis; it may vanish at any moment.
	Cache *cache.Client
	// Limits counts calls.
	Limits *ratelimit.Limiter
	// Conns reaches the other services, in this process or another.
	Conns *rpc.Conns
	// Sessions knows which sessions are open.
	Sessions *auth.Sessions
	// Keys derives the keys of this installation.
	Keys *secret.Keys
	// PreviousKeys are those from before the last change of the master key, nil
	// when there are none. What they signed is still accepted.
	PreviousKeys *secret.Keys
	// Log takes what the service has to say.
	Log zerolog.Logger
	// Metrics takes the service's collectors.
	Metrics prometheus.Registerer
	// Now tells the time.
	Now func() time.Time
}

// Time is now as PostgreSQL keeps it, in UTC and microseconds, so that what is
// answered now equals what is read later.
func (d Deps) Time() time.Time { return d.Now().UTC().Truncate(time.Microsecond) }

// Every does a chore now and then every interval, until ctx ends. One that fails is
// logged and done again the next time.
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
