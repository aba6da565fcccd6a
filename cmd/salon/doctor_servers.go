package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/cache"
	"github.com/beauty-salon/platform/internal/events"
)

const (
	// maxSkew is how far clocks may be apart before it shows: in the times of reminders and limits.
	maxSkew = 2 * time.Second
	// badSkew makes tokens invalid that were just issued.
	badSkew = time.Minute
	// manyPending is from when on a consumer is behind, rather than busy.
	manyPending = 1000
	// fullStore is the share of the space of JetStream from which on it is nearly full.
	fullStore = 0.8
)

// skew reports how far the clock of a server is ahead of that of this machine.
func (d *doctor) skew(check string, ahead time.Duration) {
	const remedy = "let NTP set the clocks of both machines"
	switch abs := ahead.Abs(); {
	case abs > badSkew:
		d.fail(check, remedy, "the clock is %s ahead of the one of this machine: tokens are refused", ahead.Round(time.Second))
	case abs > maxSkew:
		d.warn(check, remedy, "the clock is %s ahead of the one of this machine", ahead.Round(time.Millisecond))
	default:
		d.ok(check, "within %s of the one of this machine", max(abs, time.Millisecond).Round(time.Millisecond))
	}
}

// events checks NATS, the stream and its consumers.
func (d *doctor) events(ctx context.Context, c *doctorCmd) {
	if c.NATSURL == "" {
		return // the settings say so
	}
	state, err := events.Inspect(ctx, c.NATSURL)
	switch {
	case errors.Is(err, events.ErrNoJetStream):
		d.fail("NATS", "start nats-server with JetStream: -js, or deploy/nats.conf", "%v", err)
		return
	case err != nil:
		d.fail("NATS", "start NATS, and check SALON_NATS_URL; bookings go on, notifications wait", "%v", err)
		return
	case older(state.Server, 2, 12):
		d.fail("NATS", "upgrade NATS to 2.12 or newer", "version %s is not supported", state.Server)
	default:
		d.ok("NATS", "version %s", state.Server)
	}
	switch limit := state.StoreLimit; {
	case limit > 0 && float64(state.StoreUsed) > fullStore*float64(limit):
		d.warn("disk of NATS", "raise max_file_store of NATS or the limit of the account", "JetStream uses %s of %s", size(state.StoreUsed), size(limit))
	default:
		d.ok("disk of NATS", "JetStream uses %s; NATS does not say how much the disk has", size(state.StoreUsed))
	}
	if !state.Exists {
		d.fail("stream", "start salon serve, which makes the stream and fills it from the database", "the stream SALON is not there")
		return
	}
	d.skew("clock of NATS", state.Skew)
	var missing []string
	for _, token := range streamSubjects() {
		if !state.Serves(token) {
			missing = append(missing, token)
		}
	}
	switch {
	case len(missing) > 0:
		d.warn("stream", "restart the processes, which add their subjects", "does not keep the events %s", strings.Join(missing, ", "))
	case state.Replicas < c.NATSReplicas:
		d.warn("stream", "restart the processes, and check that NATS has so many servers", "has %d replicas, SALON_NATS_REPLICAS is %d", state.Replicas, c.NATSReplicas)
	default:
		d.ok("stream", "%d events, %s, %d replicas", state.Messages, size(int64(state.Bytes)), state.Replicas)
	}
	d.consumers(state)
}

// consumers checks how far each consumer is.
func (d *doctor) consumers(state events.StreamState) {
	const start = "start a process with the service"
	if len(state.Consumers) == 0 {
		d.fail("consumers", "start salon serve with all services; each makes its consumers", "the stream has none")
		return
	}
	behind := 0
	slices.SortFunc(state.Consumers, func(a, b events.ConsumerState) int { return strings.Compare(a.Name, b.Name) })
	for _, consumer := range state.Consumers {
		if consumer.Pending > manyPending {
			behind++
			d.warn("consumer "+consumer.Name, start+", or wait: /metrics says how fast it is", "%d events wait", consumer.Pending)
		}
	}
	if behind == 0 {
		d.ok("consumers", "%d consumers, none has more than %d events to come", len(state.Consumers), manyPending)
	}
}

// redis checks Redis.
func (d *doctor) redis(ctx context.Context, c *doctorCmd) {
	if c.RedisURL == "" {
		return // the settings say so
	}
	have, err := cache.ServerVersion(ctx, c.RedisURL)
	switch {
	case err != nil:
		d.fail("Redis", "start Redis, and check SALON_REDIS_URL; answers are the same meanwhile, but slower", "%v", err)
	case older(have, 6, 2):
		d.fail("Redis", "upgrade Redis to 6.2 or newer", "version %s is not supported", have)
	case have == "":
		d.ok("Redis", "answers, and does not tell its version")
	default:
		d.ok("Redis", "version %s", have)
	}
}
