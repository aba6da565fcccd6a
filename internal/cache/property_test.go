package cache

import (
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/redistest"
)

// TestNeverOlderThanDropped writes, drops and reads in several processes in any order, with outages of Redis. No
// process reads a value older than its own last drop.
func TestNeverOlderThanDropped(t *testing.T) {
	server := redistest.New(t)
	raw := rawClient(t, server)
	rapid.Check(t, func(rt *rapid.T) {
		if err := raw.FlushAll(t.Context()).Err(); err != nil {
			rt.Fatal(err)
		}
		d := newDatabase(1)
		up := true
		var least [3]int64
		var processes [3]*Cache[number]
		var clients [3]*Client
		for i := range processes {
			client, err := Open(Config{URL: server.URL(), Timeout: patience}, zerolog.Nop())
			if err != nil {
				rt.Fatal(err)
			}
			client.rest, client.repairs.every = time.Millisecond, time.Millisecond
			clients[i] = client
			processes[i] = onClient(clients[i], d, nil)
		}
		process := rapid.IntRange(0, len(processes)-1)
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) {
				i := process.Draw(rt, "process")
				least[i] = d.version.Add(1)
				processes[i].Drop(t.Context(), "a", least[i])
			},
			"receive an older drop": func(rt *rapid.T) {
				i := process.Draw(rt, "process")
				v := rapid.Int64Range(1, d.version.Load()).Draw(rt, "version")
				processes[i].Drop(t.Context(), "a", v)
				least[i] = max(least[i], v)
			},
			"read": func(rt *rapid.T) {
				i := process.Draw(rt, "process")
				n, err := processes[i].Get(t.Context(), "a")
				if err != nil || n.GetValue() < least[i] {
					rt.Fatalf("process %d got %v, %v after it dropped %d", i, n, err, least[i])
				}
			},
			"outage": func(rt *rapid.T) {
				if server.Real() {
					rt.Skip("takes too long")
				}
				if up {
					server.Stop()
				} else {
					server.Start()
				}
				up = !up
			},
		})
		if !up {
			server.Start()
		}
		for _, c := range clients {
			_ = c.Close()
		}
	})
}
