package embedded

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// natsLog takes what the NATS server logs: warnings and worse are written out, the
// rest is dropped. Unlike the server's own loggers it does not end the process
// upon a fatal error, but keeps it for whoever started the server.
type natsLog struct {
	mu    sync.Mutex
	out   io.Writer // nil: none
	first string    // fatal error
}

func (l *natsLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

func (l *natsLog) write(level, format string, arguments []any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	message := fmt.Sprintf(format, arguments...)
	if level == "FTL" && l.first == "" {
		l.first = message
	}
	if l.out != nil {
		fmt.Fprintf(l.out, "%s %s %s\n", time.Now().UTC().Format(time.RFC3339Nano), level, message)
	}
}

// Noticef drops what is only of interest when all is well.
func (l *natsLog) Noticef(string, ...any) {}

// Warnf writes a warning.
func (l *natsLog) Warnf(format string, arguments ...any) { l.write("WRN", format, arguments) }

// Errorf writes an error.
func (l *natsLog) Errorf(format string, arguments ...any) { l.write("ERR", format, arguments) }

// Fatalf writes an error after which the server does not work.
func (l *natsLog) Fatalf(format string, arguments ...any) { l.write("FTL", format, arguments) }

// Debugf drops details.
func (l *natsLog) Debugf(string, ...any) {}

// Tracef drops the protocol, which holds the messages themselves.
func (l *natsLog) Tracef(string, ...any) {}
