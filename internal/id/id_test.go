package id_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/id"
)

func TestNew(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	last := id.FirstSalon
	for range 10_000 {
		got := id.New()
		u, err := uuid.Parse(got)
		if err != nil || u.Version() != 7 || u.Variant() != uuid.RFC4122 || u.String() != got {
			t.Fatalf("%q is no UUIDv7 in its usual form: %v", got, err)
		}
		if seen[got] || got <= last {
			t.Fatalf("%q comes after %q", got, last)
		}
		seen[got], last = true, got
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	before := id.New()
	u := uuid.MustParse(before)
	made := time.UnixMilli(int64(u[0])<<40 | int64(u[1])<<32 | int64(u[2])<<24 | int64(u[3])<<16 | int64(u[4])<<8 | int64(u[5]))
	if got := id.Since(made); got > before || uuid.MustParse(got).Version() != 7 {
		t.Errorf("Since(%v) = %s, later than %s", made, got, before)
	}
	if got := id.Since(made.Add(time.Millisecond)); got <= before {
		t.Errorf("Since(a millisecond later) = %s, not later than %s", got, before)
	}
}

func TestFirstSalonIsAUUIDv7(t *testing.T) {
	t.Parallel()
	u, err := uuid.Parse(id.FirstSalon)
	if err != nil || u.Version() != 7 || u.String() != id.FirstSalon {
		t.Errorf("%q: version %v, %v", id.FirstSalon, u.Version(), err)
	}
}
