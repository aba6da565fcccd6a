// Package lifecycle closes what a process has opened and stops what the process has started, the last first.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// defaultStopTimeout bounds the stop of a part that sets no timeout.
const defaultStopTimeout = 10 * time.Second

// Part is something that was opened or that runs. Both functions may be nil.
type Part struct {
	// Name names the part in errors.
	Name string
	// Run works until ctx ends. An error that Run returns before the end of ctx ends the context that New returned; nil
	// does not. After the end of ctx, the error of ctx itself is ignored.
	Run func(ctx context.Context) error
	// Stop finishes the work that has begun, or closes what was opened. The context of Run ends after Stop. ctx has the
	// deadline for Stop and for the end of Run.
	Stop func(ctx context.Context) error
	// StopTimeout bounds Stop and the end of Run. The time counts from the call of Stop; 0 means 10 seconds.
	StopTimeout time.Duration
}

// Stack is everything that a process has opened or started, in that order. It is used by one goroutine. Close it also
// when building the process fails half-way.
type Stack struct {
	base  context.Context // parts stop because Close stops them, not because the caller's context ends
	ctx   context.Context
	fail  context.CancelCauseFunc
	parts []*part
}

// New returns an empty stack, and a context that ends when ctx ends or when a part fails.
func New(ctx context.Context) (*Stack, context.Context) {
	base := context.WithoutCancel(ctx)
	ctx, fail := context.WithCancelCause(ctx)
	return &Stack{base: base, ctx: ctx, fail: fail}, ctx
}

// Push adds a part and starts its Run in the background.
func (s *Stack) Push(p Part) { s.parts = append(s.parts, launch(s.base, p, s.fail)) }

// Defer adds something that was opened and that closing ends.
func (s *Stack) Defer(name string, closing func() error) {
	s.Push(Part{Name: name, Stop: func(context.Context) error { return closing() }})
}

// Close stops all parts, the last first. It returns the first failure of a part, joined with the errors of stopping. The
// stack is empty afterwards.
func (s *Stack) Close() error {
	s.fail(nil)
	var errs []error
	var first failure
	if errors.As(context.Cause(s.ctx), &first) {
		errs = append(errs, first.error)
	}
	for _, p := range slices.Backward(s.parts) {
		errs = append(errs, p.halt(s.base, first.error))
	}
	s.parts = nil
	return errors.Join(errs...)
}

// failure marks the error of a part, as opposed to the end of the caller's context.
type failure struct{ error }

// Unwrap returns the error itself.
func (f failure) Unwrap() error { return f.error }

// part is a Part on the stack.
type part struct {
	Part
	cancel context.CancelFunc
	done   chan struct{} // closed when Run has returned
	err    error         // of Run, set before done is closed
}

// launch starts Run in the background.
func launch(ctx context.Context, p Part, fail context.CancelCauseFunc) *part {
	ctx, cancel := context.WithCancel(ctx)
	r := &part{Part: p, cancel: cancel, done: make(chan struct{})}
	if p.Run == nil {
		close(r.done)
		return r
	}
	go func() {
		defer close(r.done)
		err := p.Run(ctx)
		if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			return
		}
		r.err = fmt.Errorf("run %s: %w", p.Name, err)
		fail(failure{r.err})
	}()
	return r
}

// halt stops a part within its time, which begins now. It does not repeat the error that is known already.
func (p *part) halt(ctx context.Context, known error) error {
	timeout := p.StopTimeout
	if timeout <= 0 {
		timeout = defaultStopTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	defer p.cancel()
	var errs []error
	if p.Stop != nil {
		if err := p.Stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", p.Name, err))
		}
	}
	p.cancel()
	select {
	case <-p.done:
		if p.err != nil && !errors.Is(known, p.err) {
			errs = append(errs, p.err)
		}
	case <-ctx.Done():
		errs = append(errs, fmt.Errorf("stop %s: still running after %s", p.Name, timeout))
	}
	return errors.Join(errs...)
}
