package log

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// flushBytes is how much is collected before a write, and the largest write.
	flushBytes = 64 << 10
	// flushEvery is the longest time that a line waits.
	flushEvery = 100 * time.Millisecond
	// maxBuffered is the size from which lines are dropped.
	maxBuffered = 4 << 20
	// closeTimeout bounds the wait of Close for an output that does not accept writes.
	closeTimeout = 2 * time.Second
)

// errStuck is the error of Close when the output did not accept the last lines in time.
var errStuck = errors.New("log output is stuck, its last lines are lost")

// Buffer is a writer that never waits for its output. Lines are collected and written in the background, at the
// latest after 100 ms. When 4 MiB have been collected because the output does not accept writes, further lines are
// dropped and counted. Each Write is one whole line, as zerolog makes them. It is safe for concurrent use.
type Buffer struct {
	out     io.Writer
	report  func(error)   // called when writing begins to fail
	dropped atomic.Uint64 // lines that were lost

	mu      sync.Mutex
	pending []byte
	closed  bool

	wake chan struct{} // has a token when flushBytes have gathered
	stop chan struct{}
	done chan struct{}
}

// NewBuffer returns a buffer in front of out. report is called when writing to out begins to fail; it may be nil.
func NewBuffer(out io.Writer, report func(error)) *Buffer {
	b := &Buffer{
		out:    out,
		report: report,
		wake:   make(chan struct{}, 1),
		stop:   make(chan struct{}),
		done:   make(chan struct{}),
	}
	go b.run()
	return b
}

// Write adds a line and always succeeds.
func (b *Buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	if b.closed || len(b.pending)+len(line) > maxBuffered {
		b.mu.Unlock()
		b.dropped.Add(1)
		return len(line), nil
	}
	b.pending = append(b.pending, line...)
	full := len(b.pending) >= flushBytes
	b.mu.Unlock()
	if full {
		select {
		case b.wake <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

// Close writes the remaining lines. It waits at most two seconds. It does not close the output.
func (b *Buffer) Close() error {
	b.mu.Lock()
	if !b.closed {
		b.closed = true
		close(b.stop)
	}
	b.mu.Unlock()
	timeout := time.NewTimer(closeTimeout)
	defer timeout.Stop()
	select {
	case <-b.done:
		return nil
	case <-timeout.C:
		return errStuck
	}
}

func (b *Buffer) run() {
	defer close(b.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	var spare []byte
	failing := false
	for stopping := false; !stopping; {
		select {
		case <-tick.C:
		case <-b.wake:
		case <-b.stop:
			stopping = true
		}
		b.mu.Lock()
		full := b.pending
		b.pending = spare[:0]
		b.mu.Unlock()
		err := b.write(full)
		if err != nil && !failing && b.report != nil {
			b.report(err)
		}
		if len(full) > 0 {
			failing = err != nil
		}
		if spare = full; cap(spare) > 4*flushBytes {
			spare = nil // release the memory of a burst
		}
	}
}

// write writes lines in pieces that end with a line, so that rotation never splits a line.
func (b *Buffer) write(lines []byte) error {
	var failed error
	for len(lines) > 0 {
		n := len(lines)
		if n > flushBytes {
			n = bytes.LastIndexByte(lines[:flushBytes], '\n') + 1
			if n == 0 { // one very long line
				if n = bytes.IndexByte(lines, '\n') + 1; n == 0 {
					n = len(lines)
				}
			}
		}
		if _, err := b.out.Write(lines[:n]); err != nil {
			failed = err
			b.dropped.Add(uint64(bytes.Count(lines[:n], []byte{'\n'})))
		}
		lines = lines[n:]
	}
	return failed
}
