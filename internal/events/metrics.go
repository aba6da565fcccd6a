package events

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/metrics"
)

type busMetrics struct {
	ready, problems prometheus.Gauge
}

func newBusMetrics(reg prometheus.Registerer) *busMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return metrics.Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help}))
	}
	return &busMetrics{
		ready:    gauge("salon_events_ready", "1 while NATS is connected and the stream is there."),
		problems: gauge("salon_events_problems", "What is wrong with events, as /readyz lists it."),
	}
}

type relayMetrics struct {
	leader      prometheus.Gauge
	led         prometheus.Gauge
	unpublished prometheus.Gauge
	oldest      prometheus.Gauge
	replaying   prometheus.Gauge
	published   prometheus.Counter
	failures    prometheus.Counter
}

func newRelayMetrics(reg prometheus.Registerer, schema string) *relayMetrics {
	gauge := func(name, help string) prometheus.Gauge {
		return metrics.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"schema"})).
			WithLabelValues(schema)
	}
	counter := func(name, help string) prometheus.Counter {
		return metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"schema"})).
			WithLabelValues(schema)
	}
	return &relayMetrics{
		leader:      gauge("salon_outbox_leader", "1 where the relay of the schema is active in this process."),
		led:         gauge("salon_outbox_led", "1 while the relay of the schema is active in any process."),
		unpublished: gauge("salon_outbox_unpublished", "Events in the outbox that are not published yet."),
		oldest:      gauge("salon_outbox_oldest_seconds", "Age of the oldest unpublished event."),
		replaying:   gauge("salon_outbox_replaying", "Rows of the outbox, about, that are still to be published again."),
		published:   counter("salon_outbox_published_total", "Events published and confirmed."),
		failures:    counter("salon_outbox_publish_failures_total", "Publications that were refused or not confirmed in time."),
	}
}

// measure sets what every process measures.
func (m *relayMetrics) measure(count int64, oldest time.Duration, row relayRow) {
	m.unpublished.Set(float64(count))
	m.oldest.Set(oldest.Seconds())
	m.led.Set(0)
	if row.Live {
		m.led.Set(1)
	}
	m.replaying.Set(0)
	if row.ReplayNext > 0 {
		m.replaying.Set(float64(row.ReplayEnd - row.ReplayNext + 1))
	}
}

// The ways in which a delivery can end.
const (
	resultHandled   = "handled"
	resultDuplicate = "duplicate" // handled before
	resultOlder     = "older"     // a newer version of the aggregate was handled before
	resultFailed    = "failed"    // to be tried again
	resultDead      = "dead"      // went to the dead letters
)

type consumerMetrics struct {
	events  *prometheus.CounterVec // by consumer, result
	pending prometheus.Gauge
	unacked prometheus.Gauge
	batch   prometheus.Observer
	name    string
}

func newConsumerMetrics(reg prometheus.Registerer, name string) *consumerMetrics {
	gauge := func(metric, help string) prometheus.Gauge {
		return metrics.Register(reg, prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: metric, Help: help}, []string{"consumer"})).
			WithLabelValues(name)
	}
	return &consumerMetrics{
		name: name,
		events: metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "salon_consumer_events_total",
			Help: "Deliveries by how they ended: handled, duplicate, older, failed, dead.",
		}, []string{"consumer", "result"})),
		pending: gauge("salon_consumer_pending", "Events in the stream that the consumer has not been given yet."),
		unacked: gauge("salon_consumer_unacknowledged", "Events under way to the consumer."),
		batch: metrics.Register(reg, prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "salon_consumer_transaction_seconds",
			Help:    "Duration of the consumer's transactions, each for one or more events.",
			Buckets: []float64{.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15},
		}, []string{"consumer"})).WithLabelValues(name),
	}
}

func (m *consumerMetrics) count(result string, n int) {
	m.events.WithLabelValues(m.name, result).Add(float64(n))
}
