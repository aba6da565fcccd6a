package pgcluster

import (
	"errors"
	"io"
	"os"
	"strconv"
	"strings"
)

// arguments returns the settings of the server as command line arguments, so that a data directory never keeps the
// settings of an older program.
func (c *Cluster) arguments(maxConnections int) []string {
	if maxConnections == 0 {
		maxConnections = 100
	}
	listen := ""
	if c.port != 0 {
		listen = "127.0.0.1"
	}
	settings := []string{
		"listen_addresses=" + listen,
		"port=" + strconv.Itoa(c.socketPort()),
		// The value is a list of quoted names, because a path may contain commas and spaces.
		`unix_socket_directories="` + strings.ReplaceAll(c.socketDir, `"`, `""`) + `"`,
		"unix_socket_permissions=0700",
		"max_connections=" + strconv.Itoa(maxConnections),
		"password_encryption=scram-sha-256",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_destination=stderr",
		"logging_collector=off",
		"log_line_prefix=%m [%p] %q%u@%d ",
		// Log neither statements nor the values that violate a constraint: they are personal data.
		"log_error_verbosity=terse",
		"log_min_error_statement=panic",
	}
	if c.throwaway {
		settings = append(settings,
			"fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off",
			"wal_level=minimal", "max_wal_senders=0", "shared_buffers=32MB", "max_wal_size=4GB", "checkpoint_timeout=1h")
	}
	arguments := []string{"-D", c.data()}
	for _, setting := range settings {
		arguments = append(arguments, "-c", setting)
	}
	return arguments
}

// openLog opens the server's log for appending, and rotates a large one.
func (c *Cluster) openLog() (*os.File, error) {
	path := c.LogFile()
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() > maxLogSize:
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
}

// readFrom returns what was written to the log since begin.
func readFrom(log *os.File, begin int64) (string, error) {
	content, err := io.ReadAll(io.NewSectionReader(log, begin, maxLogSize))
	return string(content), err
}
