package cache

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/polltest"
	"github.com/beauty-salon/platform/internal/redistest"
)

const storedKey = "salon:v1:number:a"

func TestProcessesShareRedis(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	a, b := process(t, server, d), process(t, server, d)
	want(t, a, 1)
	want(t, b, 1)
	wantLoads(t, d, 1)
	ttl, err := rawClient(t, server).PTTL(t.Context(), storedKey).Result()
	if err != nil || ttl < 4*time.Minute || ttl > 6*time.Minute {
		t.Errorf("kept for %v, %v", ttl, err)
	}
}

func TestValueExpires(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	c := process(t, server, d)
	want(t, c, 1)
	d.version.Store(2)
	want(t, c, 1)
	server.FastForward(6 * time.Minute)
	want(t, c, 2)
}

// TestSlowLoadOfAnotherProcess is TestSlowLoad with the drop in another process.
func TestSlowLoadOfAnotherProcess(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	writer := process(t, server, d)
	slow := newDatabase(1)
	begun, finish := make(chan struct{}), make(chan struct{})
	slow.hold = func(context.Context) { close(begun); <-finish }
	reader := process(t, server, slow)
	early := make(chan int64)
	go func() {
		n, _ := reader.Get(t.Context(), "a")
		early <- n.GetValue()
	}()
	<-begun
	d.version.Store(2)
	writer.Drop(t.Context(), "a", 2)
	close(finish)
	if v := <-early; v != 1 {
		t.Errorf("a caller from before the drop got %d", v)
	}
	want(t, writer, 2) // Redis has refused the old value
	wantLoads(t, d, 1)
	want(t, process(t, server, slow), 2)
}

func TestSetIfNewer(t *testing.T) {
	const big = math.MaxInt64
	for _, test := range []struct {
		oldKind    byte
		oldVersion int64
		kind       byte
		version    int64
		stored     bool
	}{
		{kindValue, 1, kindValue, 2, true},
		{kindValue, 2, kindValue, 2, true},
		{kindValue, 2, kindValue, 1, false},
		{kindValue, 9, kindValue, 10, true},
		{kindValue, 10, kindValue, 9, false},
		{kindValue, 1, kindDropped, 2, true},
		{kindValue, 2, kindDropped, 2, false},
		{kindValue, 3, kindDropped, 2, false},
		{kindDropped, 2, kindValue, 1, false},
		{kindDropped, 2, kindValue, 2, true},
		{kindDropped, 2, kindDropped, 1, false},
		{kindDropped, 2, kindDropped, 3, true},
		{kindValue, big - 1, kindValue, big, true}, // beyond the 53 bits of a number in Lua
		{kindValue, big, kindValue, big - 1, false},
		{0, 0, kindValue, 0, true},
		{0, 0, kindDropped, 1, true},
		{'?', 99, kindValue, 1, true}, // not written by a cache
	} {
		name := fmt.Sprintf("%c%d after %c%d", test.kind, test.version, test.oldKind, test.oldVersion)
		t.Run(name, func(t *testing.T) {
			server := redistest.New(t)
			raw := rawClient(t, server)
			if test.oldKind != 0 {
				old := encode(test.oldKind, test.oldVersion, []byte("old"))
				if err := raw.Set(t.Context(), storedKey, old, time.Hour).Err(); err != nil {
					t.Fatal(err)
				}
			}
			r := newValues(open(t, server.URL()), "number", newCounters(nil, "number"))
			if err := r.put(t.Context(), "a", test.kind, test.version, []byte("new"), time.Minute); err != nil {
				t.Fatal(err)
			}
			got, err := raw.Get(t.Context(), storedKey).Result()
			if err != nil {
				t.Fatal(err)
			}
			if stored := got == string(encode(test.kind, test.version, []byte("new"))); stored != test.stored {
				t.Errorf("stored = %v, %q", stored, got)
			}
		})
	}
}

func TestCorruptValueIsAMiss(t *testing.T) {
	good := string(encode(kindValue, 1, []byte{8, 1}))
	if body, version, err := decode([]byte(good)); err != nil || version != 1 || string(body) != "\x08\x01" {
		t.Fatalf("the good value: %q, %d, %v", body, version, err)
	}
	for name, stored := range map[string]string{
		"empty":              "",
		"text":               "hello",
		"long text":          "hello, this is text that is longer than a header is",
		"cut in the header":  good[:headerBytes-1],
		"cut in the body":    good[:len(good)-1],
		"something appended": good + "x",
		"changed body":       good[:headerBytes] + "\x08\x02",
		"negative version":   "-" + good[1:],
		"version of letters": "x" + good[1:],
		"unknown kind":       good[:versionBytes] + "x" + good[versionBytes+1:],
		"not the message":    string(encode(kindValue, 1, []byte{0xff, 0xff})),
	} {
		t.Run(name, func(t *testing.T) {
			server, d := redistest.New(t), newDatabase(1)
			raw := rawClient(t, server)
			if err := raw.Set(t.Context(), storedKey, stored, time.Hour).Err(); err != nil {
				t.Fatal(err)
			}
			want(t, process(t, server, d), 1)
			wantLoads(t, d, 1)
			if got := raw.Get(t.Context(), storedKey).Val(); got != good {
				t.Errorf("not repaired: %q", got)
			}
		})
	}
}

func TestKeyOfAnotherType(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	if err := rawClient(t, server).RPush(t.Context(), storedKey, "x").Err(); err != nil {
		t.Fatal(err)
	}
	c := process(t, server, d)
	want(t, c, 1)
	if !available(c.values.client) {
		t.Error("one key of another type makes Redis unavailable")
	}
}

func TestRedisComesAndGoes(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	server.Stop()
	c := process(t, server, d)
	want(t, c, 1)
	want(t, c, 1)
	wantLoads(t, d, 2)
	server.Start()
	polltest.Until(t, "Redis is used", func() bool {
		before := d.loads.Load()
		want(t, c, 1)
		return d.loads.Load() == before
	})
	server.Stop()
	d.version.Store(2)
	c.Drop(t.Context(), "a", 2)
	want(t, c, 2)
}

// TestDropDuringOutage drops while Redis is down. Redis has the old value when it is available again.
func TestDropDuringOutage(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	if server.Real() {
		t.Skip("this Redis forgets everything when it is stopped")
	}
	writer, reader := process(t, server, d), process(t, server, d)
	want(t, writer, 1)
	server.Stop()
	d.version.Store(2)
	writer.Drop(t.Context(), "a", 2)
	server.Start()
	want(t, writer, 2) // not the value in Redis
	polltest.Until(t, "Redis has the drop", func() bool {
		n, err := reader.Get(t.Context(), "a")
		return err == nil && n.GetValue() == 2
	})
}

// TestCloseSendsDrops closes a process that has dropped values while Redis was down and has not sent the drops since.
func TestCloseSendsDrops(t *testing.T) {
	for name, back := range map[string]bool{"Redis is back": true, "Redis is still unavailable": false} {
		t.Run(name, func(t *testing.T) {
			server, d := redistest.New(t), newDatabase(1)
			if server.Real() {
				t.Skip("this Redis forgets everything when it is stopped")
			}
			var log lines
			client, err := Open(Config{URL: server.URL(), Timeout: patience}, zerolog.New(&log))
			if err != nil {
				t.Fatal(err)
			}
			client.rest, client.repairs.every = time.Hour, time.Hour
			writer, reader := onClient(client, d, nil), process(t, server, d)
			want(t, writer, 1)
			server.Stop()
			d.version.Store(2)
			writer.Drop(t.Context(), "a", 2)
			if back {
				server.Start()
			}
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			if back {
				want(t, reader, 2)
			}
			if logged := log.count("the last drops") == 1; logged == back {
				t.Errorf("the loss is logged: %v", logged)
			}
		})
	}
}

func TestTooManyDropsDuringOutage(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	if server.Real() {
		t.Skip("this Redis forgets everything when it is stopped")
	}
	writer, reader := process(t, server, d), process(t, server, d)
	want(t, writer, 1)
	if err := rawClient(t, server).Set(t.Context(), "another:key", "x", 0).Err(); err != nil {
		t.Fatal(err)
	}
	server.Stop()
	writer.values.pending.limit = 10
	for i := range 10 {
		writer.Drop(t.Context(), fmt.Sprint(i), 1)
	}
	d.version.Store(2)
	writer.Drop(t.Context(), "a", 2)
	server.Start()
	want(t, writer, 2)
	polltest.Until(t, "Redis has the drop", func() bool {
		n, err := reader.Get(t.Context(), "a")
		return err == nil && n.GetValue() == 2 && !writer.values.pending.covers("a")
	})
	if rawClient(t, server).Exists(t.Context(), "another:key").Val() != 1 {
		t.Error("a key of another cache was deleted")
	}
}

func TestHangingRedis(t *testing.T) {
	d := newDatabase(1)
	client := open(t, redistest.Hanging(t))
	client.timeout, client.rest = 10*time.Millisecond, time.Hour
	c := onClient(client, d, nil)
	for range 5 {
		want(t, c, 1)
	}
	if available(client) {
		t.Error("Redis still counts as available")
	}
}

func TestMetrics(t *testing.T) {
	server, d := redistest.New(t), newDatabase(1)
	reg := prometheus.NewPedanticRegistry()
	a := onClient(open(t, server.URL()), d, reg)
	b := onClient(open(t, server.URL()), d, reg) // caches of one name and registry share the counters
	want(t, a, 1)
	want(t, a, 1)
	want(t, b, 1)
	for _, test := range []struct {
		name    string
		counter prometheus.Counter
		want    float64
	}{
		{"hits", a.counts.hit, 2},
		{"misses", a.counts.miss, 1},
		{"failures", a.counts.failed, 0},
	} {
		if got := testutil.ToFloat64(test.counter); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
	families, err := reg.Gather()
	if len(families) != 2 || err != nil {
		t.Errorf("%d metrics, %v", len(families), err)
	}
}
