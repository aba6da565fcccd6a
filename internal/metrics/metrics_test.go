package metrics

import (
	"database/sql"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scrape returns what Prometheus would read.
func scrape(t *testing.T, reg *prometheus.Registry) string {
	t.Helper()
	w := httptest.NewRecorder()
	Handler(reg).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, %v", w.Code, err)
	}
	return string(body)
}

func TestRegistry(t *testing.T) {
	text := scrape(t, New("v1.2.3"))
	for _, want := range []string{"go_goroutines ", "process_start_time_seconds ", `salon_build_info{goversion="go`, `version="v1.2.3"} 1`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestPool(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	err := RegisterPool(reg, "users", func() sql.DBStats {
		return sql.DBStats{
			MaxOpenConnections: 16, OpenConnections: 5, InUse: 3, Idle: 2, WaitCount: 7,
			WaitDuration: 1500 * time.Millisecond, MaxIdleClosed: 1, MaxIdleTimeClosed: 2, MaxLifetimeClosed: 3,
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := RegisterPool(reg, "users", nil); err == nil {
		t.Error("the same pool is accepted twice")
	}
	if err := RegisterPool(reg, "ratings", func() sql.DBStats { return sql.DBStats{} }); err != nil {
		t.Errorf("another pool: %v", err)
	}
	text := scrape(t, reg)
	for _, want := range []string{
		`salon_db_pool_max_connections{pool="users"} 16`,
		`salon_db_pool_open_connections{pool="users"} 5`,
		`salon_db_pool_in_use_connections{pool="users"} 3`,
		`salon_db_pool_waits_total{pool="users"} 7`,
		`salon_db_pool_wait_seconds_total{pool="users"} 1.5`,
		`salon_db_pool_closed_connections_total{limit="idle",pool="users"} 1`,
		`salon_db_pool_closed_connections_total{limit="idle_time",pool="users"} 2`,
		`salon_db_pool_closed_connections_total{limit="lifetime",pool="users"} 3`,
		`salon_db_pool_open_connections{pool="ratings"} 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
}
