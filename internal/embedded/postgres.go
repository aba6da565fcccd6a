package embedded

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/embedded/dirowner"
	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
)

// databaseName is the database that the services share.
const databaseName = "salon"

// PostgresConfig describes the private cluster.
type PostgresConfig struct {
	// Dir keeps data, log, password and socket. The first start creates it. When root starts the cluster without
	// CAP_DAC_READ_SEARCH, as in most containers, the user postgres must be able to enter the parent directories.
	Dir string
	// Port is a port on 127.0.0.1 for other programs such as psql. 0 means only a Unix socket that this user can
	// reach.
	Port int
	// MaxConnections is the server's limit; 0 means 100.
	MaxConnections int
}

// Postgres is a running PostgreSQL with the database "salon".
type Postgres struct{ cluster *pgcluster.Cluster }

// StartPostgres starts the cluster in cfg.Dir, creating it if necessary, and returns once the server answers. ctx
// bounds only the start. A cluster that crashed recovers first. Errors name the remedy: install PostgreSQL, choose
// another directory, stop the process that uses the directory, install the version that made the data.
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	cluster, err := pgcluster.Start(ctx, pgcluster.Config{Dir: cfg.Dir, Port: cfg.Port, MaxConnections: cfg.MaxConnections})
	if err != nil {
		return nil, err
	}
	if err := cluster.EnsureDatabase(ctx, databaseName); err != nil {
		return nil, errors.Join(err, cluster.Stop(ctx))
	}
	return &Postgres{cluster: cluster}, nil
}

// Recreate empties the database and disconnects its users.
func (p *Postgres) Recreate(ctx context.Context) error {
	return errors.Join(p.cluster.DropDatabase(ctx, databaseName), p.cluster.EnsureDatabase(ctx, databaseName))
}

// URL is the database's address without a user: services log in with their roles.
func (p *Postgres) URL() string { return p.cluster.URL(databaseName) }

// AdminURL is the address of the database with the cluster's superuser. It contains the password: do not log it.
func (p *Postgres) AdminURL() string { return p.cluster.AdminURL(databaseName) }

// LogFile is where the server writes its log.
func (p *Postgres) LogFile() string { return p.cluster.LogFile() }

// PID is the process id of the server. Its other processes are children of that process.
func (p *Postgres) PID() int { return p.cluster.PID() }

// Done is closed when the server has ended, by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.cluster.Done() }

// Stop disconnects all clients, shuts the server down and waits for it. When ctx ends first, the server is killed,
// and the next start recovers.
func (p *Postgres) Stop(ctx context.Context) error { return p.cluster.Stop(ctx) }

// CheckOwner returns an error when this process cannot use a data directory because something in it belongs to somebody
// else, as after a copy. The error names both and the command that helps.
func CheckOwner(dir string) error { return dirowner.Check(dir) }
