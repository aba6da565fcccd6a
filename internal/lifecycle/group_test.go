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

// component notes its start and stop, and works until it is told to stop.
func (d *diary) component(name string) Component {
	return Component{
		Name:  name,
		Start: func(context.Context) error { d.add("start " + name); return nil },
		Run: func(ctx context.Context) error {
			<-ctx.Done()
			d.add("ended " + name)
			return ctx.Err()
		},
		Stop: func(context.Context) error { d.add("stop " + name); return nil },
	}
}

// run runs a group until ctx ends or it fails.
func run(ctx context.Context, components ...Component) error {
	var g Group
	for _, c := range components {
		g.Add(c)
	}
	return g.Run(ctx)
}

func TestOrder(t *testing.T) {
	var d diary
	ctx, cancel := context.WithCancel(t.Context())
	last := Component{Name: "trigger", Start: func(context.Context) error { cancel(); return nil }}
	if err := run(ctx, d.component("db"), d.component("bus"), d.component("web"), last); err != nil {
		t.Errorf("error %v", err)
	}
	d.want(t, "start db", "start bus", "start web",
		"stop web", "ended web", "stop bus", "ended bus", "stop db", "ended db")
}

func TestNothingToDo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx); err != nil {
		t.Errorf("an empty group: %v", err)
	}
	if err := run(ctx, Component{Name: "never", Start: func(context.Context) error { t.Error("started after the end"); return nil }}); err != nil {
		t.Errorf("ended before its start: %v", err)
	}
}

func TestStartFailsHalfWay(t *testing.T) {
	var d diary
	bad := errors.New("port in use")
	broken := Component{
		Name:  "bus",
		Start: func(context.Context) error { return bad },
		Stop:  func(context.Context) error { d.add("stop bus"); return nil },
	}
	err := run(t.Context(), d.component("db"), broken, d.component("web"))
	if !errors.Is(err, bad) || err.Error() != "start bus: port in use" {
		t.Errorf("error %v", err)
	}
	d.want(t, "start db", "stop db", "ended db")
}

func TestRunFails(t *testing.T) {
	var d diary
	bad := errors.New("socket closed")
	failing := Component{
		Name: "web",
		Run:  func(context.Context) error { return bad },
		Stop: func(context.Context) error { return errors.New("cannot flush") },
	}
	err := run(t.Context(), d.component("db"), failing)
	if !errors.Is(err, bad) || err.Error() != "run web: socket closed\nstop web: cannot flush" {
		t.Errorf("error %q", err)
	}
	d.want(t, "start db", "stop db", "ended db")
}

func TestFailureDuringLaterStart(t *testing.T) {
	var d diary
	slow := Component{Name: "slow", Start: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
	failing := Component{Name: "web", Run: func(context.Context) error { return errors.New("broken") }}
	err := run(t.Context(), d.component("db"), failing, slow)
	if err == nil || err.Error() != "run web: broken" {
		t.Errorf("error %q", err)
	}
	d.want(t, "start db", "stop db", "ended db")
}

func TestRunMayEndByItself(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var d diary
	done := Component{Name: "once", Run: func(context.Context) error { d.add("done"); cancel(); return nil }}
	if err := run(ctx, done); err != nil {
		t.Errorf("error %v", err)
	}
	d.want(t, "done")
}

func TestErrorsOfStopping(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	late := errors.New("late failure")
	a := Component{
		Name: "a",
		Run:  func(ctx context.Context) error { <-ctx.Done(); return late },
		Stop: func(context.Context) error { return errors.New("stuck") },
	}
	b := Component{Name: "b", Start: func(context.Context) error { cancel(); return nil }}
	err := run(ctx, a, b)
	if !errors.Is(err, late) || err.Error() != "stop a: stuck\nrun a: late failure" {
		t.Errorf("error %q", err)
	}
}

// TestDeadlinesAreMadeAtStop gives each component its whole time, however long the ones before it took.
func TestDeadlinesAreMadeAtStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
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
		err := run(ctx,
			Component{Name: "db", Stop: left(defaultStopTimeout)},
			Component{Name: "deaf", StopTimeout: time.Second, Stop: left(time.Second), Run: func(context.Context) error { <-release; return nil }},
			Component{Name: "web", StopTimeout: time.Minute, Stop: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			Component{Name: "trigger", Start: func(context.Context) error {
				<-time.After(time.Hour) // the bubble's clock
				cancel()
				return nil
			}},
		)
		close(release)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "stop deaf: still running after 1s") {
			t.Errorf("error %v", err)
		}
	})
}
