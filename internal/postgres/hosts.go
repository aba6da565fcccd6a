package postgres

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// severalTimeout bounds one attempt to connect to one of several hosts: another one may be the primary meanwhile.
const severalTimeout = 3 * time.Second

// hosts are the servers that a URL names. At most one of them, the primary, can be connected to for long; which one changes with
// a failover. A former primary may hang or be cut off, so that only the next one tells that it is over.
type hosts struct {
	connectors []driver.Connector // by host
	derived    *login             // nil unless the role's password comes from the keys

	mu      sync.Mutex
	primary int           // the host of the last connection
	open    map[*wire]int // the connections that are open, with their hosts

	search searching
}

// newHosts prepares the connections. onMove is called when a search has found another primary.
func newHosts(config *pgx.ConnConfig, derived *login, onMove func()) *hosts {
	h := &hosts{derived: derived, open: map[*wire]int{}}
	h.search.onMove = onMove
	h.search.ctx, h.search.stop = context.WithCancel(context.Background())
	noPing := stdlib.OptionShouldPing(func(context.Context, stdlib.ShouldPingParams) bool { return false })
	password := stdlib.OptionBeforeConnect(func(_ context.Context, config *pgx.ConnConfig) error {
		if derived != nil {
			config.Password = derived.password()
		}
		return nil
	})
	for _, one := range eachHost(config) {
		h.connectors = append(h.connectors, stdlib.GetConnector(*one, noPing, password))
	}
	return h
}

// eachHost returns a configuration for each host of a configuration.
func eachHost(config *pgx.ConnConfig) (each []*pgx.ConnConfig) {
	type address struct {
		host string
		port uint16
	}
	known := map[address]*pgx.ConnConfig{}
	all := append([]*pgconn.FallbackConfig{{Host: config.Host, Port: config.Port, TLSConfig: config.TLSConfig}}, config.Fallbacks...)
	for _, way := range all {
		to := address{way.Host, way.Port}
		if one := known[to]; one != nil {
			one.Fallbacks = append(one.Fallbacks, way) // without TLS, where both are possible
			continue
		}
		one := config.Copy()
		one.Host, one.Port, one.TLSConfig, one.Fallbacks = way.Host, way.Port, way.TLSConfig, nil
		known[to] = one
		each = append(each, one)
	}
	if len(each) > 1 {
		for _, one := range each {
			one.ConnectTimeout = severalTimeout
		}
	}
	return each
}

// connect connects to the primary: first to the host that was the primary the last time. moved reports whether another host is
// the primary now.
func (h *hosts) connect(ctx context.Context) (made *stdlib.Conn, w *wire, moved bool, err error) {
	h.mu.Lock()
	first := h.primary
	h.mu.Unlock()
	var errs []error
	for i := range h.connectors {
		host := (first + i) % len(h.connectors)
		conn, err := h.connectTo(ctx, host)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		made, ok := conn.(*stdlib.Conn)
		if !ok {
			return nil, nil, false, errors.Join(errors.New("postgres: the driver is another one"), conn.Close())
		}
		if w = wireOf(made.Conn().PgConn().Conn()); w == nil {
			return nil, nil, false, errors.Join(errors.New("postgres: the pool's connections are not watched"), conn.Close())
		}
		return made, w, h.connected(w, host), nil
	}
	return nil, nil, false, errors.Join(errs...)
}

// connectTo connects to a host, with the other password of the role where the first is refused.
func (h *hosts) connectTo(ctx context.Context, host int) (driver.Conn, error) {
	if h.derived == nil {
		return h.connectors[host].Connect(ctx)
	}
	password := h.derived.password()
	conn, err := h.connectors[host].Connect(ctx)
	if SQLState(err) == codeInvalidPassword && h.derived.refused(password) {
		return h.connectors[host].Connect(ctx)
	}
	return conn, err
}

// connected notes a connection. When another host than before is the primary, it cuts the connections to all others: what waits
// for an answer of a former primary would wait until the limit of silence.
func (h *hosts) connected(w *wire, host int) (moved bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.open[w] = host
	if len(h.connectors) > 1 {
		w.doubt.Store(time.AfterFunc(time.Hour, h.doubt)) // armed by what is sent
	}
	if moved = host != h.primary; moved {
		h.primary = host
		for other, at := range h.open {
			if at != host {
				other.giveUp()
			}
		}
	}
	return moved
}

// closed forgets a connection, before it is closed: what is sent to say goodbye has no answer.
func (h *hosts) closed(w *wire) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.open, w)
	if t := w.doubt.Swap(nil); t != nil {
		t.Stop()
	}
}
