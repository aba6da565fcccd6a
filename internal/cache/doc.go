// Package cache keeps, in Redis, values that are read often, so that all processes of a service share them. PostgreSQL
// is the source of truth: Redis may be lost at any moment. While Redis is unavailable, every [Cache.Get] loads its value,
// and nothing else changes.
//
// A value carries the version of the data that it was made from, and [Cache.Drop] names the version that a write makes.
// Redis never replaces a value by an older one, and the result of a load that began before a Drop of the same process is
// not stored. So a slow reader cannot restore a value that a writer has dropped.
//
// The package has these parts: cache.go (loads and drops), values.go (values in Redis), encoding.go (their format),
// pending.go (drops that wait for Redis), client.go (the connection), repairs.go (jobs that wait for Redis).
package cache
