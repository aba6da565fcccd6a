package id_test

import (
	"testing"

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

func TestFirstSalonIsAUUIDv7(t *testing.T) {
	t.Parallel()
	u, err := uuid.Parse(id.FirstSalon)
	if err != nil || u.Version() != 7 || u.String() != id.FirstSalon {
		t.Errorf("%q: version %v, %v", id.FirstSalon, u.Version(), err)
	}
}
