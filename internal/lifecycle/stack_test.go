package lifecycle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// diary records what happens, in order.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	if !slices.Equal(d.lines, lines) {
		t.Errorf("happened: %v\nwant:     %v", d.lines, lines)
	}
}

// part notes its start and stop, and works until its context ends.
func (d *diary) part(name string) Part {
	d.add("start " + name)
	return Part{
		Name: name,
		Run: func(ctx context.Context) error {
			<-ctx.Done()
			d.add("ended " + name)
			return ctx.Err()
		},
		Stop: func(context.Context) error { d.add("stop " + name); return nil },
	}
}

func TestOrder(t *testing.T) {
	var d diary
	s, ctx := New(t.Context())
	for _, name := range []string{"db", "bus", "web"} {
		s.Push(d.part(name))
	}
	if ctx.Err() != nil {
		t.Errorf("ended by itself: %v", ctx.Err())
	}
	if err := s.Close(); err != nil {
		t.Errorf("error %v", err)
	}
	if ctx.Err() == nil {
		t.Error("the context has not ended after Close")
	}
	d.want(t, "start db", "start bus", "start web",
		"stop web", "ended web", "stop bus", "ended bus", "stop db", "ended db")
	if err := s.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	d.want(t, "start db", "start bus", "start web",
		"stop web", "ended web", "stop bus", "ended bus", "stop db", "ended db")
}

func TestNothingToDo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, ctx := New(ctx)
	if ctx.Err() == nil {
		t.Error("the end of the caller's context does not show")
	}
	if err := s.Close(); err != nil {
		t.Errorf("an empty stack: %v", err)
	}
}

// TestEndOfTheCaller: parts work on until Close stops them, and the end of the caller's context is no error.
func TestEndOfTheCaller(t *testing.T) {
	var d diary
	parent, cancel := context.WithCancel(t.Context())
	s, ctx := New(parent)
	s.Push(d.part("db"))
	cancel()
	<-ctx.Done()
	d.want(t, "start db")
	if err := s.Close(); err != nil {
		t.Errorf("error %v", err)
	}
	d.want(t, "start db", "stop db", "ended db")
}

// TestBuildingFailsHalfWay closes what was opened before the failure, as every caller does.
func TestBuildingFailsHalfWay(t *testing.T) {
	var d diary
	bad := errors.New("port in use")
	build := func() (err error) {
		s, _ := New(t.Context())
		defer func() { err = errors.Join(err, s.Close()) }()
		s.Push(d.part("db"))
		s.Defer("file", func() error { d.add("close file"); return nil })
		return bad
	}
	if err := build(); !errors.Is(err, bad) || err.Error() != "port in use" {
		t.Errorf("error %v", err)
	}
	d.want(t, "start db", "close file", "stop db", "ended db")
}

func TestRunFails(t *testing.T) {
	var d diary
	bad := errors.New("socket closed")
	s, ctx := New(t.Context())
	s.Push(d.part("db"))
	s.Push(Part{
		Name: "web",
		Run:  func(context.Context) error { return bad },
		Stop: func(context.Context) error { return errors.New("cannot flush") },
	})
	<-ctx.Done()
	if err := s.Close(); !errors.Is(err, bad) || err.Error() != "run web: socket closed\nstop web: cannot flush" {
		t.Errorf("error %q", err)
	}
	d.want(t, "start db", "stop db", "ended db")
}

func TestRunMayEndByItself(t *testing.T) {
	var d diary
	s, ctx := New(t.Context())
	ended := make(chan struct{})
	s.Push(Part{Name: "once", Run: func(context.Context) error { d.add("done"); close(ended); return nil }})
	<-ended
	if err := s.Close(); err != nil || !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("error %v, cause %v", err, context.Cause(ctx))
	}
	d.want(t, "done")
}

func TestErrorsOfStopping(t *testing.T) {
	late := errors.New("late failure")
	s, _ := New(t.Context())
	s.Push(Part{
		Name: "a",
		Run:  func(ctx context.Context) error { <-ctx.Done(); return late },
		Stop: func(context.Context) error { return errors.New("stuck") },
	})
	s.Defer("b", func() error { return errors.New("lost") })
	if err := s.Close(); !errors.Is(err, late) || err.Error() != "stop b: lost\nstop a: stuck\nrun a: late failure" {
		t.Errorf("error %q", err)
	}
}

// TestDeadlinesAreMadeAtStop gives each part its whole time, however long the ones before it took.
func TestDeadlinesAreMadeAtStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := func(want time.Duration) func(context.Context) error {
			return func(ctx context.Context) error {
				deadline, ok := ctx.Deadline()
				if got := time.Until(deadline); !ok || got != want || ctx.Err() != nil {
					t.Errorf("%v left, want %v (%v)", got, want, ctx.Err())
				}
				return nil
			}
		}
		release := make(chan struct{})
		s, _ := New(t.Context())
		s.Push(Part{Name: "db", Stop: left(defaultStopTimeout)})
		s.Push(Part{Name: "stuck", StopTimeout: time.Second, Stop: left(time.Second), Run: func(context.Context) error { <-release; return nil }})
		s.Push(Part{Name: "web", StopTimeout: time.Minute, Stop: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }})
		<-time.After(time.Hour) // the bubble's clock
		err := s.Close()
		close(release)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop stuck: still running after 1s") {
			t.Errorf("error %v", err)
		}
	})
}
