package embedded

import (
	"fmt"
	"sync"

	"github.com/rs/zerolog"
)

// natsLog receives the log of the NATS server. It passes on warnings and errors and drops the rest. After a fatal
// error it does not end the process, as the server's own loggers do, but keeps the error for StartNATS.
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

// Noticef drops messages about normal operation.
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

// Tracef drops the protocol, which contains the messages.
func (l *natsLog) Tracef(string, ...any) {}
