package pgtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// dirPrefix is followed by the id of the process that made the directory.
	dirPrefix = "salon-pgtest-"
	// maxConnections is enough for parallel tests with a pool each.
	maxConnections = 400
	// startTimeout is long, because many test binaries start at once.
	startTimeout = 2 * time.Minute
	// parentVariable is an environment variable that names the directory to keep servers in, such as one in memory.
	parentVariable = "SALON_TEST_PGDIR"
)

// MasterKey is the secret of [Server.Keys], for a program that gets it as a setting.
const MasterKey = "the tests' master key, which protects nothing"

// cluster is the server of this test binary.
type cluster struct {
	server *pgcluster.Cluster
	keys   *secret.Keys
	copies string // the option with which CREATE DATABASE copies files

	mu        sync.Mutex // guards the fields below and the statements of admin
	admin     *pgx.Conn
	templates map[string]bool
	databases int
}

// shared starts the server on the first call. The server is never stopped: a later test of the binary may need it.
var shared = sync.OnceValues(startCluster)

// LeakOptions are options of goleak. They ignore the goroutine that watches the server.
func LeakOptions() []goleak.Option {
	return []goleak.Option{
		goleak.IgnoreAnyFunction("github.com/beauty-salon/platform/internal/embedded/pgcluster.(*Cluster).run"),
	}
}

func startCluster() (*cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	keys, err := secret.NewKeys([]byte(MasterKey))
	if err != nil {
		return nil, err
	}
	parent := parentDir()
	removeAbandoned(parent)
	dir, err := os.MkdirTemp(parent, dirPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, err
	}
	server, err := pgcluster.Start(ctx, pgcluster.Config{
		Dir: dir, MaxConnections: maxConnections, Bin: os.Getenv("SALON_TEST_POSTGRES"), Throwaway: true,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	admin, err := pgx.Connect(ctx, server.AdminURL("postgres"))
	if err != nil {
		return nil, fmt.Errorf("connect to the test server: %w", err)
	}
	c := &cluster{server: server, keys: keys, admin: admin, templates: map[string]bool{}}
	// To copy files takes half the processor time of writing each page to the log, which is what PostgreSQL does by default since
	// version 15. Earlier versions only copy files.
	var version int
	if err := admin.QueryRow(ctx, "SELECT current_setting('server_version_num')::int").Scan(&version); err != nil {
		return nil, fmt.Errorf("the test server's version: %w", err)
	}
	if version >= 150000 {
		c.copies = "STRATEGY file_copy"
	}
	return c, nil
}

// parentDir is the directory in parentVariable, or else the first temporary directory that the server's user can enter.
func parentDir() string {
	if dir := os.Getenv(parentVariable); dir != "" {
		return dir
	}
	if dir := os.TempDir(); pgcluster.CheckReachable(dir) == nil {
		return dir
	}
	return "/tmp"
}

// removeAbandoned removes the directories of earlier test binaries. Two conditions must hold: the process has
// ended, and the lock is free. The id alone may belong to another PID namespace, and the lock alone may not be
// taken yet. A failure does not keep a test from running.
func removeAbandoned(parent string) {
	dirs, err := filepath.Glob(filepath.Join(parent, dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), dirPrefix), "-")
		pid, err := strconv.Atoi(id)
		if err != nil || dirlock.Alive(pid) || !dirlock.Free(dir) {
			continue
		}
		_ = os.RemoveAll(dir)
	}
}

// create makes a database from the template for this set of migrations.
func (c *cluster) create(ctx context.Context, sets []postgres.Migrations) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	template, err := templateName(sets)
	if err != nil {
		return "", err
	}
	if !c.templates[template] {
		if err := c.buildTemplate(ctx, template, sets); err != nil {
			return "", err
		}
		c.templates[template] = true
	}
	c.databases++
	name := "test_" + strconv.Itoa(c.databases)
	if _, err := c.admin.Exec(ctx, fmt.Sprintf("CREATE DATABASE %s TEMPLATE %s %s", name, template, c.copies)); err != nil {
		return "", err
	}
	// A copy has the template's content but not the rights on the database itself.
	_, err = c.admin.Exec(ctx, fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC; GRANT CONNECT ON DATABASE %[1]s TO %s", name, roles(sets)))
	return name, err
}

// roles are the login roles of the services, as [postgres.Bootstrap] names them.
func roles(sets []postgres.Migrations) string {
	var names []string
	for _, set := range sets {
		names = append(names, "salon_"+set.Service)
	}
	return strings.Join(names, ", ")
}

func (c *cluster) drop(ctx context.Context, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.admin.Exec(ctx, fmt.Sprintf("DROP DATABASE IF EXISTS %s WITH (FORCE)", name))
	return err
}

func (c *cluster) buildTemplate(ctx context.Context, name string, sets []postgres.Migrations) error {
	if _, err := c.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name); err != nil { // an earlier attempt may have failed half-way
		return err
	}
	if _, err := c.admin.Exec(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	var schemas []string
	for _, set := range sets {
		schemas = append(schemas, set.Service)
	}
	url := c.server.AdminURL(name)
	if err := postgres.Bootstrap(ctx, url, c.keys, nil, schemas...); err != nil {
		return err
	}
	for _, set := range sets {
		if err := postgres.Migrate(ctx, url, set); err != nil {
			return err
		}
	}
	return nil
}

// templateName is derived from everything that determines a template in this binary.
func templateName(sets []postgres.Migrations) (string, error) {
	hash := sha256.New()
	for _, set := range sets {
		fmt.Fprintf(hash, "schema %q\n", set.Service)
		if set.FS == nil {
			continue
		}
		err := fs.WalkDir(set.FS, ".", func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := fs.ReadFile(set.FS, path)
			fmt.Fprintf(hash, "file %q %d\n%s\n", path, len(content), content)
			return err
		})
		if err != nil {
			return "", fmt.Errorf("read the migrations of %s: %w", set.Service, err)
		}
	}
	return "template_" + hex.EncodeToString(hash.Sum(nil)[:8]), nil
}
