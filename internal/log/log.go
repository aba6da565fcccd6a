// Package log makes the logger of the process, and the writer that access lines go through.
package log

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
)

// The values of [Config.Format].
const (
	FormatJSON    = "json"    // one JSON object a line, for log shippers
	FormatConsole = "console" // coloured text, for people
)

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// zerolog has these for the whole process only; they are set before anything can log.
func init() {
	zerolog.TimeFieldFormat = timeFormat
	zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
}

// Config says what is logged and how.
type Config struct {
	// Level is the least important level that is logged: trace, debug, info, warn or error. Empty means info.
	Level string
	// Format is [FormatJSON] or [FormatConsole]. Empty means JSON.
	Format string
	// Output is where lines go. nil means standard output.
	Output io.Writer
}

// Validate tells whether Level and Format are known.
func (c Config) Validate() error {
	if _, err := zerolog.ParseLevel(c.Level); err != nil {
		return fmt.Errorf("log level %q is not trace, debug, info, warn or error", c.Level)
	}
	switch c.Format {
	case "", FormatJSON, FormatConsole:
		return nil
	}
	return fmt.Errorf("log format %q is not json or console", c.Format)
}

// New returns a logger that stamps each line with the time, in UTC. An unknown level counts as info and an unknown
// format as JSON: use [Config.Validate] to refuse them.
func New(cfg Config) zerolog.Logger {
	level, err := zerolog.ParseLevel(cfg.Level)
	if err != nil || level == zerolog.NoLevel {
		level = zerolog.InfoLevel
	}
	out := cfg.Output
	if out == nil {
		out = os.Stdout
	}
	if cfg.Format == FormatConsole {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: timeFormat, TimeLocation: time.UTC}
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}
