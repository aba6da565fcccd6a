package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// process is a program that runs.
type process struct {
	cmd      *exec.Cmd
	addrs    map[string]string // by their names in the line that says "ready"
	printed  string            // until that line
	rest     chan string       // what is printed after that line
	errors   bytes.Buffer
	finished bool
}

// start runs the program until it is ready.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	p := &process{cmd: command(ctx, t, env, args...), addrs: map[string]string{}, rest: make(chan string, 1)}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd.Stderr = &p.errors
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // where the test has failed before wait
		defer cancel()
		if !p.finished {
			_ = p.cmd.Process.Signal(syscall.SIGTERM)
			_ = p.cmd.Wait()
		}
	})
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			_ = p.wait()
			t.Fatalf("salon %v ended before it was ready: %s\n%s", args, &p.errors, p.printed)
		}
		p.printed += line
		if rest, ok := strings.CutPrefix(line, "ready "); ok {
			for part := range strings.FieldsSeq(rest) {
				name, addr, _ := strings.Cut(part, "=")
				p.addrs[name] = addr
			}
			break
		}
	}
	go func() {
		rest, _ := io.ReadAll(lines)
		p.rest <- string(rest)
	}()
	return p
}

// wait waits for the end of the program.
func (p *process) wait() error {
	p.finished = true
	return p.cmd.Wait()
}

// stop ends `salon dev` with a signal and fails the test unless it ends well.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if rest := <-p.rest; !strings.HasSuffix(rest, "\nstopped\n") && rest != "stopped\n" {
		t.Errorf("its last line is not \"stopped\": %s", rest)
	}
	if err := p.wait(); err != nil || p.errors.Len() > 0 {
		t.Errorf("ended with %v: %s", err, &p.errors)
	}
}

// get asks a port for a page. The caller closes the body.
func get(t *testing.T, addr, path string) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// status is the status of a page.
func status(t *testing.T, addr, path string) int {
	t.Helper()
	resp := get(t, addr, path)
	defer resp.Body.Close()
	return resp.StatusCode
}

// collector is where spans go to; it passes on the bodies of the requests.
func collector(t *testing.T) (url string, received <-chan string) {
	t.Helper()
	bodies := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("the collector is sent %s, %v", r.URL.Path, err)
		}
		bodies <- string(body)
	}))
	t.Cleanup(server.Close)
	return server.URL, bodies
}

// TestGatewayAlone: a gateway starts and is ready while the services are down, and a running request is finished
// when the gateway stops.
func TestGatewayAlone(t *testing.T) {
	t.Parallel()
	otlp, spans := collector(t)
	env := append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + otlp}, unreachable...)
	for _, name := range serviceNames {
		env = append(env, "SALON_"+strings.ToUpper(name)+"_TARGET=127.0.0.1:1")
	}
	p := start(t, env, "serve", "--services=gateway")
	for _, port := range []string{"http", "internal"} {
		if got := status(t, p.addrs[port], "/readyz"); got != http.StatusOK {
			t.Errorf("/readyz of %s is %d", port, got)
		}
	}
	conn, err := grpc.NewClient(p.addrs["grpc"], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	health, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
	if err != nil || health.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("gRPC health: %v, %v", health, err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if got := status(t, p.addrs["http"], "/v1/masters"); got != http.StatusServiceUnavailable {
		t.Errorf("a call of a service that is away is answered with %d", got)
	}
	unfinished(t, p)
	if err := p.wait(); err != nil {
		t.Errorf("ended with %v: %s", err, &p.errors)
	}
	var all string
	for len(spans) > 0 {
		all += <-spans
	}
	for _, want := range []string{"service.name", "salon", "GET /v1/masters", "salon.user.v1.MasterService/ListMasters"} {
		if !strings.Contains(all, want) {
			t.Errorf("the collector has no %q", want)
		}
	}
}

// unfinished stops the program while it waits for a request's body, and sends that when the probes say no.
func unfinished(t *testing.T, p *process) {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", p.addrs["http"])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "POST /v1/auth:login HTTP/1.1\r\nHost: salon\r\nContent-Type: application/json\r\n"+
		"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the body is not waited for: %q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil { // the end of that answer
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for status(t, p.addrs["internal"], "/readyz") == http.StatusOK {
		if t.Context().Err() != nil {
			t.Fatal("it has not stopped")
		}
	}
	fmt.Fprint(conn, "{}")
	resp, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatalf("a request that was under way is not answered: %v", err)
	}
	if err := resp.Body.Close(); err != nil || resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("answered with %d %v", resp.StatusCode, err)
	}
}
