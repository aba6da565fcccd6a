package log

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// sink is an output that tests look into, break and hold up.
type sink struct {
	mu     sync.Mutex
	writes [][]byte
	err    error
	hold   chan struct{} // writes wait for it unless nil
}

func (s *sink) Write(p []byte) (int, error) {
	if s.hold != nil {
		<-s.hold
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	s.writes = append(s.writes, bytes.Clone(p))
	return len(p), nil
}

func (s *sink) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return string(bytes.Join(s.writes, nil))
}

func (s *sink) setErr(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

func TestBufferWritesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sink
		b := NewBuffer(&s, nil)
		fmt.Fprintln(b, "one")
		fmt.Fprintln(b, "two")
		synctest.Wait()
		if got := s.text(); got != "" {
			t.Errorf("written at once: %q", got)
		}
		<-time.After(flushEvery) // the bubble's clock
		synctest.Wait()
		if got := s.text(); got != "one\ntwo\n" || len(s.writes) != 1 {
			t.Errorf("after 100 ms: %q in %d writes", got, len(s.writes))
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBufferWritesWhenFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sink
		b := NewBuffer(&s, nil)
		line := strings.Repeat("x", 1023) + "\n"
		for range flushBytes / len(line) {
			fmt.Fprint(b, line)
		}
		synctest.Wait() // no time passes
		if got := len(s.text()); got != flushBytes {
			t.Errorf("%d bytes written", got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBufferCloseWritesTheRest(t *testing.T) {
	var s sink
	b := NewBuffer(&s, nil)
	fmt.Fprintln(b, "last words")
	for range 2 {
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.text(); got != "last words\n" {
		t.Errorf("written: %q", got)
	}
	if n, err := fmt.Fprintln(b, "too late"); n != 9 || err != nil || b.dropped.Load() != 1 {
		t.Errorf("after Close: %d, %v, %d dropped", n, err, b.dropped.Load())
	}
}

func TestBufferPiecesEndWithALine(t *testing.T) {
	var s sink
	b := &Buffer{out: &s}
	long := strings.Repeat("y", 2*flushBytes) + "\n"
	var all strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&all, "line %d %s\n", i, strings.Repeat("x", i%100))
	}
	all.WriteString(long)
	all.WriteString("end without a line break")
	if err := b.write([]byte(all.String())); err != nil {
		t.Fatal(err)
	}
	if s.text() != all.String() {
		t.Error("something else was written")
	}
	for i, piece := range s.writes[:len(s.writes)-1] {
		if piece[len(piece)-1] != '\n' {
			t.Errorf("piece %d ends within a line", i)
		}
		if len(piece) > flushBytes && string(piece) != long {
			t.Errorf("piece %d has %d bytes", i, len(piece))
		}
	}
}

func TestStuckOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sink{hold: make(chan struct{})}
		b := NewBuffer(&s, nil)
		line := strings.Repeat("x", 1<<20-1) + "\n"
		const n = 20
		for range n { // none of these waits
			fmt.Fprint(b, line)
			synctest.Wait()
		}
		dropped := b.dropped.Load()
		if dropped == 0 || dropped >= n {
			t.Errorf("%d of %d dropped", dropped, n)
		}
		if err := b.Close(); !errors.Is(err, errStuck) {
			t.Errorf("Close: %v", err)
		}
		close(s.hold)
		<-b.done
		if got := strings.Count(s.text(), "\n"); got != n-int(dropped) {
			t.Errorf("%d lines written, %d dropped", got, dropped)
		}
	})
}

func TestFailingOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sink{err: errors.New("disk full")}
		var reports []error
		b := NewBuffer(&s, func(err error) { reports = append(reports, err) })
		line := func() {
			fmt.Fprintln(b, "line")
			<-time.After(2 * flushEvery) // the bubble's clock
			synctest.Wait()
		}
		line()
		line()
		s.setErr(nil)
		line()
		s.setErr(errors.New("disk full again"))
		line()
		if len(reports) != 2 || b.dropped.Load() != 3 || s.text() != "line\n" {
			t.Errorf("reports %v, %d dropped, written %q", reports, b.dropped.Load(), s.text())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestBufferConcurrently(t *testing.T) {
	var s sink
	b := NewBuffer(&s, nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				fmt.Fprintln(b, "a line that must stay whole")
			}
		})
	}
	wg.Wait()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat("a line that must stay whole\n", 4000); s.text() != want {
		t.Error("lines are lost or mixed up")
	}
}
