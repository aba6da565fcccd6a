package resilience_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestDistributed runs the system as deploy/run-distributed.sh does: the servers below, four services and the gateway,
// each a process. It has to behave like one process, and to bear that a service is away.
func TestDistributed(t *testing.T) {
	t.Parallel()
	d := startDistributed(t)
	t.Run("flow", func(t *testing.T) { salontest.Both(t, d.System, flow) })
	t.Run("internal methods", d.internalMethods)
	t.Run("a service is away", d.serviceAway)
	t.Run("the user service is away", d.userAway)
	id := d.loggedRequest(t)
	t.Run("Ctrl-C", d.interrupt)
	t.Run("access log", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(d.dir, "gateway.log"))
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(data), id); n != 1 {
			t.Errorf("a call is in the access log %d times", n)
		}
	})
}

// TestOneProcess does in one process what TestDistributed does in five.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	system := salontest.Start(t)
	salontest.Both(t, system, flow)
}

// distributed is a system of several processes. The harness takes the script for the program: both print the same line
// when they are ready, and the script has no use for arguments.
type distributed struct {
	*salontest.System

	test         *testing.T // processes live until it ends, also those that a subtest begins
	program, dir string
	stops        []func() // of the processes that were started again
}

func startDistributed(t *testing.T) *distributed {
	t.Helper()
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../deploy/run-distributed.sh")
	if err != nil {
		t.Fatal(err)
	}
	d := &distributed{test: t, program: program, dir: dataDir(t)}
	d.System = salontest.Start(t, salontest.WithProgram(script, nil), salontest.WithDataDir(d.dir), salontest.WithBookingLimit(), salontest.WithEnv(
		"PROGRAM="+program, "DATA_DIR="+d.dir, "SALON_HTTP_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0", "SALON_DEMO=false", "SALON_LIMIT_AUTH=200"))
	t.Cleanup(func() {
		_ = d.Signal(syscall.SIGTERM) // it has ended, unless the test has failed; the script's status names the signal
		if err := d.Wait(time.Minute); err != nil {
			t.Error(err)
		}
	})
	out, err := d.salon(t.Context(), "admin", "create", "--email="+salontest.AdminEmail).CombinedOutput()
	if err != nil {
		t.Fatalf("create the administrator: %v\n%s", err, out)
	}
	if err := d.LiftBookingLimit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

// loggedRequest makes a call and returns its request id.
func (d *distributed) loggedRequest(t *testing.T) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL()+"/v1/masters", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.Header.Get("X-Request-Id")
}

// salon is the program with these arguments, in the environment that the script gives to its processes.
func (d *distributed) salon(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", append([]string{"-c", `set -a; . "$0"; exec "$@"`,
		filepath.Join(d.dir, "env"), d.program}, args...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(os.Environ(), "SALON_ADMIN_PASSWORD="+salontest.AdminPassword, "SALON_INTERNAL_ADDR=127.0.0.1:0", "SALON_STOP_DELAY=0s")
	return cmd
}

// pid is the process of a service.
func (d *distributed) pid(t *testing.T, name string) int {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, name+".pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		t.Fatalf("process of %s: %v", name, err)
	}
	return pid
}

var rpcAddress = regexp.MustCompile(`(?m)^ready .*\brpc=(\S+)`)

// rpcAddr is where a service is for the others.
func (d *distributed) rpcAddr(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	m := rpcAddress.FindSubmatch(data)
	if m == nil {
		t.Fatalf("%s has not printed its address:\n%s", name, data)
	}
	return string(m[1])
}

// internalMethods tries what services ask each other: nobody else may.
func (d *distributed) internalMethods(t *testing.T) {
	admin, cast := d.Admin(), d.NewCast(t)
	appointment := cast.Book(t, cast.CustomerA, cast.Master1)
	for method, req := range map[string]proto.Message{
		userv1.IdentityService_LookupUser_FullMethodName:                &userv1.LookupUserRequest{UserId: cast.CustomerA.ID},
		userv1.IdentityService_LookupMaster_FullMethodName:              &userv1.LookupMasterRequest{MasterId: cast.Master1.ID},
		userv1.IdentityService_CheckSession_FullMethodName:              &userv1.CheckSessionRequest{SessionId: cast.CustomerA.ID},
		appointmentv1.DirectoryService_LookupAppointment_FullMethodName: &appointmentv1.LookupAppointmentRequest{AppointmentId: appointment.GetId()},
	} {
		for _, as := range []salontest.Identity{nil, admin} {
			d.GRPC().Call(t, as, method, req).Want(t, codes.Unimplemented, "")
		}
	}
	r := d.HTTP(t, salontest.NewRequest(http.MethodPost, userv1.IdentityService_LookupUser_FullMethodName, "{}").As(t, admin))
	if r.StatusCode != http.StatusNotFound {
		t.Errorf("an internal method over HTTP: %d %s", r.StatusCode, r.Bytes)
	}
}

// serviceAway stops the notification service, and starts it again where it was.
func (d *distributed) serviceAway(t *testing.T) {
	cast := d.NewCast(t)
	customer, master := expectation{who: cast.CustomerA}, expectation{who: cast.Master1}
	book := func() {
		appointment := cast.Book(t, cast.CustomerA, cast.Master1)
		customer.what = append(customer.what, notice{created, appointment.GetId()})
		master.what = append(master.what, notice{created, appointment.GetId()})
	}
	book()
	arrive(t, d.REST(), []expectation{customer, master})
	d.signal(t, "notification", syscall.SIGTERM)
	salontest.Eventually(t, func() error {
		status, reason, err := d.notifications(t, cast.CustomerA)
		if err != nil || status != http.StatusServiceUnavailable || reason != "UNAVAILABLE" {
			return fmt.Errorf("REST answers %d %s (%w), want 503 UNAVAILABLE", status, reason, err)
		}
		if r := d.GRPC().Call(t, cast.CustomerA, listNotifications, &notificationv1.ListNotificationsRequest{}); r.Code != codes.Unavailable || r.Reason != "UNAVAILABLE" {
			return fmt.Errorf("gRPC answers %v, want UNAVAILABLE", r)
		}
		return nil
	})
	book() // the others do not need it

	d.restart("notification")
	salontest.Eventually(t, func() error {
		status, reason, err := d.notifications(t, cast.CustomerA)
		if err != nil || status != http.StatusOK {
			return fmt.Errorf("the notification service is back, and REST answers %d %s (%w)", status, reason, err)
		}
		return nil
	})
	arrive(t, d.GRPC(), []expectation{customer, master})
	exactlyOnce(t, d.REST(), []expectation{customer, master})
}

// signal sends a signal to the process of a service.
func (d *distributed) signal(t *testing.T, name string, sig syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(d.pid(t, name), sig); err != nil {
		t.Fatal(err)
	}
}

// restart starts a service where it was, until the servers stop or the test ends. It has the secret key, which the others have not.
func (d *distributed) restart(name string) {
	t := d.test
	t.Helper()
	args := []string{"serve", "--services=" + name, "--rpc-addr=" + d.rpcAddr(t, name)}
	for _, other := range []string{"user", "appointment", "rating", "notification"} {
		if other != name {
			args = append(args, "--target="+other+"="+d.rpcAddr(t, other))
		}
	}
	cmd := d.salon(context.WithoutCancel(t.Context()), args...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop := sync.OnceFunc(func() {
		if err := errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()); err != nil {
			t.Errorf("stop %s: %v\n%s", name, err, output.Bytes()[max(0, output.Len()-4000):])
		}
	})
	t.Cleanup(stop)
	d.stops = append(d.stops, stop)
}

// notifications asks over REST without the harness, which takes a 503 for a failure.
func (d *distributed) notifications(t *testing.T, as *salontest.Account) (status int, reason string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL()+"/v1/notifications", nil)
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("Authorization", "Bearer "+as.Pair(t).GetAccessToken())
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	var problem struct{ Reason string }
	err = json.NewDecoder(resp.Body).Decode(&problem)
	return resp.StatusCode, problem.Reason, err
}

// interrupt stops everything as Ctrl-C in a terminal does, which signals the whole group: nothing stays behind.
func (d *distributed) interrupt(t *testing.T) {
	for _, stop := range d.stops { // before the servers that they need
		stop()
	}
	if err := syscall.Kill(-d.PID(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := d.Wait(time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := d.ExitError(); err != nil {
		t.Errorf("the script ended with %v; being stopped is how it ends", err)
	}
	for _, name := range []string{"gateway", "notification", "rating", "appointment", "user", "infra"} {
		if err := syscall.Kill(d.pid(t, name), 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("%s still runs: %v", name, err)
		}
		log, err := os.ReadFile(filepath.Join(d.dir, name+".log"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(log), "salon: ") {
			t.Errorf("%s did not end well:\n%s", name, log[max(0, len(log)-2000):])
		}
	}
	if _, err := os.Stat(filepath.Join(d.dir, "postgres", "data", "postmaster.pid")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the database was not stopped: %v", err)
	}
}
