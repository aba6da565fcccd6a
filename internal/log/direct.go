package log

import (
	"bytes"
	"io"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/beauty-salon/platform/internal/metrics"
)

const (
	// patience is how long a line waits for the output.
	patience = time.Second
	// maxWaiting is how many lines wait for an output that is stuck.
	maxWaiting = 4096
)

// Direct is a writer whose lines are on the output when Write returns, as long as the output accepts them. When it has not done so for a
// second, such as a pipe that nobody reads, lines wait in memory and writers go on; lines beyond 4,096 are dropped and counted. So a log that
// is stuck stops nobody. Each Write is one whole line. It is safe for concurrent use and lives as long as the process.
type Direct struct {
	out     io.Writer
	lines   chan directLine
	stuck   atomic.Bool
	dropped atomic.Uint64 // lines that were lost
}

type directLine struct {
	text    []byte
	written chan struct{} // closed when it is
}

// NewDirect returns a writer in front of out.
func NewDirect(out io.Writer) *Direct {
	d := &Direct{out: out, lines: make(chan directLine, maxWaiting)}
	go d.run()
	return d
}

// Register counts lost lines in salon_log_dropped_lines_total.
func (d *Direct) Register(r prometheus.Registerer) {
	metrics.Register(r, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "salon_log_dropped_lines_total",
		Help: "Lines of the log, without the access log, that were lost because standard output was stuck or failed.",
	}, func() float64 { return float64(d.dropped.Load()) }))
}

// Write writes a line, and always succeeds.
func (d *Direct) Write(text []byte) (int, error) {
	line := directLine{bytes.Clone(text), make(chan struct{})}
	select {
	case d.lines <- line:
	default:
		d.dropped.Add(1)
		return len(text), nil
	}
	if d.stuck.Load() {
		return len(text), nil
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-line.written:
	case <-timer.C:
		d.stuck.Store(true)
	}
	return len(text), nil
}

func (d *Direct) run() {
	for line := range d.lines {
		if _, err := d.out.Write(line.text); err != nil {
			d.dropped.Add(1)
		}
		d.stuck.Store(false)
		close(line.written)
	}
}
