// Package certificate serves TLS with a certificate from files, and takes over replaced files while it runs.
package certificate

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// checkPause is the least time between two looks at the files.
const checkPause = time.Second

// Files is a certificate chain and its key, both PEM, in two files. Handshakes get the certificate that the files have. It
// is safe for concurrent use.
type Files struct {
	cert, key string
	log       zerolog.Logger
	now       func() time.Time

	mu      sync.Mutex
	checked time.Time
	// used is the state that current was read from; failed the one that was looked at last, about which an error was logged if there was one.
	used, failed [2]fileState
	current      *tls.Certificate
}

// fileState tells a replaced file from the one before.
type fileState struct {
	modified time.Time
	size     int64
}

// Load reads the files. It fails when they are not a certificate and its key. Later failures go to log, and the certificate
// from before stays.
func Load(cert, key string, log zerolog.Logger) (*Files, error) {
	f := &Files{cert: cert, key: key, log: log, now: time.Now}
	state, err := f.look()
	if err != nil {
		return nil, err
	}
	f.used, f.failed, f.checked = state, state, f.now()
	if f.current, err = f.read(); err != nil {
		return nil, err
	}
	return f, nil
}

// Config returns the configuration of a server that offers these protocols, such as "h2", in this order.
func (f *Files) Config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     protocols,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return f.get(), nil },
	}
}

// get returns the certificate of the files. It looks at them once a second at most. While they are not a pair, as between the
// replacement of one and of the other, it returns the certificate from before.
func (f *Files) get() *tls.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Sub(f.checked) < checkPause {
		return f.current
	}
	f.checked = now
	state, err := f.look()
	if err == nil && state == f.used {
		return f.current
	}
	var read *tls.Certificate
	if err == nil {
		read, err = f.read()
	}
	switch {
	case err == nil:
		f.current, f.used = read, state
		f.log.Info().Str("file", f.cert).Time("not_after", read.Leaf.NotAfter).Msg("the certificate was replaced")
	case state != f.failed: // said once for each state
		f.log.Error().Err(err).Str("file", f.cert).Msg("the replaced certificate cannot be used; the one from before stays")
	}
	f.failed = state
	return f.current
}

// look returns the state of both files. Links are followed: Kubernetes replaces the link, not the file.
func (f *Files) look() (state [2]fileState, err error) {
	for i, path := range []string{f.cert, f.key} {
		info, err := os.Stat(path)
		if err != nil {
			return [2]fileState{}, fmt.Errorf("certificate: %w", err)
		}
		state[i] = fileState{info.ModTime(), info.Size()}
	}
	return state, nil
}

func (f *Files) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(f.cert, f.key)
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return &pair, nil
}
