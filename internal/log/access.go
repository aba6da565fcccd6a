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

// AccessConfig describes the outputs of the access log.
type AccessConfig struct {
	// File is a path such as gateway.log. Missing folders are created. Empty means no file.
	File string
	// MaxSizeMB is the size at which the file is rotated. 0 means 100.
	MaxSizeMB int
	// Backups is how many rotated files are kept. 0 means 7.
	Backups int
	// Compress compresses rotated files with gzip.
	Compress bool
	// Output receives the lines too. nil means standard output; use io.Discard for none.
	Output io.Writer
	// Format is the format of Output, [FormatJSON] or [FormatConsole]. Empty means JSON. File has JSON always.
	Format string
	// Metrics receives the number of lost lines; nil counts nothing.
	Metrics prometheus.Registerer
}

// Access writes access lines to standard output and to a file that is rotated. Both are written in the background
// and independently: neither delays a request or the other output. It is safe for concurrent use. Each Write is one
// whole line.
type Access struct {
	writers []io.Writer        // one for each buffer, in front of it
	buffers []*Buffer          // one for each output
	file    *timberjack.Logger // nil without a file
}

// NewAccess opens the outputs. It fails when the file cannot be written. Later write errors go to log.
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
		}
		if cfg.Compress {
			a.file.Compression = "gzip"
		}
		if a.file.MaxBackups == 0 {
			a.file.MaxBackups = 7 // in timberjack, 0 keeps all files
		}
		buffer := NewBuffer(a.file, func(err error) {
			log.Error().Err(err).Str("file", cfg.File).Msg("access lines cannot be written")
		})
		a.buffers, a.writers = append(a.buffers, buffer), append(a.writers, buffer)
	}
	if cfg.Output != io.Discard {
		buffer := NewBuffer(cfg.Output, nil) // no report: the log has the same output
		var writer io.Writer = buffer
		if cfg.Format == FormatConsole {
			writer = accessConsole(buffer, isTerminal(cfg.Output))
		}
		a.buffers, a.writers = append(a.buffers, buffer), append(a.writers, writer)
	}
	metrics.Register(cfg.Metrics, prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "salon_access_log_dropped_lines_total",
		Help: "Access lines that were lost because an output was stuck or failed, summed over the outputs.",
	}, func() float64 { return float64(a.dropped()) }))
	return a, nil
}

// accessConsole turns access lines into text for people. They have no level and no message: what was called comes first.
func accessConsole(out io.Writer, colours bool) io.Writer {
	w := console(out, colours)
	w.PartsExclude = []string{zerolog.LevelFieldName, zerolog.MessageFieldName}
	w.FieldsOrder = []string{"protocol", "route", "status", "code", "reason", "duration_ms"}
	return w
}

// writable reports at start an error that timberjack would report at the first line.
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

// Write passes a line to all outputs and always succeeds.
func (a *Access) Write(line []byte) (int, error) {
	for _, w := range a.writers {
		_, _ = w.Write(line) // a buffer never fails
	}
	return len(line), nil
}

// dropped returns how many lines were lost, summed over the outputs.
func (a *Access) dropped() uint64 {
	var n uint64
	for _, b := range a.buffers {
		n += b.dropped.Load()
	}
	return n
}

// Close writes the remaining lines and closes the file. It waits at most two seconds for each output.
func (a *Access) Close() error {
	var errs []error
	for _, b := range a.buffers {
		errs = append(errs, b.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return err // closing a file that does not accept writes would block
	}
	if a.file != nil {
		return a.file.Close()
	}
	return nil
}
