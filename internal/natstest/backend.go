package natstest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// embedded runs the server in this process.
type embedded struct {
	srv *server.Server
}

func (e *embedded) start(port int, dir string) error {
	srv, err := server.NewServer(&server.Options{
		Host:      "127.0.0.1",
		Port:      port,
		JetStream: true,
		StoreDir:  dir,
		NoLog:     true,
		NoSigs:    true,
	})
	if err != nil {
		return fmt.Errorf("make a NATS server: %w", err)
	}
	srv.Start()
	if !srv.ReadyForConnections(startTimeout) {
		srv.Shutdown()
		srv.WaitForShutdown()
		return fmt.Errorf("NATS server is not ready on port %d after %v", port, startTimeout)
	}
	e.srv = srv
	return nil
}

func (e *embedded) stop() {
	e.srv.Shutdown()
	e.srv.WaitForShutdown()
}

// process runs a nats-server binary.
type process struct {
	binary string
	cmd    *exec.Cmd
	output bytes.Buffer
}

func (p *process) start(port int, dir string) error {
	p.output.Reset()
	// The end of the test stops it by stop, not by a context.
	p.cmd = exec.CommandContext(context.Background(), p.binary,
		"--addr", "127.0.0.1", "--port", strconv.Itoa(port), "--jetstream", "--store_dir", dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.binary, err)
	}
	deadline := time.Now().Add(startTimeout)
	for {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), time.Second)
		if err == nil {
			return conn.Close()
		}
		if time.Now().After(deadline) {
			p.stop()
			return fmt.Errorf("%s is not ready on port %d after %v: %w\n%s", p.binary, port, startTimeout, err, p.output.String())
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (p *process) stop() {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		_ = p.cmd.Process.Kill()
	}
	killer := time.AfterFunc(startTimeout, func() { _ = p.cmd.Process.Kill() })
	defer killer.Stop()
	// How it exits does not matter: the tests look at what its files hold.
	_ = p.cmd.Wait()
}
