// Package log makes the logger of the process and the writer of the access log.
package log

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/term"
)

// The values of [Config.Format].
const (
	FormatJSON    = "json"    // one JSON object a line, for log shippers
	FormatConsole = "console" // text for people, with colours on a terminal
)

// timeFormat is RFC 3339 with milliseconds.
const timeFormat = "2006-01-02T15:04:05.000Z07:00"

// zerolog has these settings for the whole process only. They are set before the first line is logged.
func init() {
	zerolog.TimeFieldFormat = timeFormat
	zerolog.TimestampFunc = func() time.Time { return time.Now().UTC() }
}

// Config describes the logger.
type Config struct {
	// Level is the lowest level that is logged: trace, debug, info, warn or error. Empty means info.
	Level string
	// Format is [FormatJSON] or [FormatConsole]. Empty means JSON.
	Format string
	// Output receives the lines. nil means standard output.
	Output io.Writer
}

// Validate returns an error when Level or Format is unknown.
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

// New returns a logger that adds the time, in UTC, to each line. An unknown level counts as info and an unknown
// format as JSON; [Config.Validate] refuses them.
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
		out = console(out, isTerminal(out))
	}
	return zerolog.New(out).Level(level).With().Timestamp().Logger()
}

// console returns a writer that turns JSON lines into text for people.
func console(out io.Writer, colours bool) zerolog.ConsoleWriter {
	return zerolog.ConsoleWriter{Out: out, TimeFormat: timeFormat, TimeLocation: time.UTC, NoColor: !colours}
}

func isTerminal(out io.Writer) bool {
	if d, ok := out.(*Direct); ok {
		out = d.out
	}
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}
