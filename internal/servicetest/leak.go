package servicetest

import (
	"slices"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/natstest"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/redistest"
)

// LeakOptions are for goleak, in packages whose tests use this one: they except what the servers and their clients leave
// behind.
func LeakOptions() []goleak.Option {
	return slices.Concat(pgtest.LeakOptions(), natstest.LeakOptions(), redistest.LeakOptions())
}
