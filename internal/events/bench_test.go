package events

import (
	"testing"

	"github.com/beauty-salon/platform/internal/postgres"
)

// benchEvents appends b.N events, five of each aggregate, in transactions of 100.
func benchEvents(b *testing.B, bed *bed) {
	b.Helper()
	aggregate, version := newID(b), int64(0)
	var es []Event
	for range b.N {
		if version++; version > 5 {
			aggregate, version = newID(b), 1
		}
		if es = append(es, newEvent(b, aggregate, version)); len(es) == 100 {
			bed.append(es...)
			es = es[:0]
		}
	}
	bed.append(es...)
}

// BenchmarkRelay publishes a backlog. The database of the tests does not sync.
func BenchmarkRelay(b *testing.B) {
	bed := newBed(b)
	bed.waitReady()
	benchEvents(b, bed)
	b.ResetTimer()
	bed.start(bed.relay().Run)
	bed.waitPublished()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkConsumer handles a backlog with one insertion for each event. The
// database of the tests does not sync.
func BenchmarkConsumer(b *testing.B) {
	bed := newBed(b)
	bed.waitReady()
	benchEvents(b, bed)
	stop := bed.start(bed.relay().Run)
	bed.waitPublished()
	stop()
	b.ResetTimer()
	bed.start(bed.consumer(ConsumerConfig{}).Run)
	bed.waitEffectCount(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

// BenchmarkAppend is one transaction with one event.
func BenchmarkAppend(b *testing.B) {
	bed := newBed(b)
	id := newID(b)
	for b.Loop() {
		err := bed.db.InTx(b.Context(), func(tx *postgres.DB) error {
			return Append(b.Context(), tx, newEvent(b, id, 1))
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

func (b *bed) waitEffectCount(n int) {
	b.t.Helper()
	eventually(b.t, "all effects", func() bool { return b.count("SELECT count(*) FROM effects") >= n })
}
