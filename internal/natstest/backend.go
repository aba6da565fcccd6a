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

	"github.com/beauty-salon/platform/internal/embedded"
)

// inProcess runs the server in this process.
type inProcess struct {
	server *embedded.NATS
}

func (p *inProcess) start(port int, dir string) (err error) {
	// The end of the test stops it by stop, not by a context.
	p.server, err = embedded.StartNATS(context.Background(), embedded.NATSConfig{StoreDir: dir, Listen: address(port)})
	return err
}

func (p *inProcess) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return p.server.Shutdown(ctx)
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
		"--addr", loopback, "--port", strconv.Itoa(port), "--jetstream", "--store_dir", dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.binary, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	retry := time.NewTicker(10 * time.Millisecond)
	defer retry.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address(port))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready on port %d after %v: %w", p.binary, port, startTimeout,
				errors.Join(err, p.stop(), errors.New(p.output.String())))
		}
	}
}

func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", p.binary, err)
	}
	killer := time.AfterFunc(stopTimeout, func() { _ = p.cmd.Process.Kill() })
	defer killer.Stop()
	// How it exits does not matter: the tests look at what its files hold.
	_ = p.cmd.Wait()
	return nil
}
