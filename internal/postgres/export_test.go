package postgres

import (
	"context"
	"net"
	"time"

	"github.com/beauty-salon/platform/internal/secret"
)

// OpenImpatient is [Open] with another limit for the silence of the server.
func OpenImpatient(cfg Config, keys *secret.Keys, schema string, silence time.Duration) (*DB, error) {
	config, derived, err := serviceConfig(cfg.URL.Reveal(), keys, nil, schema, cfg.Pooled)
	if err != nil {
		return nil, err
	}
	watch(config, silence)
	return open(newConnector(config, derived), schema, cfg)
}

// IsRead is isRead.
var IsRead = isRead

// Dial connects to addr as a pool does and returns the network connection, and the limit for the server's silence.
func Dial(ctx context.Context, addr string, keys *secret.Keys) (net.Conn, time.Duration, error) {
	config, _, err := serviceConfig("postgres://"+addr+"/salon", keys, nil, "users", false)
	if err != nil {
		return nil, 0, err
	}
	made, err := config.DialFunc(ctx, "tcp", addr)
	if err != nil {
		return nil, 0, err
	}
	w := wireOf(made)
	return w.Conn, w.silence, nil
}
