package metrics

import (
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// Register registers a collector, or returns the same one that is registered already: parts of a process that exist
// more than once, such as consumers, share theirs. reg may be nil; then nobody reads the numbers. It panics when another
// collector has the name, a bug that the first start shows.
func Register[C prometheus.Collector](reg prometheus.Registerer, c C) C {
	if reg == nil {
		return c
	}
	err := reg.Register(c)
	if already, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing
		}
	}
	if err != nil {
		panic(fmt.Sprintf("metrics: %v", err))
	}
	return c
}
