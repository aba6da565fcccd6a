package waitlist

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/servicetest"
)

// No goroutine that a test starts outlives the tests.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, servicetest.LeakOptions()...)
}
