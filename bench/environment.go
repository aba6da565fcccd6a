package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beauty-salon/platform/internal/embedded"
)

const (
	masters            = 16
	customers          = 192 // more than bookings are under way at the same time: two of one customer wait for each other
	password           = "a password for measuring"
	secretKey          = "6f2b1c0d9e8f7a6b5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b" //nolint:gosec // of a database that lives for minutes
	appointmentMinutes = 5
	settleSeconds      = 3
)

// environment is the three servers, Salon as one process against them, and a salon to book in.
type environment struct {
	dir, data string // data is the directory of the database
	binary    string
	postgres  *embedded.Postgres
	nats      *child
	redis     *child
	env       []string

	salon              *exec.Cmd
	httpAddr, grpcAddr string

	masterIDs  []string
	masterJSON string
	serviceID  string
	tokens     []string
	firstSlot  time.Time // of the bookings in excess
	// startInSegment is set for builds from before an appointment had one start.
	startInSegment bool
	// run is in the names of what this run makes: a database may have that of others.
	run string
}

// build makes the program of this tree.
func build(ctx context.Context, dir string) (string, error) { return buildIn(ctx, ".", dir) }

// buildIn makes the program of a tree.
func buildIn(ctx context.Context, tree, dir string) (string, error) {
	binary := filepath.Join(dir, "salon")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", binary, "./cmd/salon")
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build salon: %w\n%s", err, out)
	}
	return binary, nil
}

// startEnvironment starts the servers and makes the database in the directory data, unless it is there already; Salon itself is
// started by startSalon.
func startEnvironment(ctx context.Context, dir, data, binary string) (_ *environment, err error) {
	e := &environment{dir: dir, data: data, binary: binary, run: strconv.FormatInt(time.Now().UnixMilli(), 36),
		firstSlot: time.Now().UTC().Truncate(time.Hour).Add(24 * time.Hour)}
	defer func() {
		if err != nil {
			e.stop()
		}
	}()
	// Durable, as in production: what a commit costs is a part of what is measured.
	if e.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: data}); err != nil {
		return nil, err
	}
	if e.nats, err = startChild("nats", filepath.Join(dir, "nats")); err != nil {
		return nil, err
	}
	if e.redis, err = startChild("redis", ""); err != nil {
		return nil, err
	}
	e.env = append(os.Environ(),
		"SALON_SECRET_KEY="+secretKey,
		"SALON_DATABASE_URL="+e.postgres.URL(),
		"SALON_NATS_URL="+e.nats.addr,
		"SALON_REDIS_URL="+e.redis.addr,
		"SALON_HTTP_ADDR=127.0.0.1:0", "SALON_GRPC_ADDR=127.0.0.1:0", "SALON_INTERNAL_ADDR=127.0.0.1:0",
		"SALON_ACCESS_LOG_FILE="+filepath.Join(dir, "gateway.log"),
		"SALON_LIMIT_USER=0", "SALON_LIMIT_ADDRESS=0", "SALON_LIMIT_AUTH=0", "SALON_LIMIT_STREAMS=0",
		"SALON_STOP_DELAY=0s",
		"SALON_ADMIN_PASSWORD="+password,
	)
	if err := e.salonCommand(ctx, "migrate", "--database-url="+e.postgres.AdminURL()); err != nil {
		return nil, err
	}
	if err := e.salonCommand(ctx, "admin", "create", "--email="+e.address("admin")); err != nil {
		return nil, err
	}
	return e, nil
}

func (e *environment) salonCommand(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, e.binary, args...)
	cmd.Env = e.env
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("salon %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// measureStart starts Salon, says how long that took and what it holds in memory when idle, and leaves it running.
func (e *environment) measureStart(ctx context.Context) error {
	took := make([]time.Duration, 9)
	for i := range took {
		e.stopSalon()
		// The servers have just started, or are still busy with the end of the last process.
		if err := pause(ctx, settleSeconds*time.Second); err != nil {
			return err
		}
		var err error
		if took[i], err = e.startSalon(ctx); err != nil {
			return err
		}
	}
	slices.Sort(took)
	best, median, worst := took[0], took[len(took)/2], took[len(took)-1]
	fmt.Printf("start: ready %s after exec, the median of %d starts, %s at best, %s at worst (goal ≤ 150 ms)\n",
		median.Round(time.Millisecond), len(took), best.Round(time.Millisecond), worst.Round(time.Millisecond))
	// What the start itself needed is given back.
	if err := pause(ctx, settleSeconds*time.Second); err != nil {
		return err
	}
	rss, private := memory(e.salon.Process.Pid)
	fmt.Printf("idle: %.0f MiB resident, of which %.0f MiB are not file-backed (goal ≤ 60 MB)\n", rss, private)
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

func (e *environment) startSalon(ctx context.Context) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, e.binary, "serve")
	cmd.Env = e.env
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	e.salon = cmd
	r := bufio.NewReader(out)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return 0, fmt.Errorf("salon did not become ready: %w", err)
		}
		if !strings.HasPrefix(line, "ready ") {
			continue
		}
		took := time.Since(begin)
		for part := range strings.FieldsSeq(line) {
			if addr, ok := strings.CutPrefix(part, "http="); ok {
				e.httpAddr = addr
			} else if addr, ok := strings.CutPrefix(part, "grpc="); ok {
				e.grpcAddr = addr
			}
		}
		go showErrors(r)
		return took, nil
	}
}

// showErrors reads what Salon goes on to print, and shows the first errors: there should be none.
func showErrors(r *bufio.Reader) {
	const most = 5
	for shown := 0; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		if shown < most && strings.Contains(line, `"level":"error"`) {
			fmt.Print("   salon: ", line)
			shown++
		}
	}
}

func (e *environment) stopSalon() {
	if e.salon == nil {
		return
	}
	_ = e.salon.Process.Signal(os.Interrupt)
	_ = e.salon.Wait()
	e.salon = nil
}

// stop stops everything that was started.
func (e *environment) stop() {
	e.stopSalon()
	for _, c := range []*child{e.redis, e.nats} {
		if c != nil {
			_ = c.stop()
		}
	}
	if e.postgres != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = e.postgres.Stop(ctx)
	}
}

// reading is the processes that serve a cached read.
func (e *environment) reading() []process { return []process{{"salon", e.salon.Process.Pid}} }

// writing is the processes that serve a booking and its events.
func (e *environment) writing() []process {
	return append(e.reading(), process{"postgres", e.postgres.PID()}, process{"nats", e.nats.pid}, process{"redis", e.redis.pid})
}

// prepare makes the masters, the service and the customers.
func (e *environment) prepare(ctx context.Context) error {
	admin, err := e.login(ctx, e.address("admin"))
	if err != nil {
		return err
	}
	service, _, err := e.call(ctx, http.MethodPost, "/v1/services", admin, map[string]any{
		"name": "Trim " + e.run, "category": "Hair", "durationMinutes": appointmentMinutes,
		"price": map[string]any{"currencyCode": "EUR", "amountMinor": 3000},
	})
	if err != nil {
		return err
	}
	e.serviceID, _ = service["id"].(string)
	for i := range masters {
		id, err := e.register(ctx, e.address("master"+strconv.Itoa(i)))
		if err != nil {
			return err
		}
		if _, _, err := e.call(ctx, http.MethodPost, "/v1/masters", admin, map[string]any{
			"userId": id, "displayName": "Mira Sol", "bio": "Colour and care since 2012. I take my time.",
			"specialties": []string{"balayage", "colour correction"}, "experienceYears": 14,
		}); err != nil {
			return err
		}
		if _, _, err := e.call(ctx, http.MethodPut, "/v1/masters/"+id+"/offerings/"+e.serviceID, admin, map[string]any{}); err != nil {
			return err
		}
		e.masterIDs = append(e.masterIDs, id)
	}
	if _, e.masterJSON, err = e.call(ctx, http.MethodGet, "/v1/masters/"+e.masterIDs[0], "", nil); err != nil {
		return err
	}
	for i := range customers {
		if _, err := e.register(ctx, e.address("customer"+strconv.Itoa(i))); err != nil {
			return err
		}
	}
	if err := e.signIn(ctx); err != nil {
		return err
	}
	return e.prepareBookings(ctx, admin)
}
