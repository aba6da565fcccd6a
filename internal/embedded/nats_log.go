package embedded

import (
	"fmt"
	"sync"

	"github.com/rs/zerolog"
)

// natsLog takes what the NATS server logs: warnings and worse are passed on, the
// rest is dropped. Unlike the server's own loggers it does not end the process
// upon a fatal error, but keeps it for whoever started the server.
type natsLog struct {
	log   zerolog.Logger
	mu    sync.Mutex
	first string // fatal error
}

func (l *natsLog) fatal() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.first
}

// Noticef drops what is only of interest when all is well.
func (l *natsLog) Noticef(string, ...any) {}

// Warnf writes a warning.
func (l *natsLog) Warnf(format string, arguments ...any) { l.log.Warn().Msgf(format, arguments...) }

// Errorf writes an error.
func (l *natsLog) Errorf(format string, arguments ...any) { l.log.Error().Msgf(format, arguments...) }

// Fatalf writes an error after which the server does not work.
func (l *natsLog) Fatalf(format string, arguments ...any) {
	l.log.Error().Msgf(format, arguments...)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.first == "" {
		l.first = fmt.Sprintf(format, arguments...)
	}
}

// Debugf drops details.
func (l *natsLog) Debugf(string, ...any) {}

// Tracef drops the protocol, which holds the messages themselves.
func (l *natsLog) Tracef(string, ...any) {}
