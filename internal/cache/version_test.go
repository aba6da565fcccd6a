package cache

import (
	"context"
	"testing"

	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/beauty-salon/platform/internal/redistest"
)

// TestVersionIsWhatLoadReturns loads values that do not contain their version, as a summary of rows does not contain the
// version of the rows.
func TestVersionIsWhatLoadReturns(t *testing.T) {
	server := redistest.New(t)
	var (
		value   = int64(500)
		version = int64(0) // nothing has been made yet
		loads   int
	)
	c := New(open(t, server.URL()), Options[number]{
		Name: "number",
		New:  func() number { return &wrapperspb.Int64Value{} },
	}, func(context.Context, string) (number, int64, error) {
		loads++
		return wrapperspb.Int64(value), version, nil
	}, nil)
	for _, step := range []struct {
		name           string
		drop           int64 // 0: none
		value, version int64 // in the database from now on
		want           int64
		loads          int
	}{
		{name: "the first read", value: 500, version: 0, want: 500, loads: 1},
		{name: "from Redis", value: 7, version: 1, want: 500, loads: 1},
		{name: "the first version", drop: 1, value: 7, version: 1, want: 7, loads: 2},
		{name: "a version that is known", drop: 1, value: 8, version: 2, want: 7, loads: 2},
		{name: "a value that shrinks", drop: 2, value: 3, version: 2, want: 3, loads: 3},
	} {
		value, version = step.value, step.version
		if step.drop > 0 {
			c.Drop(t.Context(), "a", step.drop)
		}
		n, err := c.Get(t.Context(), "a")
		if err != nil || n.GetValue() != step.want || loads != step.loads {
			t.Fatalf("%s: %v, %v after %d loads, want %d after %d", step.name, n, err, loads, step.want, step.loads)
		}
	}
	stored, err := rawClient(t, server).Get(t.Context(), storedKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := decode(stored); err != nil || got != 2 {
		t.Errorf("Redis has version %d, %v", got, err)
	}
}
