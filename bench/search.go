package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// searchers is how many connections search at the same time.
const searchers = 4

// target is a salon of the data, as bench.targets has it. Services are in the order of menu.
type target struct {
	SalonID                   string
	Masters, Services, Chairs []string
	// AMaster is how many appointments each master has.
	AMaster int
}

// targets reads the salons with a number of masters.
func (e *environment) targets(ctx context.Context, masters int) ([]target, error) {
	conn, err := pgx.Connect(ctx, benchURL(e.postgres.AdminURL()))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT salon_id::text, masters::text[], services::text[], chairs::text[], a_master
		FROM bench.targets WHERE cardinality(masters) = $1 ORDER BY n`, masters)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[target])
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("the data has no salon with %d masters", masters)
	}
	return list, err
}

// query is a search without a salon.
type query struct {
	services    []int // indexes in menu
	masters     int   // how many of them are named; 0: none, so any
	days        int
	firstPerDay bool
}

// body is the request for a search from a day on, counted from today. A named master is another one each time.
func (q query) body(t *target, day, random int) []byte {
	type segment struct {
		ServiceID string   `json:"serviceId"`
		MasterIDs []string `json:"masterIds,omitempty"`
	}
	var segments []segment
	for _, service := range q.services {
		s := segment{ServiceID: t.Services[service]}
		for i := range q.masters {
			s.MasterIDs = append(s.MasterIDs, t.Masters[(random+i)%len(t.Masters)])
		}
		segments = append(segments, s)
	}
	request := map[string]any{
		"segments": segments, "startDate": date(day), "endDate": date(day + q.days - 1), "firstPerDay": q.firstPerDay,
	}
	if !q.firstPerDay {
		request["limit"] = 20
	}
	body, _ := json.Marshal(request) // cannot fail
	return body
}

func date(day int) string { return time.Now().UTC().AddDate(0, 0, day).Format(time.DateOnly) }

// searchRequest is a request as it goes over the connection.
func (e *environment) searchRequest(body []byte) []byte {
	return append([]byte("POST /v1/availability:search HTTP/1.1\r\nHost: "+e.httpAddr+
		"\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\n\r\n"), body...)
}

// firstDays is on how many days searches begin: from tomorrow on.
const firstDays = 14

// searches lets several connections search, each time in another salon.
func (e *environment) searches(ctx context.Context, s settings, q query, list []target) func() (result, error) {
	servers := e.servers()
	next := make([]int, searchers)
	return func() (result, error) {
		return drive(ctx, searchers, s.duration, servers, func(i int) (caller, error) {
			conn, err := dialHTTP(e.httpAddr)
			if err != nil {
				return nil, err
			}
			random := rand.New(rand.NewPCG(uint64(i), uint64(next[i]))) //nolint:gosec // no secret
			return httpExchange(conn, func() []byte {
				next[i]++
				t := &list[(next[i]*searchers+i)%len(list)]
				return e.searchRequest(q.body(t, 1+random.IntN(firstDays), random.IntN(len(t.Masters))))
			}, http.StatusOK), nil
		})
	}
}

// goalOfSearch is a search, and how long it may take for 99 of 100 calls.
type goalOfSearch struct {
	title string
	query query
	goal  time.Duration
}

var goalsOfSearch = []goalOfSearch{
	{"(i) one master, 14 days", query{services: []int{0}, masters: 1, days: 14}, 10 * time.Millisecond},
	{"(ii) any of 12 masters, 7 days", query{services: []int{0}, days: 7}, 25 * time.Millisecond},
	{"(iii) chain of 3, any of 12 masters, 7 days", query{services: []int{0, colour, brows}, days: 7}, 50 * time.Millisecond},
	{
		"(iv) first slot of each of 62 days, any of 12", query{services: []int{0}, days: 62, firstPerDay: true},
		100 * time.Millisecond,
	},
}

// measureSearch measures the searches in turns, so that all of them see the same noise. The first round of each does not count: before it, the
// database has most pages of the data only in the files.
func (e *environment) measureSearch(ctx context.Context, s settings) error {
	list, err := e.targets(ctx, 12)
	if err != nil {
		return err
	}
	fmt.Printf("\nsearch over REST, %d connections, each time another of %d salons with 12 masters\n", searchers, len(list))
	if err := e.warm(ctx, list); err != nil {
		return err
	}
	searches, rounds := make([]func() (result, error), len(goalsOfSearch)), make([][]result, len(goalsOfSearch))
	for i, g := range goalsOfSearch {
		searches[i] = e.searches(ctx, s, g.query, list)
	}
	for range 1 + s.rounds {
		for i, g := range goalsOfSearch {
			r, err := searches[i]()
			if err != nil {
				return fmt.Errorf("%s: %w", g.title, err)
			}
			rounds[i] = append(rounds[i], r)
		}
	}
	for i, g := range goalsOfSearch {
		slots, empty, err := e.found(ctx, g.query, list)
		if err != nil {
			return err
		}
		first, counted := rounds[i][0], rounds[i][1:]
		fmt.Printf("  %-46s %s\n", g.title, median(counted))
		all := merged(counted)
		var each []string
		for _, r := range counted {
			each = append(each, ms(r.percentile(0.99)))
		}
		verdict := "met"
		if all.percentile(0.99) > g.goal {
			verdict = "missed"
		}
		fmt.Printf("    of all %d calls: p50 %s, p99 %s (goal ≤ %s: %s); p99 of each round: %s, before them %s; "+
			"%.1f slots each, %d%% without any\n",
			all.calls, ms(all.percentile(0.5)), ms(all.percentile(0.99)), g.goal, verdict, strings.Join(each, ", "), ms(first.percentile(0.99)),
			slots, empty)
	}
	return nil
}

func ms(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }

// merged is the calls of all rounds as one.
func merged(rounds []result) result {
	var all result
	for _, r := range rounds {
		all.calls += r.calls
		all.failures += r.failures
		all.elapsed += r.elapsed
		all.times = append(all.times, r.times...)
	}
	slices.Sort(all.times)
	return all
}

// warm searches once in each salon, so that the rules of all are in memory.
func (e *environment) warm(ctx context.Context, list []target) error {
	for i := range list {
		if _, err := e.slots(ctx, query{services: []int{0}, days: 1}.body(&list[i], 1, 0)); err != nil {
			return err
		}
	}
	return nil
}

// slots makes a search and returns how many slots it found.
func (e *environment) slots(ctx context.Context, body []byte) (int, error) {
	_, text, err := e.call(ctx, http.MethodPost, "/v1/availability:search", "", json.RawMessage(body))
	return strings.Count(text, `"quoteExpireTime"`), err
}

// found is how many slots a search finds on average, and how many of 100 searches find none.
func (e *environment) found(ctx context.Context, q query, list []target) (mean float64, empty int, err error) {
	const samples = 100
	for i := range samples {
		n, err := e.slots(ctx, q.body(&list[i%len(list)], 1+i%firstDays, i))
		if err != nil {
			return 0, 0, err
		}
		mean += float64(n) / samples
		if n == 0 {
			empty++
		}
	}
	return mean, empty, nil
}
