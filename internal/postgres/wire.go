package postgres

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// silenceLimit is how long a service waits for a sign of life of the server, whatever the caller's deadline: longer
	// than statementTimeout, so that it is reached only by a server that hangs or has vanished.
	silenceLimit = 20 * time.Second
	// adminSilenceLimit is the same for what an administrator does besides migrations, which may wait for one.
	adminSilenceLimit = migrationLockPatience * time.Second
	// userTimeout is how long data that was sent may stay without a TCP acknowledgement.
	userTimeout = 15 * time.Second
)

// keepAlive finds a peer that vanished while the connection was unused, in 25 seconds.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// watch makes connections notice a server that vanishes without a word, and with a silence limit, one that hangs. The
// limit holds for every statement and commit, also where the caller's context has no deadline. 0 means no limit.
func watch(config *pgx.ConnConfig, silence time.Duration) {
	dialer := &net.Dialer{KeepAliveConfig: keepAlive, Control: setUserTimeout}
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		made, err := dialer.DialContext(ctx, network, addr)
		if err != nil || silence == 0 {
			return made, err
		}
		return &wire{Conn: made, silence: silence, extended: time.Now()}, nil
	}
}

// wire is a network connection on which a read or write fails once nothing has moved for too long.
type wire struct {
	net.Conn
	silence time.Duration
	written atomic.Int64
	doubt   atomic.Pointer[time.Timer] // fires when an answer does not come; nil where there is only one host

	mu        sync.Mutex // the driver sets deadlines from another goroutine when a context ends
	deadline  time.Time  // what the driver has set; zero for none
	abandoned bool       // its server is not the primary any more
	extended  time.Time  // when the deadline of the network connection was last moved
}

// extend moves the deadline, at most to the one that the driver has set.
func (w *wire) extend() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.extended = time.Now()
	return w.Conn.SetDeadline(w.earliest())
}

// giveUp makes the reads and writes of now and later fail.
func (w *wire) giveUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.abandoned = true
	_ = w.Conn.SetDeadline(w.earliest()) // fails for a closed connection, which is as good
}

func (w *wire) earliest() time.Time {
	if w.abandoned {
		return longAgo
	}
	limit := w.extended.Add(w.silence)
	if !w.deadline.IsZero() && w.deadline.Before(limit) {
		return w.deadline
	}
	return limit
}

// Write implements [net.Conn].
func (w *wire) Write(p []byte) (int, error) {
	if err := w.extend(); err != nil {
		return 0, err
	}
	w.written.Add(1)
	if t := w.doubt.Load(); t != nil {
		t.Reset(doubtAfter)
	}
	return w.Conn.Write(p)
}

// calm ends the doubt whether an answer comes.
func (w *wire) calm() {
	if t := w.doubt.Load(); t != nil {
		t.Stop()
	}
}

// sent is a number that changes with everything that is sent.
func (w *wire) sent() int64 { return w.written.Load() }

// Read implements [net.Conn]. An answer that goes on for long moves the deadline, once a second.
func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	w.calm()
	if err == nil && time.Since(w.lastExtended()) > time.Second {
		err = w.extend()
	}
	return n, err
}

func (w *wire) lastExtended() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.extended
}

// SetDeadline implements [net.Conn]. The driver only sets deadlines of both directions.
func (w *wire) SetDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deadline = t
	return w.Conn.SetDeadline(w.earliest())
}

// wireOf returns the wire below a connection, which may be encrypted; nil when there is none.
func wireOf(c net.Conn) *wire {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	w, _ := c.(*wire)
	return w
}

// quiet reports whether an unused connection is open and has nothing to say. PostgreSQL says something unasked when
// it closes a connection, and rarely else.
func (w *wire) quiet() bool {
	socket, ok := w.Conn.(syscall.Conn)
	if !ok {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	var peeked error
	err = raw.Control(func(fd uintptr) {
		_, _, peeked = syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return err == nil && (errors.Is(peeked, syscall.EAGAIN) || errors.Is(peeked, syscall.EINTR))
}
