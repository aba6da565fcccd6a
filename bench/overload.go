package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// overloadFactor is how many calls are sent, as a multiple of the calls a second that were answered at the peak.
	overloadFactor = 3
	// overloadConnections is on how many connections calls are sent that do not wait for those before them.
	overloadConnections = 1000
	// overloadRounds is how often everything is measured; the median counts.
	overloadRounds = 3
	// calmBookings is how many bookings a second come while lists are sent in excess.
	calmBookings = 20
)

// request makes the n-th request of a load.
type request func(n int64) []byte

// listRequest is a list of a customer's appointments.
func (e *environment) listRequest(n int64) []byte {
	return []byte("GET /v1/appointments?pageSize=20 HTTP/1.1\r\nHost: " + e.httpAddr +
		"\r\nAuthorization: Bearer " + e.tokens[n%int64(len(e.tokens))] + "\r\n\r\n")
}

// bookingRequest books a slot of its own: neither master nor customer is ever taken.
func (e *environment) bookingRequest(n int64) []byte {
	start := e.firstSlot.Add(time.Duration(n/masters) * appointmentMinutes * time.Minute).Format(time.RFC3339)
	return e.createRequest(int(n), e.masterIDs[n%masters], start)
}

// answers are the answers to a load.
type answers struct {
	mu                sync.Mutex
	accepted, refused []time.Duration
	failed            map[string]int
	unsent            int // calls for which there was no connection: all waited
	elapsed           time.Duration
	memory            float64 // MiB, the most that Salon held
	usage             []usage // of the servers and of the load itself
}

func (a *answers) add(status int, problem string, err error, took time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		a.failed[err.Error()]++
	case status < http.StatusBadRequest:
		a.accepted = append(a.accepted, took)
	case status == http.StatusServiceUnavailable, status == http.StatusTooManyRequests:
		a.refused = append(a.refused, took)
	default:
		a.failed[strconv.Itoa(status)+" "+problem]++
	}
}

func (a *answers) goodput() float64 { return float64(len(a.accepted)) / a.elapsed.Seconds() }

func quantile(times []time.Duration, p float64) time.Duration {
	return percentile(times, p).Round(10 * time.Microsecond)
}

func (a *answers) String() string {
	cores := make([]string, len(a.usage))
	for i, u := range a.usage {
		cores[i] = fmt.Sprintf("%s %.2f", u.name, u.cpu.Seconds()/a.elapsed.Seconds())
	}
	text := fmt.Sprintf("%6.0f/s accepted, p50 %s p99 %s; %.0f/s refused, p50 %s p99 %s; %.0f MiB; cores: %s",
		a.goodput(), quantile(a.accepted, 0.5), quantile(a.accepted, 0.99),
		float64(len(a.refused))/a.elapsed.Seconds(), quantile(a.refused, 0.5), quantile(a.refused, 0.99), a.memory,
		strings.Join(cores, ", "))
	if a.unsent > 0 {
		text += fmt.Sprintf("; %d not sent: all connections waited", a.unsent)
	}
	problems := make([]string, 0, len(a.failed))
	for problem, n := range a.failed {
		problems = append(problems, fmt.Sprintf("; %d failed: %.100s", n, problem))
	}
	return text + strings.Join(problems, "")
}

// sender sends the requests of a load on connections of its own. Requests go on where the load before ended.
type sender struct {
	e    *environment
	make request
	next atomic.Int64
}

// closed lets clients call one after the other.
func (s *sender) closed(ctx context.Context, clients int, duration time.Duration) *answers {
	deadline := time.Now().Add(duration)
	return s.run(clients, func(send func()) {
		for time.Now().Before(deadline) && ctx.Err() == nil {
			send()
		}
	}, func(*answers) {})
}

// open sends so many calls a second on connections, whether they are answered or not.
func (s *sender) open(ctx context.Context, connections int, rate float64, duration time.Duration) *answers {
	due := make(chan struct{}) // without a buffer: what nobody can send now is not sent later
	return s.run(connections, func(send func()) {
		for range due {
			send()
		}
	}, func(a *answers) {
		defer close(due)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		begin := time.Now()
		for sent := 0; time.Since(begin) < duration && ctx.Err() == nil; <-tick.C {
			for ; sent < int(time.Since(begin).Seconds()*rate); sent++ {
				select {
				case due <- struct{}{}:
				default:
					a.unsent++
				}
			}
		}
	})
}

// run measures calls on connections, each with a goroutine that runs work, while direct runs.
func (s *sender) run(connections int, work func(send func()), direct func(*answers)) *answers {
	a := &answers{failed: map[string]int{}}
	stop := a.watchMemory(s.e.salon.Process.Pid)
	used := countUsage(append(s.e.servers(), process{"load", os.Getpid()}))
	begin := time.Now()
	var wg sync.WaitGroup
	for range connections {
		wg.Go(func() {
			conn, err := dialHTTP(s.e.httpAddr)
			if err != nil {
				a.add(0, "", err, 0)
				return
			}
			defer func() { _ = conn.Close() }()
			work(func() {
				body := s.make(s.next.Add(1))
				t := time.Now()
				status, problem, err := conn.do(body)
				a.add(status, problem, err, time.Since(t))
			})
		})
	}
	direct(a)
	wg.Wait()
	a.elapsed = time.Since(begin)
	a.usage = used()
	stop()
	slices.Sort(a.accepted)
	slices.Sort(a.refused)
	return a
}

// watchMemory notes the most that a process holds until it is stopped.
func (a *answers) watchMemory(pid int) (stop func()) {
	done, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			_, private := memory(pid)
			a.memory = max(a.memory, private)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		close(done)
		<-watched
	}
}

// measureOverload sends three times what Salon can answer, of bookings and of lists, and says what becomes of those that are answered, how
// soon the others are refused, and whether all is well at once afterwards. Then lists come in excess while some book.
func (e *environment) measureOverload(ctx context.Context, s settings) error {
	_, idle := memory(e.salon.Process.Pid)
	fmt.Printf("\noverload: %d times the calls of the peak for %s, on %d connections, %d rounds; %.0f MiB when idle\n",
		overloadFactor, s.overload, overloadConnections, overloadRounds, idle)
	lists := &sender{e: e, make: e.listRequest}
	bookings := &sender{e: e, make: e.bookingRequest}
	for _, load := range []struct {
		name string
		*sender
	}{{"bookings", bookings}, {"lists", lists}} {
		if err := e.overloadWith(ctx, s, load.name, load.sender, 2*idle+200); err != nil {
			return err
		}
	}
	return e.bookBeside(ctx, s, bookings, lists)
}

// overloadWith sends a load in excess and compares it with the peak. The peak changes as the database grows, so it is measured before and
// afterwards, each time when nothing is left to do, and the mean of both counts. In between, clients call as at the peak, right after the excess.
func (e *environment) overloadWith(ctx context.Context, s settings, name string, load *sender, limit float64) error {
	var goodput, first, times, afterwards, peaks []float64
	var refused []time.Duration
	var most float64 // MiB
	for range overloadRounds {
		if err := e.calm(ctx); err != nil {
			return err
		}
		before := load.closed(ctx, s.writers, s.overload)
		if err := e.calm(ctx); err != nil {
			return err
		}
		over := load.open(ctx, overloadConnections, overloadFactor*before.goodput(), s.overload)
		next := load.closed(ctx, s.writers, s.overload/10)
		if err := e.calm(ctx); err != nil {
			return err
		}
		after := load.closed(ctx, s.writers, s.overload)
		for _, part := range []struct {
			name string
			*answers
		}{{"peak before", before}, {"in excess", over}, {"right after", next}, {"peak afterwards", after}} {
			fmt.Printf("  %s, %-16s %s\n", name, part.name+":", part.answers)
		}
		peak := (before.goodput() + after.goodput()) / 2
		p99 := (quantile(before.accepted, 0.99) + quantile(after.accepted, 0.99)) / 2
		goodput, first = append(goodput, over.goodput()/peak), append(first, over.goodput()/before.goodput())
		peaks = append(peaks, after.goodput()/before.goodput())
		times = append(times, float64(quantile(over.accepted, 0.99))/float64(p99))
		afterwards = append(afterwards, next.goodput()/peak)
		refused, most = append(refused, quantile(over.refused, 0.99)), max(most, over.memory)
	}
	slices.Sort(refused)
	fmt.Printf("    goodput as a part of the peak (goal ≥ 0.80): %s\n      of the peak before alone: %s\n"+
		"      the peak afterwards, as a part of that before: %s\n    p99 as a multiple (goal ≤ 2): %s\n    right after, as a part of the peak: %s\n"+
		"    p99 of refusals (goal ≤ 5 ms): %s, memory at most %.0f MiB (goal ≤ %.0f)\n",
		spread(goodput), spread(first), spread(peaks), spread(times), spread(afterwards), refused[len(refused)/2], most, limit)
	return ctx.Err()
}

// bookBeside compares how long some bookings take with how long they take while lists come in excess.
func (e *environment) bookBeside(ctx context.Context, s settings, bookings, lists *sender) error {
	if err := e.calm(ctx); err != nil {
		return err
	}
	peak := lists.closed(ctx, s.writers, s.overload/3).goodput()
	var alone, beside []time.Duration
	for range overloadRounds {
		if err := e.calm(ctx); err != nil {
			return err
		}
		calm := bookings.open(ctx, s.writers, calmBookings, s.overload/3)
		if err := e.calm(ctx); err != nil {
			return err
		}
		var busy *answers
		var wg sync.WaitGroup
		wg.Go(func() { busy = bookings.open(ctx, s.writers, calmBookings, s.overload/3) })
		excess := lists.open(ctx, overloadConnections, overloadFactor*peak, s.overload/3)
		wg.Wait()
		fmt.Printf("  %d bookings a second, nothing else:        %s\n  %d bookings a second, lists come in excess: %s\n  these lists: %s\n",
			calmBookings, calm, calmBookings, busy, excess)
		alone, beside = append(alone, quantile(calm.accepted, 0.5)), append(beside, quantile(busy.accepted, 0.5))
	}
	slices.Sort(alone)
	slices.Sort(beside)
	fmt.Printf("    p50 of bookings beside lists (goal ≤ 20 ms): %s, %s to %s; alone %s, %s to %s\n",
		beside[len(beside)/2], beside[0], beside[len(beside)-1], alone[len(alone)/2], alone[0], alone[len(alone)-1])
	return ctx.Err()
}

// calm signs everybody in anew and waits until nothing is left to do.
func (e *environment) calm(ctx context.Context) error {
	if err := e.signIn(ctx); err != nil {
		return err
	}
	settle(ctx, e.servers())
	return ctx.Err()
}
