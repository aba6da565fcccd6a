package events

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/embedded"
	"github.com/beauty-salon/platform/internal/embedded/pgcluster"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestDurable(t *testing.T) {
	dir, _ := os.MkdirTemp("/var/tmp", "salon-durable-")
	os.Chmod(dir, 0o755)
	defer os.RemoveAll(dir)
	ctx := t.Context()
	pg, err := pgcluster.Start(ctx, pgcluster.Config{Dir: dir + "/pg"})
	if err != nil {
		t.Fatal(err)
	}
	defer pg.Stop(context.Background())
	keys, _ := secret.NewKeys([]byte("0123456789012345678901234567890123456789"))
	if err := postgres.Bootstrap(ctx, pg.AdminURL("postgres"), keys, "tests"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(ctx, pg.AdminURL("postgres"), migrations); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(ctx, postgres.Config{URL: secret.Text(pg.URL("postgres"))}, keys, "tests")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, sync := range []bool{false, true} {
		ns, err := embedded.StartNATS(embedded.NATSConfig{StoreDir: fmt.Sprintf("%s/n%v", dir, sync), SyncAlways: sync})
		if err != nil {
			t.Fatal(err)
		}
		bus, err := ConnectInProcess(ns, Config{}, testLog(t), nil)
		if err != nil {
			t.Fatal(err)
		}
		b := &bed{t: t, log: testLog(t), db: db, bus: bus}
		b.waitReady()
		db.Conn(ctx).Exec("TRUNCATE outbox, inbox, effects, aggregate_versions")
		n := 10000
		var es []Event
		agg, v := newID(t), int64(0)
		for range n {
			if v++; v > 3 {
				agg, v = newID(t), 1
			}
			es = append(es, newEvent(t, agg, v))
		}
		for i := 0; i < n; i += 500 {
			b.append(es[i : i+500]...)
		}
		begin := time.Now()
		stop := b.start(b.relay().Run)
		b.waitPublished()
		fmt.Printf("sync=%v relay backlog: %.0f/s\n", sync, float64(n)/time.Since(begin).Seconds())
		begin = time.Now()
		c := b.consumer(ConsumerConfig{})
		c.ackWait = defaultAckWait
		stopC := b.start(c.Run)
		eventually(t, "x", func() bool { return b.count("SELECT count(*) FROM effects") >= n })
		fmt.Printf("sync=%v consumer backlog: %.0f/s\n", sync, float64(n)/time.Since(begin).Seconds())
		// live: 8 writers each committing one event
		begin = time.Now()
		var wrote atomic.Int64
		done := make(chan struct{})
		for range 8 {
			go func() {
				for time.Since(begin) < 5*time.Second {
					b.db.InTx(ctx, func(tx *postgres.DB) error { return Append(ctx, tx, newEvent(t, newID(t), 1)) })
					wrote.Add(1)
				}
				done <- struct{}{}
			}()
		}
		for range 8 {
			<-done
		}
		w := int(wrote.Load())
		tw := time.Since(begin)
		got := b.count("SELECT count(*) FROM effects") - n
		eventually(t, "x", func() bool { return b.count("SELECT count(*) FROM effects") >= n+w })
		fmt.Printf("sync=%v live: written %.0f/s, behind at the end %d, caught up after %v\n", sync, float64(w)/tw.Seconds(), w-got, time.Since(begin)-tw)
		// latency
		var sum time.Duration
		var worst time.Duration
		for range 100 {
			s := time.Now()
			cnt := b.count("SELECT count(*) FROM effects")
			b.append(newEvent(t, newID(t), 1))
			for b.count("SELECT count(*) FROM effects") == cnt {
			}
			d := time.Since(s)
			sum += d
			worst = max(worst, d)
		}
		fmt.Printf("sync=%v latency commit to effect: mean %v worst %v\n", sync, sum/100, worst)
		stopC()
		stop()
		bus.Close()
		ns.Shutdown(context.Background())
	}
}
