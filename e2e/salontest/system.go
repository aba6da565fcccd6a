package salontest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// The administrator that a system without demo data begins with.
const (
	AdminEmail    = "admin@salon.test"
	AdminPassword = "correct horse battery"
)

// Option changes how a system is started.
type Option func(*settings)

type settings struct {
	args, env, tags []string
	dataDir         string
	demo            bool
	bookingLimit    bool
	attributes      *syscall.SysProcAttr
	program         string
	otherContract   bool
}

// WithArgs adds flags of `salon dev`.
func WithArgs(args ...string) Option {
	return func(s *settings) { s.args = append(s.args, args...) }
}

// WithEnv adds variables, each "NAME=value", to the program's environment.
func WithEnv(env ...string) Option { return func(s *settings) { s.env = append(s.env, env...) } }

// WithTags builds the program with these build tags, such as "failpoint".
func WithTags(tags ...string) Option { return func(s *settings) { s.tags = append(s.tags, tags...) } }

// WithDataDir keeps the data in a folder of the caller's, which is not deleted. As root, the user postgres must be able
// to enter it, which is not so with t.TempDir: see DataDir.
func WithDataDir(dir string) Option { return func(s *settings) { s.dataDir = dir } }

// WithDemo fills the new database with the demo salon, instead of with an administrator only.
func WithDemo() Option { return func(s *settings) { s.demo = true } }

// WithBookingLimit leaves the default salon its limit of open appointments, which tests reach soon. Without this option
// the limit is lifted at the first start, except for a system with demo data.
func WithBookingLimit() Option { return func(s *settings) { s.bookingLimit = true } }

// WithProgram runs this program instead of building one, and with these attributes: as another user, for instance.
func WithProgram(path string, attributes *syscall.SysProcAttr) Option {
	return func(s *settings) { s.program, s.attributes = path, attributes }
}

// WithOtherContract lets answers over REST differ from the OpenAPI document, as those of another version do.
func WithOtherContract() Option { return func(s *settings) { s.otherContract = true } }

// System is a running `salon dev`.
type System struct {
	settings settings
	program  string
	ownsDir  bool
	log      *logBuffer
	slots    atomic.Int64 // how many times NextStart has returned

	undeclared undeclared // answers over gRPC

	mu                            sync.Mutex
	process                       *process
	httpAddr, grpcAddr, otherAddr string
	conn                          *grpc.ClientConn
	admin                         *Account
}

// Start starts a system and stops it at the end of the test. When the test has failed, the end of the log is shown.
func Start(t testing.TB, opts ...Option) *System {
	t.Helper()
	s, err := Launch(t.Context(), opts...)
	if err != nil {
		t.Fatalf("start salon: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("stop salon: %v", err)
		}
		if t.Failed() {
			t.Logf("the end of salon's log:\n%s", s.log.tail())
		}
	})
	return s
}

// Launch is Start for what outlives a test: the caller has to call Close.
func Launch(ctx context.Context, opts ...Option) (*System, error) {
	s := &System{log: newLogBuffer()}
	for _, opt := range opts {
		opt(&s.settings)
	}
	s.program = s.settings.program
	if s.program == "" {
		var err error
		if s.program, err = Build(ctx, s.settings.tags...); err != nil {
			return nil, err
		}
	}
	if s.settings.dataDir == "" {
		dir, err := os.MkdirTemp("", "salon-e2e-")
		if err != nil {
			return nil, err
		}
		s.ownsDir, s.settings.dataDir = true, dir
		if err := os.Chmod(dir, 0o755); err != nil {
			return nil, err
		}
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if !s.settings.demo && !s.settings.bookingLimit {
		if err := s.LiftBookingLimit(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

// command is the program with everything on free ports.
func (s *System) command(extraEnv []string) *exec.Cmd {
	args := []string{
		"dev", "--data-dir=" + s.settings.dataDir,
		"--http-addr=127.0.0.1:0", "--grpc-addr=127.0.0.1:0", "--internal-addr=127.0.0.1:0",
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "SALON_") })
	if !s.settings.demo {
		args = append(args, "--no-demo", "--admin-email="+AdminEmail)
		env = append(env, "SALON_ADMIN_PASSWORD="+AdminPassword)
	}
	cmd := exec.Command(s.program, append(args, s.settings.args...)...)
	cmd.Env = append(append(env, s.settings.env...), extraEnv...)
	cmd.SysProcAttr = attributes()
	if s.settings.attributes != nil {
		cmd.SysProcAttr = s.settings.attributes
	}
	return cmd
}

func (s *System) start(ctx context.Context, extraEnv ...string) error {
	s.log.next()
	p, err := startProcess(s.command(extraEnv), s.log)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.process = p
	s.mu.Unlock()
	httpAddr, grpcAddr, otherAddr, err := p.ready(ctx)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient("passthrough:///"+grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(16<<20)), grpc.WithUnaryInterceptor(s.watch))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.httpAddr, s.grpcAddr, s.otherAddr, s.conn = httpAddr, grpcAddr, otherAddr, conn
	return nil
}

// URL is where REST is, without a slash at the end.
func (s *System) URL() string { return "http://" + s.locked(&s.httpAddr) }

// GRPCAddr is the host and port of public gRPC.
func (s *System) GRPCAddr() string { return s.locked(&s.grpcAddr) }

// InternalURL is where metrics, probes and pprof are, without a slash at the end.
func (s *System) InternalURL() string { return "http://" + s.locked(&s.otherAddr) }

func (s *System) locked(value *string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *value
}

// Conn is a connection to public gRPC. A restart replaces it.
func (s *System) Conn() *grpc.ClientConn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// PID is the id of the program's process.
func (s *System) PID() int { return s.current().cmd.Process.Pid }

// DataDir is where everything is kept.
func (s *System) DataDir() string { return s.settings.dataDir }

// Log is what the program has printed, over all its runs.
func (s *System) Log() string { return s.log.String() }

// AccessLog is the content of the access log's file.
func (s *System) AccessLog() (string, error) {
	data, err := os.ReadFile(filepath.Join(s.settings.dataDir, "gateway.log"))
	return string(data), err
}

func (s *System) current() *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

func (s *System) disconnect() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		_ = s.conn.Close() // closed twice at worst
		s.conn = nil
	}
}

// Stop stops the program as Ctrl-C does and waits for it. It fails when the program had to be killed or did not end well.
func (s *System) Stop() error {
	s.disconnect()
	if p := s.current(); p != nil {
		return p.stop()
	}
	return nil
}

// Kill ends the program without warning (SIGKILL) and waits for it.
func (s *System) Kill() error {
	s.disconnect()
	return s.current().kill()
}

// Signal sends a signal to the program.
func (s *System) Signal(sig os.Signal) error { return s.current().cmd.Process.Signal(sig) }

// Wait waits for the program to end by itself, within a deadline. The error says only that it did not.
func (s *System) Wait(deadline time.Duration) error { return s.current().wait(deadline) }

// ExitError is what the program ended with; nil for a clean end, or while it runs.
func (s *System) ExitError() error {
	p := s.current()
	if !p.ended() {
		return nil
	}
	return p.err
}

// Restart starts the program again on the same data. The ports are others. When it still runs, it is stopped first.
func (s *System) Restart(ctx context.Context, extraEnv ...string) error {
	if !s.current().ended() {
		if err := s.Stop(); err != nil {
			return err
		}
	}
	s.disconnect()
	return s.start(ctx, extraEnv...)
}

// Close stops the program if it runs, and deletes its data unless they are the caller's. It fails when the program has given
// answers over gRPC that the contract does not declare.
func (s *System) Close() error {
	errs := []error{s.undeclared.error()}
	if p := s.current(); p != nil && !p.ended() {
		errs = append(errs, s.Stop())
	}
	s.disconnect()
	if s.ownsDir {
		errs = append(errs, removeDir(s.settings.dataDir))
	}
	return errors.Join(errs...)
}

// removeDir deletes a folder into which the database of a program that was killed may still write.
func removeDir(dir string) error {
	var err error
	for deadline := time.Now().Add(stopTime); time.Now().Before(deadline); pause() {
		if err = os.RemoveAll(dir); err == nil {
			return nil
		}
	}
	return fmt.Errorf("delete the data: %w", err)
}
