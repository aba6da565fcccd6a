package servicetest_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/servicetest"
)

// Everything that a test has started ends with the test.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, servicetest.LeakOptions()...)
}
