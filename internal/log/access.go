package log

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/DeRuina/timberjack"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/metrics"
)

// AccessConfig says where access lines go.
type AccessConfig struct {
	// File is a path such as gateway.log, whose folder is made if need be. Empty means no file.
	File string
	// MaxSizeMB is when the file is set aside and a new one begun. 0 means 100.
	MaxSizeMB int
	// Backups is how many files that were set aside are kept. 0 means 7.
	Backups int
	// Compress has files that were set aside compressed with gzip.
	Compress bool
	// Output gets the lines too. nil means standard output; use io.Discard for none.
	Output io.Writer
	// Metrics takes the number of lines that were lost; nil counts nothing.
	Metrics prometheus.Registerer
}

// Access is where access lines go: standard output and a file that is rotated. Both are written in the background and
// independently, so neither holds up a request or the other. It is safe for concurrent use; a Write is one whole line.
type Access struct {
	outputs []*Buffer
	file    *timberjack.Logger // nil without a file
}

// NewAccess opens the outputs. It fails when the file cannot be written. log is told when that happens later.
func NewAccess(cfg AccessConfig, log zerolog.Logger) (*Access, error) {
	if cfg.Output == nil {
		cfg.Output = os.Stdout
	}
	a := &Access{}
	if cfg.File != "" {
		if err := writable(cfg.File); err != nil {
			return nil, fmt.Errorf("access log: %w", err)
		}
		a.file = &timberjack.Logger{
			Filename:   cfg.File,
			MaxSize:    cfg.MaxSizeMB,
			MaxBackups: cfg.Backups,
			Compress:   cfg.Compress,
		}
		if a.file.MaxBackups == 0 {
			a.file.MaxBackups = 7 // timberjack's 0 would keep all
		}
		a.outputs = append(a.outputs, NewBuffer(a.file, func(err error) {
			log.Error().Err(err).Str("file", cfg.File).Msg("access lines cannot be written")
		}))
	}
	if cfg.Output != io.Discard {
		a.outputs = append(a.outputs, NewBuffer(cfg.Output, nil)) // nowhere to report to: the log goes there too
	}
	metrics.Register(cfg.Metrics, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "salon_access_log_dropped_lines_total",
		Help: "Access lines that were lost because an output was stuck or failed, summed over the outputs.",
	}, func() float64 { return float64(a.dropped()) }))
	return a, nil
}

// writable finds out at start what timberjack would find out at the first line.
func writable(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Write takes a line over for all outputs and always succeeds.
func (a *Access) Write(line []byte) (int, error) {
	for _, b := range a.outputs {
		_, _ = b.Write(line) // never fails
	}
	return len(line), nil
}

// dropped returns how many lines were lost, summed over the outputs.
func (a *Access) dropped() uint64 {
	var n uint64
	for _, b := range a.outputs {
		n += b.dropped.Load()
	}
	return n
}

// Close writes what is left and closes the file. It waits for two seconds for each output at most.
func (a *Access) Close() error {
	var errs []error
	for _, b := range a.outputs {
		errs = append(errs, b.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return err // a stuck file would block its Close
	}
	if a.file != nil {
		return a.file.Close()
	}
	return nil
}
