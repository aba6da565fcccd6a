package events
import ("testing";"fmt";"time";"os";"context"
	"github.com/nats-io/nats.go"
	"github.com/beauty-salon/platform/internal/embedded")
func TestPub(t *testing.T) {
	for _, sync := range []bool{false, true} {
		dir, _ := os.MkdirTemp("/var/tmp", "salon-durable-")
		defer os.RemoveAll(dir)
		ns, err := embedded.StartNATS(embedded.NATSConfig{StoreDir: dir, SyncAlways: sync})
		if err != nil { t.Fatal(err) }
		bus, _ := ConnectInProcess(ns, Config{}, testLog(t), nil)
		eventually(t, "r", func() bool { return bus.Ready() == nil })
		r := &Relay{bus: bus, metrics: newRelayMetrics(nil, "x"), log: testLog(t)}
		_ = r
		for _, size := range []int{1, 2, 8, 32, 128, 500} {
			n := 1000/size
			for _, mode := range []string{"each", "batch"} {
				var took time.Duration
				for range n {
					var ms []*nats.Msg
					for range size { ms = append(ms, newEvent(t, newID(t), 1).message("x", "")) }
					b := time.Now()
					if mode == "batch" { if err := bus.publishBatch(t.Context(), ms); err != nil { t.Fatal(err) } } else {
						var ss []*sending
						for _, m := range ms { s := &sending{}; s.ack, s.err = bus.js.PublishMsgAsync(m); ss = append(ss, s) }
						for _, s := range ss { if err := s.wait(t.Context()); err != nil { t.Fatal(err) } }
					}
					took += time.Since(b)
				}
				fmt.Printf("sync=%v %s of %d: %.0f/s\n", sync, mode, size, float64(n*size)/took.Seconds())
			}
		}
		bus.Close(); ns.Shutdown(context.Background())
	}
}
