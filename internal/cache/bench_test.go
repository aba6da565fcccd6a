package cache

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/rs/zerolog"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/redistest"
)

// BenchmarkGet measures reads of one key from two goroutines at most: a value in Redis, a value that is loaded from
// PostgreSQL by primary key because there is no Redis, and that load without a cache.
func BenchmarkGet(b *testing.B) {
	db, id := pgtest.New(b), uuid.NewString()
	stored, err := proto.Marshal(&userv1.Master{
		Id: id, Etag: "7-3", Bio: "Colour, highlights and long hair. Fifteen years in two salons.",
		Specialties: []string{"colour", "highlights"},
	})
	if err != nil {
		b.Fatal(err)
	}
	const write = "INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response) VALUES ('a', 'b', ?, '', ?)"
	if err := db.Conn(b.Context()).Exec(write, id, stored).Error; err != nil {
		b.Fatal(err)
	}
	load := func(ctx context.Context, key string) (*userv1.Master, int64, error) {
		const read = "SELECT response FROM idempotency_keys WHERE caller = 'a' AND method = 'b' AND request_id = ?"
		var rows [][]byte
		if err := db.Conn(ctx).Raw(read, key).Scan(&rows).Error; err != nil || len(rows) != 1 {
			return nil, 0, errors.Join(err, errCorrupt)
		}
		m := &userv1.Master{}
		return m, 7, proto.Unmarshal(rows[0], m)
	}
	options := Options[*userv1.Master]{Name: "master", New: func() *userv1.Master { return &userv1.Master{} }}
	client, err := Open(Config{URL: redistest.New(b).URL()}, zerolog.Nop())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	inRedis, alone := New(client, options, load, nil), New(nil, options, load, nil)
	for _, bm := range []struct {
		name string
		get  func(ctx context.Context) error
	}{
		{"Redis", func(ctx context.Context) error { _, err := inRedis.Get(ctx, id); return err }},
		{"without Redis", func(ctx context.Context) error { _, err := alone.Get(ctx, id); return err }},
		{"load", func(ctx context.Context) error { _, _, err := load(ctx, id); return err }},
	} {
		b.Run(bm.name, func(b *testing.B) {
			for b.Loop() {
				if err := bm.get(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(bm.name+" in parallel", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := bm.get(b.Context()); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
