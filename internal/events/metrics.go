package events

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/metrics"
)

type busMetrics struct {
	ready prometheus.Gauge
}

func newBusMetrics(reg prometheus.Registerer) *busMetrics {
	return &busMetrics{ready: metrics.Register(reg, prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "salon_events_ready",
		Help: "1 while NATS is connected and the stream is there.",
	}))}
}

type relayMetrics struct {
	leader      prometheus.Gauge
	unpublished prometheus.Gauge
	oldest      prometheus.Gauge
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
		unpublished: gauge("salon_outbox_unpublished", "Events in the outbox that are not published yet (where the relay is active)."),
		oldest:      gauge("salon_outbox_oldest_seconds", "Age of the oldest unpublished event (where the relay is active)."),
		published:   counter("salon_outbox_published_total", "Events published and confirmed."),
		failures:    counter("salon_outbox_publish_failures_total", "Publications that were refused or not confirmed in time."),
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
