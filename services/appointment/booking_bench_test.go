package appointment

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

func benchDB(b *testing.B) *postgres.DB {
	if url := os.Getenv("BENCH_URL"); url != "" {
		db, err := postgres.Open(b.Context(), postgres.Config{URL: secret.Text(url)}, nil, "appointments")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { db.Close() })
		return db
	}
	return pgtest.New(b, Migrations)
}

// BenchmarkBook books free times of 50 masters, 64 callers at once: one by one,
// and in batches that make themselves.
func BenchmarkBook(b *testing.B) {
	for _, c := range []struct {
		name              string
		workers, maxBatch int
	}{
		{"one by one", 16, 1},
		{"batched2x64", 2, 64},
		{"batched1x64", 1, 64},
		{"batched4x64", 4, 64},
		{"batched4x16", 4, 16},
		{"batched4x32", 4, 32},
		{"batched8x32", 8, 32},
		{"batched3x32", 3, 32},
	} {
		b.Run(c.name, func(b *testing.B) {
			db := benchDB(b)
			store := NewStore(db)
			offers := make([]Offer, 50)
			for i := range offers {
				offers[i] = offerOf(b, db)
			}
			booker := NewBooker(store, c.workers, c.maxBatch, nil)
			var next atomic.Int64
			b.SetParallelism(32) // of GOMAXPROCS goroutines each
			b.ReportAllocs()
			start := time.Now()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					booking := bookingOf(b, now.Add(time.Duration(n/50)*time.Hour), offers[n%50])
					result, err := booker.Book(b.Context(), withKey(booking, newID(), "x"))
					if err != nil || result.Outcome != Booked {
						b.Fatalf("%v %v", result.Outcome, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "bookings/s")
		})
	}
}
