package log

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newDirect is a Direct that ends with its test.
func newDirect(s *sink) (d *Direct, end func()) {
	d = NewDirect(s)
	return d, func() { close(d.lines) }
}

func TestDirectWritesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sink
		d, end := newDirect(&s)
		defer end()
		for i := range 3 {
			fmt.Fprintln(d, i)
			if got := strings.Count(s.text(), "\n"); got != i+1 {
				t.Errorf("%d lines are written after %d", got, i+1)
			}
		}
		s.setErr(errors.New("no space"))
		fmt.Fprintln(d, "lost")
		if got := d.dropped.Load(); got != 1 {
			t.Errorf("%d lines are lost", got)
		}
	})
}

// TestDirectWhenStuck: the first line waits for a while, the others do not; nothing is lost of what fits.
func TestDirectWhenStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sink{hold: make(chan struct{})}
		d, end := newDirect(&s)
		defer end()
		begin := time.Now() // the bubble's clock
		for range maxWaiting + 11 {
			fmt.Fprintln(d, "line")
		}
		if waited := time.Since(begin); waited != patience {
			t.Errorf("waited %v, want %v", waited, patience)
		}
		if got := d.dropped.Load(); got != 10 { // one is being written
			t.Errorf("%d lines are lost, want 10", got)
		}
		close(s.hold)
		synctest.Wait()
		if got := strings.Count(s.text(), "\n"); got != maxWaiting+1 {
			t.Errorf("%d lines are written, want %d", got, maxWaiting+1)
		}
		fmt.Fprintln(d, "last")
		if !strings.HasSuffix(s.text(), "last\n") {
			t.Error("a line after the output was stuck is not written at once")
		}
	})
}
