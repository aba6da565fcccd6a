package memory_test

import (
	"maps"
	"strconv"
	"testing"

	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/polltest"
)

func TestCache(t *testing.T) {
	t.Parallel()
	c := memory.New[int](10)
	if got, ok := c.Get("a"); ok || got != 0 {
		t.Errorf("an empty cache has %d", got)
	}
	c.Set("a", 1)
	c.Update("a", func(old int, ok bool) (int, bool) { return old + 1, ok })
	c.Update("a", func(int, bool) (int, bool) { return 100, false })
	c.Update("b", func(old int, ok bool) (int, bool) { return old + 7, !ok })
	c.DeleteIf("b", func(value int) bool { return value != 7 })
	c.DeleteIf("none", func(int) bool { t.Error("asked about a value that is not there"); return true })
	got := maps.Collect(c.All())
	if len(got) != 2 || got["a"] != 2 || got["b"] != 7 {
		t.Errorf("has %v", got)
	}
	c.DeleteIf("b", func(value int) bool { return value == 7 })
	c.Delete("a")
	for _, key := range []string{"a", "b"} {
		if value, ok := c.Get(key); ok {
			t.Errorf("%s is still %d", key, value)
		}
	}
	c.Set("c", 3)
	c.Clear()
	if _, ok := c.Get("c"); ok {
		t.Error("not cleared")
	}
}

// TestNil: a nil pointer is a value.
func TestNil(t *testing.T) {
	t.Parallel()
	c := memory.New[*int](10)
	c.Set("a", nil)
	if got, ok := c.Get("a"); !ok || got != nil {
		t.Errorf("got %v, %v", got, ok)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*memory.Cache[int]{
		"values": memory.New[int](100),
		"weight": memory.NewWeighted(1000, func(value int) uint32 { return uint32(value) }),
	} {
		for i := range 10_000 {
			c.Set(strconv.Itoa(i), 10)
		}
		// What is dropped is dropped in the background: the bound holds when it has caught up.
		polltest.Until(t, name+" are within the bound", func() bool { return len(maps.Collect(c.All())) <= 100 })
	}
}
