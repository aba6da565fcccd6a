package resource

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/servicetest"
)

// Nothing that a test has started goes on after it.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, servicetest.LeakOptions()...)
}
