package servicetest

import (
	"slices"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/redistest"
)

// LeakOptions are options of goleak for packages whose tests use this package. They ignore the goroutines that the
// servers and their clients leave running.
func LeakOptions() []goleak.Option {
	return slices.Concat(pgtest.LeakOptions(), natstest.LeakOptions(), redistest.LeakOptions())
}
