package e2e_test

import (
	"os"
	"sync"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

var (
	// shared serves all tests that only look at what they made themselves.
	shared salontest.Shared
	// quiet serves one test at a time, which may look at everything to see whether it changed.
	quiet salontest.Shared
)

var (
	castOnce sync.Once
	cast     *salontest.Cast
)

// people is a cast of the shared system, for tests that do not mind what others do with it. A copy may have a member of
// its own.
func people(t *testing.T) salontest.Cast {
	t.Helper()
	s := shared.Get(t)
	castOnce.Do(func() { cast = s.NewCast(t) })
	if cast == nil {
		t.Fatal("another test could not make the cast")
	}
	return *cast
}

func TestMain(m *testing.M) {
	status := checkReasons(m.Run())
	status = shared.Close(status)
	os.Exit(quiet.Close(status))
}
