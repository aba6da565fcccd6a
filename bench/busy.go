package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// busySQL reads what a search has to know of taken time, by somebody who needs nothing else: the ranges of all masters and
// chairs that it is about, from the index alone. What to read comes from a table of ranges. LATERAL with OFFSET 0 makes the
// server look up one subject after the other, as Salon does; else it would read all ranges of the salon.
const busySQL = `SELECT u.subject, t.during
FROM bench.reads r CROSS JOIN unnest(r.subjects) AS u (subject)
CROSS JOIN LATERAL (
    SELECT c.during FROM appointments.claims c
    WHERE c.salon_id = r.salon_id AND c.subject_id = u.subject AND c.during && r.during AND c.blocking OFFSET 0
) AS t
WHERE r.n = %s`

// prepareReads makes the table of ranges for a search: each salon on each first day. Where masters are compared, a search reads
// whole weeks, because the share of a master is that of a week; and two days more on each side, for what goes on over midnight.
func (e *environment) prepareReads(ctx context.Context, q query, list []target) error {
	conn, err := pgx.Connect(ctx, benchURL(e.postgres.AdminURL()))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, `DROP TABLE IF EXISTS bench.reads;
		CREATE TABLE bench.reads (n int, salon_id uuid, subjects uuid[], during tstzrange)`); err != nil {
		return err
	}
	var rows [][]any
	for _, t := range list {
		for day := 1; day <= firstDays; day++ {
			first := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, day)
			last := first.AddDate(0, 0, q.days-1)
			subjects := append([]string{t.Masters[len(rows)%len(t.Masters)]}, t.Chairs...)
			if q.masters == 0 {
				subjects = slices.Concat(t.Masters, t.Chairs)
				first = first.AddDate(0, 0, -(int(first.Weekday())+6)%7)
				last = last.AddDate(0, 0, (7-int(last.Weekday()))%7)
			}
			rows = append(rows, []any{len(rows), t.SalonID, subjects, first.AddDate(0, 0, -2), last.AddDate(0, 0, 3)})
		}
	}
	for _, r := range rows {
		const insert = "INSERT INTO bench.reads VALUES ($1, $2, $3::text[]::uuid[], tstzrange($4, $5))"
		if _, err := conn.Exec(ctx, insert, r...); err != nil {
			return err
		}
	}
	for _, sql := range []string{"ALTER TABLE bench.reads ADD PRIMARY KEY (n)", "VACUUM ANALYZE bench.reads"} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return onlyIndex(ctx, conn)
}

// onlyIndex returns an error unless the server reads the index of the exclusion constraint alone.
func onlyIndex(ctx context.Context, conn *pgx.Conn) error {
	prepare := "SET plan_cache_mode = force_generic_plan; PREPARE busy (int) AS " + fmt.Sprintf(busySQL, "$1")
	if _, err := conn.Exec(ctx, prepare); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "EXPLAIN EXECUTE busy (1)", pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		return err
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err == nil && !strings.Contains(strings.Join(plan, "\n"), "Index Only Scan using claims_no_overlap") {
		err = fmt.Errorf("the server does not read the index alone:\n%s", strings.Join(plan, "\n"))
	}
	return err
}

// measureReads compares searches with reading the same busy ranges under pgbench.
func (e *environment) measureReads(ctx context.Context, s settings) error {
	list, err := e.targets(ctx, 12)
	if err != nil {
		return err
	}
	if err := e.warm(ctx, list); err != nil {
		return err
	}
	database := []process{{"postgres", e.postgres.PID()}}
	for i, goal := range []string{"none of its own", "≥ 0.50"} { // one master, any of 12
		g := goalsOfSearch[i]
		if err := e.prepareReads(ctx, g.query, list); err != nil {
			return err
		}
		script := fmt.Sprintf("\\set n random(0, %d)\n"+busySQL+";\n", len(list)*firstDays-1, ":n")
		err := compare(fmt.Sprintf("search over REST, %s, %d connections", g.title, searchers), goal, s.rounds,
			side{"Salon", e.searches(ctx, s, g.query, list)},
			side{"the busy ranges under pgbench", func() (result, error) {
				return observe(ctx, database, func() (result, error) {
					return e.pgbench(ctx, e.postgres.AdminURL(), "busy", script, searchers, s.duration)
				})
			}})
		if err != nil {
			return err
		}
	}
	return nil
}

// timeSearch returns how long searches take on one connection: the median and the 90th percentile of a number of calls.
func (e *environment) timeSearch(q query, list []target, calls int) (p50, p90 time.Duration, err error) {
	conn, err := dialHTTP(e.httpAddr)
	if err != nil {
		return 0, 0, err
	}
	defer func() { _ = conn.Close() }()
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // no secret
	n := 0
	call := httpExchange(conn, func() []byte {
		n++
		t := &list[n%len(list)]
		return e.searchRequest(q.body(t, 1+random.IntN(firstDays), random.IntN(len(t.Masters))))
	}, http.StatusOK)
	var r result
	for range calls {
		begin := time.Now()
		if err := call(); err != nil {
			return 0, 0, err
		}
		r.times = append(r.times, time.Since(begin))
	}
	slices.Sort(r.times)
	return r.percentile(0.5), r.percentile(0.9), nil
}
