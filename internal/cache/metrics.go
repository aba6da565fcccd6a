package cache

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// counters are the metrics of one cache.
type counters struct {
	localHit, localMiss, remoteHit, remoteMiss, remoteFailed prometheus.Counter
}

func newCounters(reg prometheus.Registerer, name string) counters {
	requests := register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "salon_cache_requests_total",
		Help: "Reads of a cache by level (local, redis) and result (hit, miss).",
	}, []string{"cache", "level", "result"}))
	failures := register(reg, prometheus.NewCounterVec(prometheus.CounterOpts{
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

// register returns the vector that is registered already where several caches share one.
func register(reg prometheus.Registerer, vec *prometheus.CounterVec) *prometheus.CounterVec {
	if reg == nil {
		return vec
	}
	err := reg.Register(vec)
	if twice, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := twice.ExistingCollector.(*prometheus.CounterVec); ok {
			return existing
		}
	}
	return vec
}
