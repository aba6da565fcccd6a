package gateway

import "github.com/prometheus/client_golang/prometheus"

// loadMetrics reads the state of all limits when metrics are collected.
type loadMetrics struct {
	limit, running, waiting, refused *prometheus.Desc
	works                            []labelledWork
}

type labelledWork struct {
	service, class string
	*work
}

func newLoadMetrics() *loadMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("salon_gateway_load_"+name, help, []string{"service", "class"}, nil)
	}
	return &loadMetrics{
		limit:   desc("limit", "How many calls may run at the same time now."),
		running: desc("running", "Calls that run."),
		waiting: desc("waiting", "Calls that wait for their turn."),
		refused: desc("refused_total", "Calls that were refused because there was too much to do."),
	}
}

func (m *loadMetrics) add(service, class string, w *work) {
	m.works = append(m.works, labelledWork{service, class, w})
}

// Describe names the metrics.
func (m *loadMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.limit, m.running, m.waiting, m.refused} {
		ch <- d
	}
}

// Collect reads them.
func (m *loadMetrics) Collect(ch chan<- prometheus.Metric) {
	for _, w := range m.works {
		gauge := func(d *prometheus.Desc, n int) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), w.service, w.class)
		}
		gauge(m.limit, w.limiter.Limit())
		gauge(m.running, w.limiter.Inflight())
		gauge(m.waiting, w.limiter.Queued())
		ch <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(w.refused.Load()), w.service, w.class)
	}
}
