package booking

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// BenchmarkBook books free times of 50 masters for as many customers, 32 callers a processor at once: one by
// one, and in batches that form by themselves. The tests' database does not wait for its disk, so the
// benchmark shows the cost in processor time only. Where a commit takes its time, batches gain more.
func BenchmarkBook(b *testing.B) {
	for _, bb := range []struct {
		name             string
		queues, maxBatch int
	}{
		{"one by one", 16, 1},
		{"batched", 0, 0},
	} {
		b.Run(bb.name, func(b *testing.B) {
			db := pgtest.New(b, migrations.Migrations)
			exec(b, db, "UPDATE salons SET max_open_appointments = 0")
			const masters = 50
			offerings, customers := make([]catalog.Offering, masters), make([]people.Customer, masters)
			for i := range masters {
				offerings[i], customers[i] = newOffering(b, db), newCustomer(b, db, first, newAccount(b, db))
			}
			usual := newQueue(b, NewStore(db))
			q := NewQueue(usual.store, usual.requests, bb.queues, bb.maxBatch, nil)
			var next atomic.Int64
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					n := next.Add(1)
					start := now.Add(time.Duration(1+n/masters) * time.Hour)
					c := withKey(creationFor(b, customers[n%masters], start, offerings[n%masters]), newKey(), "request")
					if got, err := q.Book(b.Context(), c); err != nil || got.Outcome != Booked {
						b.Errorf("%q, %v", got.Outcome, err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "bookings/s")
		})
	}
}
