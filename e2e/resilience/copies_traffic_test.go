package resilience_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// slowCall is what counts as not answered in time. The machine may have other things to do, so it is much longer than calls take.
const slowCall = 3 * time.Second

// traffic is calls of many clients over REST, each with a connection that it keeps. Every service is called.
type traffic struct {
	base   string
	c      *cluster
	ctx    context.Context //nolint:containedctx // ends with the test, for all clients
	stop   chan struct{}
	ending sync.Once
	done   sync.WaitGroup
	calls  atomic.Int64

	mu     sync.Mutex
	failed []string
	tokens map[*salontest.Account]bearer
	// lastBad is when the last call began that failed or was slow.
	lastBad time.Time
	slowest time.Duration
}

// startTraffic lets clients call, each with a pause after every answer.
func startTraffic(t *testing.T, c *cluster, base string, clients int, pause time.Duration) *traffic {
	t.Helper()
	tr := &traffic{base: base, c: c, ctx: context.WithoutCancel(t.Context()), stop: make(chan struct{}),
		tokens: map[*salontest.Account]bearer{}}
	for n := range clients {
		tr.done.Go(func() { tr.client(n, pause) })
	}
	t.Cleanup(tr.end)
	return tr
}

// end lets every client complete its call.
func (tr *traffic) end() {
	tr.ending.Do(func() { close(tr.stop) })
	tr.done.Wait()
}

func (tr *traffic) client(n int, pause time.Duration) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	for {
		select {
		case <-tr.stop:
			return
		case <-time.After(pause):
		}
		begin := time.Now()
		err := tr.call(client, n)
		took := time.Since(begin)
		tr.calls.Add(1)
		tr.mu.Lock()
		if err != nil {
			tr.failed = append(tr.failed, fmt.Sprintf("%s, after %s: %v", begin.Format("15:04:05.000"), took.Round(time.Millisecond), err))
		}
		if (err != nil || took > slowCall) && begin.After(tr.lastBad) {
			tr.lastBad = begin
		}
		tr.slowest = max(tr.slowest, took)
		tr.mu.Unlock()
		n++
	}
}

// tokenTime is after how long clients sign in again.
const tokenTime = 5 * time.Minute

// bearer is a token, and when it was got.
type bearer struct {
	token string
	since time.Time
}

// bearer is the token of a customer.
func (tr *traffic) bearer(client *http.Client, customer *salontest.Account) (string, error) {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	if b := tr.tokens[customer]; time.Since(b.since) < tokenTime {
		return b.token, nil
	}
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, customer.Email, customer.Password)
	req, err := http.NewRequestWithContext(tr.ctx, http.MethodPost, tr.base+"/v1/auth:login", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	var pair struct{ AccessToken string }
	if err := json.NewDecoder(resp.Body).Decode(&pair); err != nil || pair.AccessToken == "" {
		return "", fmt.Errorf("signing in: %s, %w", resp.Status, err)
	}
	tr.tokens[customer] = bearer{pair.AccessToken, time.Now()}
	return pair.AccessToken, nil
}

// call makes a call: in turn a booking, with and without a key for repeating it, and a read of each service.
func (tr *traffic) call(client *http.Client, n int) error {
	customer, master := tr.c.cast.CustomerA, tr.c.cast.Master1
	if n%2 == 1 {
		customer, master = tr.c.cast.CustomerB, tr.c.cast.Master2
	}
	method, path, body, key, want := http.MethodGet, "", "", "", http.StatusOK
	switch n % 6 {
	case 0, 3:
		method, path, want = http.MethodPost, "/v1/appointments", http.StatusCreated
		body = fmt.Sprintf(`{"startTime":%q,"segments":[{"serviceId":%q,"masterId":%q}]}`,
			tr.c.nextStart(n%2).Format(time.RFC3339), tr.c.cast.Service.GetId(), master.ID)
		if n%6 == 0 {
			key = uuid.NewString()
		}
	case 1:
		path = "/v1/appointments?pageSize=5"
	case 2:
		path = "/v1/notifications?pageSize=5"
	case 4:
		path = "/v1/masters/" + tr.c.cast.Master1.ID + "/ratings"
	case 5:
		path = "/v1/me"
	}
	token, err := tr.bearer(client, customer)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(tr.ctx, method, tr.base+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != want {
		err = fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer)
	}
	return err
}

// failures are the calls that have failed so far.
func (tr *traffic) failures() []string {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return slices.Clip(tr.failed)
}

// lastBadSince is how long after a moment the last call began that failed or was slow.
func (tr *traffic) lastBadSince(moment time.Time) time.Duration {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return max(0, tr.lastBad.Sub(moment))
}

// after waits for some more answers.
func (tr *traffic) after(t *testing.T, more int64) {
	t.Helper()
	want := tr.calls.Load() + more
	for tr.calls.Load() < want {
		select {
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
