package memory

import (
	"iter"

	"github.com/maypok86/otter/v2"
)

// otterEntries are entries in otter's cache.
type otterEntries struct{ cache *otter.Cache[string, any] }

// newEntries panics when the options contradict each other.
func newEntries(o *otter.Options[string, any]) entries { return otterEntries{otter.Must(o)} }

func (e otterEntries) get(key string) (any, bool)  { return e.cache.GetIfPresent(key) }
func (e otterEntries) set(key string, value any)   { e.cache.Set(key, value) }
func (e otterEntries) delete(key string)           { e.cache.Invalidate(key) }
func (e otterEntries) clear()                      { e.cache.InvalidateAll() }
func (e otterEntries) all() iter.Seq2[string, any] { return e.cache.All() }

func (e otterEntries) compute(key string, f func(old any, ok bool) (any, otter.ComputeOp)) {
	e.cache.Compute(key, f)
}
