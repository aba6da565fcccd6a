package e2e_test

import (
	"os"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

var (
	// shared serves all tests that only look at what they made themselves.
	shared salontest.Shared
	// quiet serves one test at a time, which may look at everything to see whether it changed.
	quiet salontest.Shared
)

func TestMain(m *testing.M) {
	status := m.Run()
	status = shared.Close(status)
	os.Exit(quiet.Close(status))
}
