// Package memory keeps values in the memory of one process, up to a bound. It is otter's cache behind an interface: otter's
// generic code is compiled once, here, and not again in every package that has a cache or a field of a type that has one.
package memory

import (
	"iter"

	"github.com/maypok86/otter/v2"
)

// Cache keeps values by key. When it is full, it drops those that are used least. What it returns must not be changed. It is
// safe for concurrent use.
type Cache[V any] struct{ entries entries }

// entries is a cache whose values have no static type. It is an interface, although there is one implementation: through a field
// of a concrete type the compiler would need otter's code in every package again.
type entries interface {
	get(key string) (any, bool)
	set(key string, value any)
	compute(key string, f func(old any, ok bool) (any, otter.ComputeOp))
	delete(key string)
	clear()
	all() iter.Seq2[string, any]
}

// New returns a cache of that many values at most.
func New[V any](maxValues int) *Cache[V] {
	return &Cache[V]{newEntries(&otter.Options[string, any]{MaximumSize: maxValues})}
}

// NewWeighted returns a cache whose values weigh that much together at most.
func NewWeighted[V any](maxWeight uint64, weigh func(value V) uint32) *Cache[V] {
	return &Cache[V]{newEntries(&otter.Options[string, any]{
		MaximumWeight: maxWeight,
		Weigher:       func(_ string, value any) uint32 { return weigh(typed[V](value)) },
	})}
}

// Get returns the value of a key, and whether there is one.
func (c *Cache[V]) Get(key string) (V, bool) {
	value, ok := c.entries.get(key)
	return typed[V](value), ok
}

// Set puts a value.
func (c *Cache[V]) Set(key string, value V) { c.entries.set(key, value) }

// Update puts what change returns, unless it returns false. No other change of that key happens meanwhile.
func (c *Cache[V]) Update(key string, change func(old V, ok bool) (V, bool)) {
	c.entries.compute(key, func(old any, ok bool) (any, otter.ComputeOp) {
		if value, write := change(typed[V](old), ok); write {
			return value, otter.WriteOp
		}
		return old, otter.CancelOp
	})
}

// Delete removes the value of a key.
func (c *Cache[V]) Delete(key string) { c.entries.delete(key) }

// DeleteIf removes the value of a key if it is so. No other change of that key happens meanwhile.
func (c *Cache[V]) DeleteIf(key string, so func(value V) bool) {
	c.entries.compute(key, func(old any, ok bool) (any, otter.ComputeOp) {
		if ok && so(typed[V](old)) {
			return nil, otter.InvalidateOp
		}
		return old, otter.CancelOp
	})
}

// Clear removes all values.
func (c *Cache[V]) Clear() { c.entries.clear() }

// All yields the keys and their values, in no order. Values that are put meanwhile may be missing.
func (c *Cache[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for key, value := range c.entries.all() {
			if !yield(key, typed[V](value)) {
				return
			}
		}
	}
}

// typed is the zero value for nil, which stands for a missing value and for a nil pointer.
func typed[V any](value any) V {
	v, _ := value.(V)
	return v
}
