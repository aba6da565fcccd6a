// Command salon runs Salon, in one process or with one process for each service, and the operator's tasks.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"regexp"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// version is set when a release is built.
var version = "dev"

// cli is the command line. An environment variable, which the help names, can set each flag.
type cli struct {
	Dev          devCmd          `cmd:"" help:"Run everything in one process, with its own PostgreSQL, NATS and Redis, and demo data."`
	Serve        serveCmd        `cmd:"" help:"Run some or all services against existing servers."`
	Infra        infraCmd        `cmd:"" help:"Run only PostgreSQL, NATS and Redis, for services that run in other processes."`
	Migrate      migrateCmd      `cmd:"" help:"Create or upgrade the database: roles, schemas and tables."`
	Backup       backupCmd       `cmd:"" help:"Back up the database into one file, also while Salon runs."`
	Restore      restoreCmd      `cmd:"" help:"Restore the database from a backup, and say or do what NATS and Redis need."`
	Doctor       doctorCmd       `cmd:"" help:"Examine an installation with the settings of salon serve, and say what to do."`
	Seed         seedCmd         `cmd:"" help:"Fill an empty database with a believable salon."`
	Admin        adminCmd        `cmd:"" help:"Tasks of the operator."`
	Secrets      secretsCmd      `cmd:"" help:"Secrets of single processes."`
	Events       eventsCmd       `cmd:"" help:"Tasks of the operator for events between services."`
	RecheckTimes recheckTimesCmd `cmd:"" help:"List open appointments whose wall time is not the one that was promised: the rules of a time zone changed, or a salon moved to another zone."`
	Healthcheck  healthcheckCmd  `cmd:"" help:"Ask a running process whether it is ready; for containers."`
	Version      versionCmd      `cmd:"" help:"Print the versions of the program and of its time zones."`
}

// gcPercent is how much the heap may grow between two collections, unless GOGC says something else. What stays alive is
// small, a few megabytes, so that Go's 100 would collect many times a second under load.
const gcPercent = 200

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(os.Args[1:]))
}

// run is main with an exit status: 0 done, 1 failed, 2 called wrongly.
func run(args []string) int {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		fmt.Fprintln(os.Stderr, "salon:", err)
		return 1
	}
	if len(args) == 0 || len(args) == 1 && args[0] == "help" {
		args = []string{"--help"} // which the parser answers, and ends the program
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		parser.Errorf("%s", withVariables(err.Error()))
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	kctx.BindTo(ctx, (*context.Context)(nil))
	if err := kctx.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "salon:", err)
		return 1
	}
	return 0
}

var flagWithValue = regexp.MustCompile(`--([a-z-]+)=[^\s,]+`)

// withVariables names, beside each flag that is missing, its environment variable.
func withVariables(text string) string {
	if !strings.HasPrefix(text, "missing flags") {
		return text
	}
	return flagWithValue.ReplaceAllStringFunc(text, func(flag string) string {
		name := flagWithValue.FindStringSubmatch(flag)[1]
		return flag + " (or SALON_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_")) + ")"
	})
}

// newParser returns a parser that reads the command line and the environment into c.
func newParser(c *cli) (*kong.Kong, error) {
	return kong.New(c,
		kong.Name("salon"),
		kong.Description("A booking platform for beauty salons."),
		kong.DefaultEnvars("SALON"),
		kong.Vars{"services": strings.Join(serviceNames, ","), "serviceList": strings.Join(serviceNames, ", "), "targetVariables": targetVariables()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
}

type versionCmd struct{}

// Run prints the versions of the program and of its time zone database.
func (versionCmd) Run() error {
	fmt.Println("salon", version)
	fmt.Println("tzdata", zoneinfo.Version())
	return nil
}

type healthcheckCmd struct {
	InternalAddr string `help:"Internal address of the process." default:"127.0.0.1:9091"`
}

// Run fails when the process is not ready.
func (c healthcheckCmd) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(c.InternalAddr)
	if err != nil {
		return fmt.Errorf("--internal-addr: %w", err)
	}
	if host == "" {
		host = "127.0.0.1" // the process listens on all addresses
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New("not ready")
	}
	return nil
}
