package cache

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/metrics"
)

// counters are the metrics of one cache.
type counters struct {
	hit, miss, failed prometheus.Counter
}

func newCounters(reg prometheus.Registerer, name string) counters {
	requests := metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "salon_cache_requests_total",
		Help: "Reads of a cache by result: hit (found in Redis) or miss (loaded). Concurrent reads of one key count once.",
	}, []string{"cache", "result"}))
	failures := metrics.Register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "salon_cache_redis_failures_total",
		Help: "Uses of Redis by a cache that failed, or were skipped because Redis is unavailable.",
	}, []string{"cache"}))
	return counters{
		hit:    requests.WithLabelValues(name, "hit"),
		miss:   requests.WithLabelValues(name, "miss"),
		failed: failures.WithLabelValues(name),
	}
}
