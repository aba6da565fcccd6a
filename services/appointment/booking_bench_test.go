package appointment

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
)

// BenchmarkBook books free times of 50 masters, 32 callers a processor at once:
// one by one, and in batches that make themselves. The tests' database does not
// wait for its disk, so it shows the cost in processor time only; where a commit
// takes its time, batches gain more.
func BenchmarkBook(b *testing.B) {
	for _, bb := range []struct {
		name            string
		lanes, maxBatch int
	}{
		{"one by one", 16, 1},
		{"batched", 0, 0},
	} {
		b.Run(bb.name, func(b *testing.B) {
			db := pgtest.New(b, Migrations)
			offers := make([]Offer, 50)
			for i := range offers {
				offers[i] = offerOf(b, db)
			}
			booker := NewBooker(NewStore(db), bb.lanes, bb.maxBatch, nil)
			var next atomic.Int64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					start := now.Add(time.Duration(n/50) * time.Hour)
					booking := withKey(bookingOf(b, start, offers[n%50]), newID(), "request")
					if got, err := booker.Book(b.Context(), booking); err != nil || got.Outcome != Booked {
						b.Errorf("%q, %v", got.Outcome, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
		})
	}
}
