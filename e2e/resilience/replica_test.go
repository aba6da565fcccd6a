package resilience_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
)

// replicaAge is how old the answers of the standby may be in the test, so that one that is paused stays in use for a while.
const replicaAge = 20 * time.Second

// TestReplicas runs two copies of everything with a standby for lists. Whoever books at one copy sees that at the other at once, also while the
// standby shows nothing new, Redis is away, or the standby dies.
func TestReplicas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	standby := pgtest.StartStandby(t, s.database.AdminURL())
	env := []string{"SALON_DATABASE_REPLICA_URLS=" + standby.URL(), "SALON_DATABASE_REPLICA_MAX_AGE=" + replicaAge.String()}
	here, there := s.copy(t, env...), s.copy(t, env...)
	cast := here.NewCast(t)
	own := func() []*appointmentv1.Appointment {
		t.Helper()
		return salontest.Do[*appointmentv1.ListAppointmentsResponse](t, there.GRPC(), cast.CustomerA, listAppointments,
			&appointmentv1.ListAppointmentsRequest{PageSize: 100}).GetAppointments()
	}
	public := func(at *salontest.System) *salontest.Result {
		t.Helper()
		return at.REST().Call(t, nil, appointmentv1.CatalogService_ListServices_FullMethodName, &appointmentv1.ListServicesRequest{PageSize: 100})
	}
	cast.CustomerA.Pair(t)
	for name, read := range map[string]func(){"anybody's": func() { public(there) }, "the customer's": func() { own() }} {
		before := replicaReads(t, there)
		if !salontest.Deadline(2*time.Minute, func() bool { read(); return replicaReads(t, there) > before }) {
			t.Errorf("%s lists never come from the standby", name)
		}
	}

	seesAtOnce := func(when string) {
		t.Helper()
		booked := cast.Book(t, cast.CustomerA, cast.Master1)
		if !slices.ContainsFunc(own(), func(a *appointmentv1.Appointment) bool { return a.GetId() == booked.GetId() }) {
			t.Errorf("%s: the customer's list lacks what was just booked", when)
		}
	}
	seesAtOnce("all is well")
	standby.Pause()
	before := replicaReads(t, there)
	for range 3 {
		seesAtOnce("the standby shows nothing new")
	}
	public(there).Want(t, codes.OK, "")
	t.Logf("reads from the paused standby: %d", replicaReads(t, there)-before)
	s.cache.Stop()
	seesAtOnce("Redis is away")
	s.cache.Start()
	seesAtOnce("Redis has lost everything")
	standby.Resume()

	standby.Kill()
	for i := range 20 {
		for _, at := range []*salontest.System{here, there} {
			if r := public(at); r.Code != codes.OK {
				t.Fatalf("list %d after the death of the standby: %v", i, r)
			}
		}
	}
	seesAtOnce("the standby is dead")
}

// replicaReads is how often a copy of the appointment service has read from its standby.
func replicaReads(t *testing.T, at *salontest.System) (n int) {
	t.Helper()
	for line := range strings.Lines(metricsOf(t, at)) {
		if strings.HasPrefix(line, "salon_db_replica_reads_total{") && strings.Contains(line, `pool="appointment"`) {
			value, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, " "):]))
			if err != nil {
				t.Fatal(fmt.Errorf("%q: %w", line, err))
			}
			n += value
		}
	}
	return n
}

// metricsOf returns the metrics of a copy.
func metricsOf(t *testing.T, at *salontest.System) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.InternalURL()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
