package embedded

import (
	"context"
	"errors"

	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
)

// databaseName is the database that the services share.
const databaseName = "salon"

// PostgresConfig describes the private cluster.
type PostgresConfig struct {
	// Dir keeps data, log, password and socket; made on the first start. Started
	// by root who lacks CAP_DAC_READ_SEARCH, as in most containers, its parents must
	// let the user postgres pass.
	Dir string
	// Port makes the server listen on 127.0.0.1 too, for instance for psql; 0
	// means a Unix socket that only this user can reach.
	Port int
	// MaxConnections is the server's limit; 0 means 100.
	MaxConnections int
}

// Postgres is a running PostgreSQL with the database "salon".
type Postgres struct{ cluster *pgcluster.Cluster }

// StartPostgres starts the cluster in cfg.Dir, making it first if need be, and
// returns once it answers; ctx bounds that only. A cluster that crashed recovers
// first. Errors say what to do: install PostgreSQL, choose another directory, stop
// the process that uses it, install the version that made the data.
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

// Recreate empties the database, whatever is in it and whoever uses it.
func (p *Postgres) Recreate(ctx context.Context) error {
	return errors.Join(p.cluster.DropDatabase(ctx, databaseName), p.cluster.EnsureDatabase(ctx, databaseName))
}

// URL is the database's address without a user: services log in with their roles.
func (p *Postgres) URL() string { return p.cluster.URL(databaseName) }

// AdminURL is the database's address with the cluster's superuser; it holds the
// password and is not for logs.
func (p *Postgres) AdminURL() string { return p.cluster.AdminURL(databaseName) }

// LogFile is where the server writes its log.
func (p *Postgres) LogFile() string { return p.cluster.LogFile() }

// Done is closed when the server has ended, whether by Stop or by itself.
func (p *Postgres) Done() <-chan struct{} { return p.cluster.Done() }

// Stop disconnects everybody, shuts the server down and waits for it; when ctx
// ends first, it is killed, and the next start recovers.
func (p *Postgres) Stop(ctx context.Context) error { return p.cluster.Stop(ctx) }
