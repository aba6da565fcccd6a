package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

const (
	aChange = "/salon.appointment.v1.AppointmentService/CreateAppointment"
	aRead   = "/salon.appointment.v1.AppointmentService/ListAppointments"
	aSearch = "/salon.appointment.v1.AvailabilityService/SearchAvailability"
)

// heldConn keeps calls until the test lets them end.
type heldConn struct {
	grpc.ClientConnInterface
	running chan string
	end     chan error
}

func (c heldConn) Invoke(ctx context.Context, method string, _, _ any, _ ...grpc.CallOption) error {
	c.running <- method
	select {
	case err := <-c.end:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// newHeld is a connection on which one change and one read run at a time for each processor, and one waits.
func newHeld(t *testing.T, reg prometheus.Registerer) (limitedConn, heldConn) {
	t.Helper()
	l, err := newLoad(newTestRoutes(t), reg, func(r *route) workClass {
		class := workClass{name: "reads", least: 1, most: 1, first: 1, waiting: 1}
		if r.mutates() {
			class.name = "changes"
		}
		return class
	})
	if err != nil {
		t.Fatal(err)
	}
	held := heldConn{running: make(chan string, 1000), end: make(chan error)}
	return limitedConn{held, l}, held
}

// as is the context of a call of a user.
func as(t *testing.T, user string) context.Context {
	return context.WithValue(t.Context(), recordKey{}, &record{userID: user})
}

// TestLoad: what is more than can run waits, what is more than may wait is refused, reads and changes apart.
func TestLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reg := prometheus.NewRegistry()
		conn, held := newHeld(t, reg)
		n := runtime.GOMAXPROCS(0)
		done := make(chan error, 4*n)
		call := func(method, user string) { go func() { done <- conn.Invoke(as(t, user), method, nil, nil) }() }
		for range n {
			call(aRead, "ann")
		}
		synctest.Wait()
		for i := range n {
			call(aSearch, strconv.Itoa(i)) // waits: searches are reads of the same service
		}
		synctest.Wait()
		if len(held.running) != n || len(done) != 0 {
			t.Fatalf("%d of %d run, %d ended", len(held.running), n, len(done))
		}
		wantError(t, conn.Invoke(as(t, "cat"), aRead, nil, nil), "UNAVAILABLE")
		for range n {
			call(aChange, "ann")
		}
		synctest.Wait()
		if len(held.running) != 2*n {
			t.Errorf("reads keep changes waiting: %d run", len(held.running))
		}
		if err := testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP salon_gateway_load_refused_total Calls that were refused because there was too much to do.
# TYPE salon_gateway_load_refused_total counter
salon_gateway_load_refused_total{class="changes",service="appointment"} 0
salon_gateway_load_refused_total{class="changes",service="notification"} 0
salon_gateway_load_refused_total{class="changes",service="rating"} 0
salon_gateway_load_refused_total{class="changes",service="user"} 0
salon_gateway_load_refused_total{class="reads",service="appointment"} 1
salon_gateway_load_refused_total{class="reads",service="notification"} 0
salon_gateway_load_refused_total{class="reads",service="rating"} 0
salon_gateway_load_refused_total{class="reads",service="user"} 0
`), "salon_gateway_load_refused_total"); err != nil {
			t.Error(err)
		}
		for i := range 3 * n { // those that waited run when those before them end, well or not
			var err error
			if i%2 == 0 {
				err = apierr.Internal(nil)
			}
			held.end <- err
		}
		for range 3 * n {
			<-done
		}
		if len(held.running) != 3*n {
			t.Errorf("%d ran in all", len(held.running))
		}
	})
}

// TestLoadRefusesBeforeItReads: a request that has no place is refused before its body is read, in whatever state the body is, whether the path
// has variables or not. The access log names the method.
func TestLoadRefusesBeforeItReads(t *testing.T) {
	for _, c := range []struct{ method, path, route string }{
		{aSearch, "/v1/availability:search", "POST /v1/availability:search"},
		{
			"/salon.appointment.v1.AppointmentService/CancelAppointment",
			"/v1/appointments/0197b8a0-0000-7000-8000-000000000001:cancel", "POST /v1/appointments/{appointment_id}:cancel",
		},
	} {
		var log strings.Builder
		g := newIdleGateway(t, &log)
		handler, err := g.newHandler()
		if err != nil {
			t.Fatal(err)
		}
		call := func() *httptest.ResponseRecorder {
			w, r := httptest.NewRecorder(), request(http.MethodPost, c.path, "{")
			r.Header.Set("Content-Type", "application/json")
			handler.ServeHTTP(w, r)
			return w
		}
		if got := problemOf(t, call()); got.Status != http.StatusBadRequest {
			t.Fatalf("%s while there is room: %+v", c.path, got)
		}
		g.load.byMethod[c.method] = newWork(workClass{least: 1, most: 1, first: 1})
		log.Reset()
		w := call()
		if got := problemOf(t, w); got.Status != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: %+v, %v", c.path, got, w.Header())
		}
		if !strings.Contains(log.String(), `"route":"`+c.route+`"`) {
			t.Errorf("%s: log is %s", c.path, &log)
		}
	}
}

// TestLoadIsShared: when calls have to wait, a caller who has half of all places gets no more, and others do.
func TestLoadIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, held := newHeld(t, prometheus.NewRegistry())
		n := runtime.GOMAXPROCS(0)
		done := make(chan error, 4*n)
		call := func(user string) { go func() { done <- conn.Invoke(as(t, user), aRead, nil, nil) }() }
		for range n {
			call("greedy") // all, while nobody else is there
		}
		synctest.Wait()
		call("ann")
		synctest.Wait()
		wantError(t, conn.Invoke(as(t, "greedy"), aRead, nil, nil), "RATE_LIMITED")
		if n > 1 {
			call("ben")
			synctest.Wait()
			if len(done) > 0 {
				t.Errorf("another caller: %v", <-done)
			}
		}
		for range n + min(n, 2) {
			held.end <- nil
		}
		for range n + min(n, 2) {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestLoadEndsWaiting: waiting ends with the call, or after a while.
func TestLoadEndsWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, held := newHeld(t, prometheus.NewRegistry())
		n := runtime.GOMAXPROCS(0)
		done := make(chan error, n)
		for range n {
			go func() { done <- conn.Invoke(as(t, "ann"), aRead, nil, nil) }()
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(as(t, "ben"), maxWait/2)
		defer cancel()
		if err := conn.Invoke(ctx, aRead, nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the call's own time: %v", err)
		}
		begin := time.Now()
		wantError(t, conn.Invoke(as(t, "ben"), aRead, nil, nil), "UNAVAILABLE")
		if waited := time.Since(begin); waited != maxWait {
			t.Errorf("waited %s", waited)
		}
		for range n {
			held.end <- nil
		}
		for range n {
			<-done
		}
	})
}

// TestLoadPassesOnUnknownMethods: they are refused by the connection.
func TestLoadPassesOnUnknownMethods(t *testing.T) {
	conn, held := newHeld(t, prometheus.NewRegistry())
	go func() { held.end <- apierr.Internal(nil) }()
	wantError(t, conn.Invoke(t.Context(), "/salon.user.v1.IdentityService/CheckSession", nil, nil), "INTERNAL")
}

// TestLoadOfOne: a caller who is alone may have nearly all places, and others still find one.
func TestLoadOfOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn, held := newHeld(t, prometheus.NewRegistry())
		places := 2 * runtime.GOMAXPROCS(0)
		done := make(chan error, places)
		call := func(user string) { go func() { done <- conn.Invoke(as(t, user), aRead, nil, nil) }() }
		for range places - max(places/8, 1) {
			call("greedy")
			synctest.Wait()
		}
		wantError(t, conn.Invoke(as(t, "greedy"), aRead, nil, nil), "RATE_LIMITED")
		call("ann")
		synctest.Wait()
		if len(done) > 0 {
			t.Errorf("another caller: %v", <-done)
		}
		calls := places - max(places/8, 1) + 1
		for range calls {
			held.end <- nil
		}
		for range calls {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// TestReadsInThisProcess: the reads of a service in this process have a limit of their own.
func TestReadsInThisProcess(t *testing.T) {
	conns := rpc.NewConns(rpc.ConnsConfig{})
	t.Cleanup(func() { _ = conns.Close() })
	if err := conns.Local("appointment", rpc.ServerConfig{}, func(r grpc.ServiceRegistrar) {
		r.RegisterService(&appointmentv1.AppointmentService_ServiceDesc, appointmentv1.UnimplementedAppointmentServiceServer{})
	}); err != nil {
		t.Fatal(err)
	}
	g := &Gateway{deps: Deps{Conns: conns}}
	rs := newTestRoutes(t)
	for method, want := range map[string]workClass{
		aRead: readsHere, aChange: changes, "/salon.user.v1.MasterService/GetMaster": reads, "/salon.user.v1.MasterService/CreateMaster": changes,
	} {
		if got := g.classOf(rs.byMethod[method]); got != want {
			t.Errorf("%s: got %+v, want %+v", method, got, want)
		}
	}
}
