package salontest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// startTime is how long a start may take, with the making of a database cluster.
	startTime = 5 * time.Minute
	// stopTime is how long a stop may take before the program is killed.
	stopTime = 20 * time.Second
)

// process is one run of the program.
type process struct {
	cmd  *exec.Cmd
	log  *logBuffer
	done chan struct{}
	err  error // of Wait; read after done
}

// startProcess starts a command whose output is kept.
func startProcess(cmd *exec.Cmd, log *logBuffer) (*process, error) {
	p := &process{cmd: cmd, log: log, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = stopTime // a child that has inherited the output must not hold up the end
	started := make(chan error, 1)
	go func() {
		// The death signal of Linux goes by the thread that started the process.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		p.err = cmd.Wait()
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// wait waits for the end of the process, within a deadline.
func (p *process) wait(deadline time.Duration) error {
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
		return fmt.Errorf("the program still runs after %s", deadline)
	}
}

// stop asks the process to end, and kills it when it does not.
func (p *process) stop() error {
	if p.ended() {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	if err := p.wait(stopTime); err != nil {
		return errors.Join(fmt.Errorf("asked to stop: %w", err), p.kill())
	}
	if p.err != nil {
		return fmt.Errorf("the program ended with %w", p.err)
	}
	return nil
}

// kill ends the process at once.
func (p *process) kill() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.wait(stopTime)
}

var readyLine = regexp.MustCompile(`(?m)^ready http=(\S+) grpc=(\S+) internal=(\S+)`)

// ready waits for the line with the addresses.
func (p *process) ready(ctx context.Context) (http, grpc, internal string, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		changed := p.log.changed()
		if m := readyLine.FindStringSubmatch(p.log.String()[p.log.begin:]); m != nil {
			return m[1], m[2], m[3], nil
		}
		select {
		case <-changed:
		case <-p.done:
			return "", "", "", fmt.Errorf("the program ended before it was ready: %w\n%s", p.err, p.log.tail())
		case <-ctx.Done():
			return "", "", "", fmt.Errorf("the program is not ready: %w\n%s", ctx.Err(), p.log.tail())
		}
	}
}

// logBuffer keeps what the runs of a program print.
type logBuffer struct {
	mu     sync.Mutex
	buf    bytes.Buffer
	begin  int // where the output of the current run begins
	change chan struct{}
}

func newLogBuffer() *logBuffer { return &logBuffer{change: make(chan struct{})} }

// Write takes a piece of output.
func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.change)
	l.change = make(chan struct{})
	return l.buf.Write(b)
}

// String returns all output so far.
func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// next begins a run.
func (l *logBuffer) next() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begin = l.buf.Len()
}

// changed is closed at the next output.
func (l *logBuffer) changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.change
}

// tail is the last lines, for a failure's message. Calls that went well are left out: a test that polls would fill it
// with them.
func (l *logBuffer) tail() string {
	lines := slices.DeleteFunc(strings.Split(strings.TrimRight(l.String(), "\n"), "\n"), func(line string) bool {
		return strings.Contains(line, " protocol=") && (strings.Contains(line, " code=OK") || strings.Contains(line, " status=2"))
	})
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
