// Package metrics makes the registry of all metrics of the process and serves it to Prometheus.
package metrics

import (
	"database/sql"
	"net/http"
	"runtime"
	"runtime/debug"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// New returns a registry with the metrics of the Go runtime and the process, and with salon_build_info, which has
// the version.
func New(version string) *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		buildInfo(version),
	)
	return reg
}

// buildInfo is a constant 1 whose labels describe the program.
func buildInfo(version string) prometheus.Collector {
	revision := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				revision = s.Value
			}
		}
	}
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name:        "salon_build_info",
		Help:        "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": runtime.Version()},
	}, func() float64 { return 1 })
}

// Handler serves the registry in the format that the scraper requests. When a collector fails, the other metrics
// are still served.
func Handler(reg *prometheus.Registry) http.Handler {
	return promhttp.InstrumentMetricHandler(reg, promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		Registry:            reg,
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: 4,
	}))
}

// pool has the descriptions of the metrics of one database pool.
type pool struct {
	stats                                        func() sql.DBStats
	maximum, open, inUse, waits, waited, retired *prometheus.Desc
}

// RegisterPool adds the metrics of a database pool under the label pool=name. stats is called at each scrape.
func RegisterPool(reg prometheus.Registerer, name string, stats func() sql.DBStats) error {
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("salon_db_pool_"+metric, help, labels, prometheus.Labels{"pool": name})
	}
	return reg.Register(&pool{
		stats:   stats,
		maximum: desc("max_connections", "How many connections the pool may open."),
		open:    desc("open_connections", "Connections that are open, in use or idle."),
		inUse:   desc("in_use_connections", "Connections in use."),
		waits:   desc("waits_total", "How often a connection had to be waited for."),
		waited:  desc("wait_seconds_total", "Time spent waiting for connections."),
		retired: desc("closed_connections_total", "Connections that were closed because of a limit.", "limit"),
	})
}

// Describe implements [prometheus.Collector].
func (p *pool) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{p.maximum, p.open, p.inUse, p.waits, p.waited, p.retired} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (p *pool) Collect(ch chan<- prometheus.Metric) {
	s := p.stats()
	gauge := func(d *prometheus.Desc, v int) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v))
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	gauge(p.maximum, s.MaxOpenConnections)
	gauge(p.open, s.OpenConnections)
	gauge(p.inUse, s.InUse)
	counter(p.waits, float64(s.WaitCount))
	counter(p.waited, s.WaitDuration.Seconds())
	counter(p.retired, float64(s.MaxIdleClosed), "idle")
	counter(p.retired, float64(s.MaxIdleTimeClosed), "idle_time")
	counter(p.retired, float64(s.MaxLifetimeClosed), "lifetime")
}
