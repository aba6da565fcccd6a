// Package cache keeps values that are read often. A [Cache] has two levels: a copy in this process, which is used for a
// second, and one in Redis, which all processes share. PostgreSQL is the source of truth: both levels may be lost at any
// moment. While Redis is unavailable, reads are slower and nothing else changes.
//
// A value carries the version of the data that it was made from, and [Cache.Drop] names the version that a write makes.
// No level replaces a value by an older one, and the result of a load that began before a Drop is not kept. So a slow
// reader cannot restore a value that a writer has dropped.
package cache
