package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

// The content of a cluster's directory besides the data.
const (
	passwordName = "superuser.password"
	logName      = "postgres.log"
)

const (
	superuser = "postgres"
	// defaultPort also names the socket when there is no TCP port.
	defaultPort = 5432
	// maxSocketPath leaves room for the terminating NUL on every system (104
	// bytes on macOS, 108 on Linux).
	maxSocketPath = 103
	// maxLogSize is the size from which a start rotates the log.
	maxLogSize = 8 << 20
)

// Config describes a cluster.
type Config struct {
	// Dir keeps the cluster. The first start creates it.
	Dir string
	// Port also listens on 127.0.0.1; 0 means the Unix socket only.
	Port int
	// MaxConnections is the server's limit; 0 means 100.
	MaxConnections int
	// Bin is the directory of initdb and postgres; empty means those that are installed.
	Bin string
	// Throwaway turns off all guarantees of durability for speed. For tests only.
	Throwaway bool
	// Primary is the address of a server with its superuser. The first start makes the cluster a standby of that server, whose
	// MaxConnections it must at least have. A throwaway cluster has no standbys.
	Primary string
}

// Cluster is a running server.
type Cluster struct {
	dir       string
	bin       string
	socketDir string
	port      int
	throwaway bool
	account   account
	password  string
	lock      *dirlock.Lock
	process   *os.Process
	done      chan struct{}
	exit      error // what the server ended with; read after done
}

// Start starts the cluster in cfg.Dir, creating it if necessary, and returns once the server answers. A server that
// crashed before recovers first. ctx bounds the start.
func Start(ctx context.Context, cfg Config) (_ *Cluster, err error) {
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, port: cfg.Port, throwaway: cfg.Throwaway, done: make(chan struct{})}
	if c.account, err = serverAccount(); err != nil {
		return nil, err
	}
	if err := c.checkOwner(); err != nil {
		return nil, err
	}
	if err := c.makeDir(); err != nil {
		return nil, fmt.Errorf("prepare %s: %w", dir, err)
	}
	if c.lock, err = dirlock.Acquire(ctx, dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && c.process == nil { // otherwise run has cleaned up
			err = errors.Join(err, c.lock.Release(), c.removeSocketDir())
		}
	}()
	if err := checkPostmaster(ctx, c.data(), c.socketIn(c.path("socket"))); err != nil {
		return nil, err
	}
	if err := c.mend(); err != nil {
		return nil, err
	}
	if c.bin = cfg.Bin; c.bin == "" {
		chosen, err := choose(ctx, c.data())
		if err != nil {
			return nil, err
		}
		c.bin = chosen.bin
	}
	if cfg.Primary != "" {
		c.password, err = c.followPrimary(ctx, cfg.Primary)
	} else {
		c.password, err = c.prepare(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("make a database in %s: %w", dir, err)
	}
	if err := c.makeSocketDir(); err != nil {
		return nil, fmt.Errorf("make a directory for the socket: %w", err)
	}
	if err := c.launch(ctx, cfg.MaxConnections); err != nil {
		return nil, err
	}
	return c, nil
}

// URL returns the address of database without a user.
func (c *Cluster) URL(database string) string { return c.url(nil, database) }

// AdminURL returns the address of database with the superuser and its password.
func (c *Cluster) AdminURL(database string) string {
	return c.url(url.UserPassword(superuser, c.password), database)
}

func (c *Cluster) url(user *url.Userinfo, database string) string {
	query := url.Values{
		"host": {c.socketDir},
		// All values are explicit, because PGPORT and PGSSLMODE would take precedence over defaults.
		"port":    {strconv.Itoa(c.socketPort())},
		"sslmode": {"disable"},
	}
	// PostgreSQL's clients do not read a plus sign as a space.
	encoded := strings.ReplaceAll(query.Encode(), "+", "%20")
	return (&url.URL{Scheme: "postgres", User: user, Path: "/" + database, RawQuery: encoded}).String()
}

// LogFile is where the server writes its log.
func (c *Cluster) LogFile() string { return c.path(logName) }

// PID is the id of the server's main process.
func (c *Cluster) PID() int { return c.process.Pid }

// Done is closed when the server has ended, by Stop or by itself.
func (c *Cluster) Done() <-chan struct{} { return c.done }

// EnsureDatabase creates the database unless it exists.
func (c *Cluster) EnsureDatabase(ctx context.Context, name string) error {
	err := c.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && pgErr.Code == "42P04" { // duplicate_database
		return nil
	}
	return err
}

// DropDatabase deletes the database and disconnects its users.
func (c *Cluster) DropDatabase(ctx context.Context, name string) error {
	return c.exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

// exec runs a statement about databases, outside of the databases themselves.
func (c *Cluster) exec(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// Stop disconnects all clients, shuts the server down and waits for it. When ctx ends first, the server is killed.
// That loses no committed data, but the next start has to recover. Stop may be called again.
func (c *Cluster) Stop(ctx context.Context) error {
	select {
	case <-c.done:
		return nil
	default:
	}
	// An error means that the server has just ended by itself.
	_ = c.process.Signal(syscall.SIGINT)
	select {
	case <-c.done:
		return nil
	case <-ctx.Done():
		_ = c.process.Kill()
		<-c.done
		return fmt.Errorf("PostgreSQL had to be killed: %w", context.Cause(ctx))
	}
}

func (c *Cluster) path(name string) string { return filepath.Join(c.dir, name) }
func (c *Cluster) data() string            { return c.path("data") }

func (c *Cluster) socketPort() int {
	if c.port != 0 {
		return c.port
	}
	return defaultPort
}

// socketIn is the path of the socket in a directory.
func (c *Cluster) socketIn(dir string) string {
	return filepath.Join(dir, ".s.PGSQL."+strconv.Itoa(c.socketPort()))
}

// makeDir creates the cluster's directory. When root creates it, the server's user must be able to enter it;
// private files in it have stricter modes.
func (c *Cluster) makeDir() error {
	mode := os.FileMode(0o700)
	if c.account.credential != nil {
		mode |= 0o011
	}
	if err := os.MkdirAll(c.dir, mode); err != nil {
		return err
	}
	info, err := os.Stat(c.dir)
	if err != nil {
		return err
	}
	if have := info.Mode().Perm(); have&mode != mode { // made by another program, or with a strict umask
		if err := os.Chmod(c.dir, have|mode); err != nil {
			return err
		}
	}
	err = c.account.checkReachable(c.dir)
	if err != nil && canGrantSearch() {
		// The usual case is a checkout below /root. The server may then enter directories and read files as root does. A
		// user who starts a private cluster as root has given it more rights than that.
		c.account.searchAll = true
		return nil
	}
	return err
}

// makeSocketDir chooses the directory of the socket: beside the data, or a temporary directory when that path is
// too long for a socket or contains a comma, which clients would interpret as a separator.
func (c *Cluster) makeSocketDir() error {
	dir := c.path("socket")
	if len(c.socketIn(dir)) <= maxSocketPath && !strings.Contains(dir, ",") {
		c.socketDir = dir
		return c.account.makeDir(dir)
	}
	dir, err := os.MkdirTemp("/tmp", "salon-pg-") // os.TempDir() may be long itself
	if err != nil {
		return err
	}
	c.socketDir = dir
	return c.account.makeDir(dir)
}

// launch starts the server and waits until it answers.
func (c *Cluster) launch(ctx context.Context, maxConnections int) error {
	log, err := c.openLog()
	if err != nil {
		return err
	}
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	cmd := exec.Command(filepath.Join(c.bin, "postgres"), c.arguments(maxConnections)...) //nolint:noctx // runs longer than ctx; Stop ends it
	cmd.Dir = c.account.workDir(c.data())
	cmd.Env = environment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{c.lock.File()}
	signal := syscall.SIGINT
	if c.throwaway {
		signal = syscall.SIGQUIT // the data needs no checkpoint
	}
	cmd.SysProcAttr = c.account.attributes(signal)

	started := make(chan error, 1)
	go c.run(cmd, started)
	err = <-started
	if err == nil {
		c.process = cmd.Process
		err = c.waitReady(ctx)
	} else {
		err = fmt.Errorf("start PostgreSQL: %w", err)
	}
	if err != nil {
		if output, readErr := readFrom(log, begin); readErr == nil && output != "" {
			err = fmt.Errorf("%w: %s (see %s)", err, lastLine(output), c.LogFile())
		}
	}
	return errors.Join(err, log.Close())
}

// run starts the server and waits for it on one thread: the kernel sends the death signal when the thread that
// started the process ends.
func (c *Cluster) run(cmd *exec.Cmd, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	c.exit = errors.Join(cmd.Wait(), c.lock.Release(), c.removeSocketDir())
	close(c.done)
}

func (c *Cluster) removeSocketDir() error {
	if c.socketDir == "" || c.socketDir == c.path("socket") {
		return nil
	}
	return os.RemoveAll(c.socketDir)
}

// waitReady polls until the server accepts a connection.
func (c *Cluster) waitReady(ctx context.Context) error {
	for {
		conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(pgErr.Code, "28") { // invalid authorization
			return errors.Join(fmt.Errorf("PostgreSQL does not accept the password in %s: %w", c.path(passwordName), err), c.Stop(ctx))
		}
		select {
		case <-c.done:
			return fmt.Errorf("PostgreSQL has ended: %w", c.exit)
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("PostgreSQL does not answer: %w", err), c.Stop(ctx))
		case <-time.After(10 * time.Millisecond):
		}
	}
}
