// Package lifecycle starts the parts of a process one after the other and stops them in reverse order, also when
// starting fails half-way.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// defaultStopTimeout is what a component has for stopping unless it says otherwise.
const defaultStopTimeout = 10 * time.Second

// Component is a part of the process. All functions may be nil.
type Component struct {
	// Name is what errors call it.
	Name string
	// Start gets it ready for those that are started after it. What it leaves behind must not depend on ctx.
	Start func(ctx context.Context) error
	// Run works from the end of Start until ctx ends. An error, also one that comes before the end of ctx, stops the
	// whole group; nil does not. After the end of ctx an error that is only the context's own is ignored.
	Run func(ctx context.Context) error
	// Stop asks it to finish what it has begun; Run's context ends after it. ctx has the deadline for both.
	Stop func(ctx context.Context) error
	// StopTimeout bounds Stop and the end of Run, counted from when its turn to stop comes. 0 means 10 seconds.
	StopTimeout time.Duration
}

// Group is a list of components in the order of their start. The zero value is empty and ready; it is used once, by one
// goroutine.
type Group struct {
	components []Component
}

// Add appends a component.
func (g *Group) Add(c Component) { g.components = append(g.components, c) }

// running is a component that was started.
type running struct {
	Component
	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned
	err    error         // of Run, set before done is closed
}

// Run starts all components, works until ctx ends or a component fails, and stops all that were started, last first.
// The end of ctx is no error. It returns the first failure, joined with those of stopping.
func (g *Group) Run(ctx context.Context) error {
	// The first failure ends ctx for Start functions too; components do not see it, they have their turn to stop.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	base := context.WithoutCancel(ctx)
	var started []*running
	for _, c := range g.components {
		if ctx.Err() != nil {
			break
		}
		if c.Start != nil {
			if err := c.Start(ctx); err != nil {
				fail(failure{fmt.Errorf("start %s: %w", c.Name, err)})
				break
			}
		}
		started = append(started, launch(base, c, fail))
	}
	<-ctx.Done()
	var errs []error
	var first failure
	if errors.As(context.Cause(ctx), &first) {
		errs = append(errs, first.error)
	}
	for _, r := range slices.Backward(started) {
		errs = append(errs, r.halt(base, first.error))
	}
	return errors.Join(errs...)
}

// failure tells the group's own reason to stop from the caller's.
type failure struct{ error }

// Unwrap returns the error itself.
func (f failure) Unwrap() error { return f.error }

// launch runs a component in the background.
func launch(ctx context.Context, c Component, fail context.CancelCauseFunc) *running {
	ctx, cancel := context.WithCancel(ctx)
	r := &running{Component: c, cancel: cancel, done: make(chan struct{})}
	if c.Run == nil {
		close(r.done)
		return r
	}
	go func() {
		defer close(r.done)
		err := c.Run(ctx)
		if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return
		}
		r.err = fmt.Errorf("run %s: %w", c.Name, err)
		fail(failure{r.err})
	}()
	return r
}

// halt stops a component within its time, which begins now. It does not repeat what is known already.
func (r *running) halt(ctx context.Context, known error) error {
	timeout := r.StopTimeout
	if timeout <= 0 {
		timeout = defaultStopTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer r.cancel()
	var errs []error
	if r.Stop != nil {
		if err := r.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", r.Name, err))
		}
	}
	r.cancel()
	select {
	case <-r.done:
		if r.err != nil && !errors.Is(known, r.err) {
			errs = append(errs, r.err)
		}
	case <-ctx.Done():
		errs = append(errs, fmt.Errorf("stop %s: still running after %s", r.Name, timeout))
	}
	return errors.Join(errs...)
}
