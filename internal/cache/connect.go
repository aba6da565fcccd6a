package cache

import (
	"errors"
	"net/url"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// ioTimeout bounds the steps of the connection that have no context.
	ioTimeout = 250 * time.Millisecond
	// maxConns bounds the connections of one process.
	maxConns = 64
)

// connect prepares the connections to a server, or to the one that Sentinels name. The error does not quote the URL, which
// contains a password.
func connect(address string, timeout time.Duration) (*redis.Client, error) {
	parsed, err := url.Parse(address)
	if err == nil && parsed.Query().Has("master_name") {
		return connectBySentinels(address, timeout)
	}
	o, err := redis.ParseURL(address)
	if err != nil {
		return nil, withoutURL(err)
	}
	o.ContextTimeoutEnabled = true
	io := max(ioTimeout, timeout)
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = io, io, io
	o.PoolTimeout = timeout
	o.MaxActiveConns = maxConns
	o.PoolSize = min(o.PoolSize, maxConns)
	// One retry, for a connection that a restart of Redis has closed.
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, -1, -1
	o.DialerRetries = 1
	o.DisableIdentity = true
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(o), nil
}

// connectBySentinels is connect to the primary of a group. Every new connection is to the server that is the primary then, and
// connections to a former primary are closed when a Sentinel tells that there is another one.
func connectBySentinels(address string, timeout time.Duration) (*redis.Client, error) {
	o, err := redis.ParseFailoverURL(address)
	if err != nil {
		return nil, withoutURL(err)
	}
	if o.MasterName == "" {
		return nil, errors.New("the parameter master_name is empty")
	}
	// The same settings as in connect.
	o.ContextTimeoutEnabled = true
	io := max(ioTimeout, timeout)
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = io, io, io
	o.PoolTimeout = timeout
	o.MaxActiveConns = maxConns
	o.PoolSize = min(o.PoolSize, maxConns)
	o.MaxRetries, o.MinRetryBackoff, o.MaxRetryBackoff = 1, -1, -1
	o.DialerRetries = 1
	o.DisableIdentity = true
	return redis.NewFailoverClient(o), nil
}

// withoutURL is the cause of an error that quotes a URL.
func withoutURL(err error) error {
	if bad, ok := errors.AsType[*url.Error](err); ok {
		return bad.Err
	}
	return err
}
