package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	idleStreams    = 1000
	streamBookings = 200
	// streamPause is how often somebody books while events are measured.
	streamPause = 20 * time.Millisecond
)

// measureStreams says what idle streams cost, and how soon an open stream has a booking after its commit.
func (e *environment) measureStreams(ctx context.Context, _ settings) error {
	if err := e.measureIdleStreams(ctx); err != nil {
		return fmt.Errorf("idle streams: %w", err)
	}
	if err := e.measureEvents(ctx); err != nil {
		return fmt.Errorf("events: %w", err)
	}
	return nil
}

// openStream opens a stream of appointments and returns it when its snapshot is complete.
func (e *environment) openStream(ctx context.Context, token string) (*bufio.Reader, func(), error) {
	now := time.Now().UTC().Truncate(time.Second)
	query := url.Values{"from": {now.Format(time.RFC3339)}, "to": {now.Add(48 * time.Hour).Format(time.RFC3339)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.httpAddr+"/v1/appointments:watch?"+query.Encode(), nil)
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true, ReadBufferSize: 1024}}).Do(req)
	if err != nil {
		return nil, nil, err
	}
	stop := func() { _ = resp.Body.Close() }
	events := bufio.NewReader(resp.Body)
	for resp.StatusCode == http.StatusOK {
		line, err := events.ReadString('\n')
		if err != nil {
			stop()
			return nil, nil, err
		}
		if line == "event: ready\n" {
			return events, stop, nil
		}
	}
	stop()
	return nil, nil, errors.New(resp.Status)
}

// measureIdleStreams opens many streams on which nothing happens.
func (e *environment) measureIdleStreams(ctx context.Context) error {
	e.stopSalon() // what signing in has taken for hashing passwords is not given back at once, and the streams would use it
	if _, err := e.startSalon(ctx); err != nil {
		return err
	}
	if err := pause(ctx, settleSeconds*time.Second); err != nil {
		return err
	}
	before, _ := memory(e.salon.Process.Pid)
	var mu sync.Mutex
	var stops []func()
	defer func() {
		for _, stop := range stops {
			stop()
		}
	}()
	var opening errgroup.Group
	opening.SetLimit(32)
	for i := range idleStreams {
		opening.Go(func() error {
			_, stop, err := e.openStream(ctx, e.tokens[i%len(e.tokens)])
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			stops = append(stops, stop)
			return nil
		})
	}
	if err := opening.Wait(); err != nil {
		return err
	}
	if err := pause(ctx, 20*time.Second); err != nil { // with a heartbeat of each
		return err
	}
	after, _ := memory(e.salon.Process.Pid)
	pid := []process{{"salon", e.salon.Process.Pid}}
	cpu := total(pid)
	const idle = 10 * time.Second
	if err := pause(ctx, idle); err != nil {
		return err
	}
	fmt.Printf("streams: %d idle ones of appointments cost %.0f MiB (%.0f → %.0f MiB resident, all services in the process; goal < 100 MB), %.1f %% of a core\n",
		idleStreams, after-before, before, after, 100*(total(pid)-cpu).Seconds()/idle.Seconds())
	return nil
}

// measureEvents books one appointment after the other and looks when the event of each comes, counted from the answer to the booking, which is
// sent right after the commit.
func (e *environment) measureEvents(ctx context.Context) error {
	events, stop, err := e.openStream(ctx, e.tokens[0])
	if err != nil {
		return err
	}
	defer stop()
	var mu sync.Mutex
	came := map[string]time.Time{}
	go func() {
		for {
			line, err := events.ReadString('\n')
			if err != nil {
				return
			}
			if _, rest, ok := strings.Cut(line, `"appointment":{"id":"`); ok {
				id, _, _ := strings.Cut(rest, `"`)
				mu.Lock()
				if _, again := came[id]; !again {
					came[id] = time.Now()
				}
				mu.Unlock()
			}
		}
	}()
	first := time.Now().UTC().Truncate(time.Hour).Add(3 * time.Hour)
	answered := map[string]time.Time{}
	for i := range streamBookings {
		booked, _, err := e.call(ctx, http.MethodPost, "/v1/appointments", e.tokens[0], map[string]any{
			"startTime": first.Add(time.Duration(i) * appointmentMinutes * time.Minute).Format(time.RFC3339),
			"segments":  []any{map[string]any{"serviceId": e.serviceID, "masterId": e.masterIDs[0]}},
		})
		if err != nil {
			return err
		}
		id, _ := booked["id"].(string)
		answered[id] = time.Now()
		if err := pause(ctx, streamPause); err != nil {
			return err
		}
	}
	if err := pause(ctx, time.Second); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	var took []time.Duration
	for id, at := range answered {
		event, ok := came[id]
		if !ok {
			return fmt.Errorf("the event of %s has not come", id)
		}
		took = append(took, max(event.Sub(at), 0))
	}
	slices.Sort(took)
	fmt.Printf("streams: commit → event p50 %s, p99 %s, %s at most, %d bookings (goal p50 < 20 ms, p99 < 100 ms)\n\n",
		took[len(took)/2].Round(10*time.Microsecond), took[len(took)*99/100].Round(10*time.Microsecond),
		took[len(took)-1].Round(10*time.Microsecond), len(took))
	return nil
}
