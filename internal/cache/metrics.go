package cache

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/metrics"
)

// counters are the metrics of one cache.
type counters struct {
	localHit, localMiss, remoteHit, remoteMiss, remoteFailed prometheus.Counter
}

func newCounters(reg prometheus.Registerer, name string) counters {
	requests := metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "salon_cache_requests_total",
		Help: "Reads of a cache by level (local, redis) and result (hit, miss).",
	}, []string{"cache", "level", "result"}))
	failures := metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "salon_cache_redis_failures_total",
		Help: "Uses of Redis by a cache that failed or were left out because Redis is down.",
	}, []string{"cache"}))
	return counters{
		localHit:     requests.WithLabelValues(name, "local", "hit"),
		localMiss:    requests.WithLabelValues(name, "local", "miss"),
		remoteHit:    requests.WithLabelValues(name, "redis", "hit"),
		remoteMiss:   requests.WithLabelValues(name, "redis", "miss"),
		remoteFailed: failures.WithLabelValues(name),
	}
}
