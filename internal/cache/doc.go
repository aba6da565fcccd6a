// Package cache keeps what is read often, near. A [Cache] has two levels: a copy in this process, good for a second,
// and one in Redis that all processes share. Postgres stays the truth: both levels may be lost at any moment, and
// while Redis is down everything works as before, only slower.
//
// A value carries the version of what it was made from, and [Cache.Drop] names the version that a write has made.
// Neither level replaces a value by an older one, and a load that began before a Drop is not kept after it: a slow
// reader cannot put back what a writer has just dropped.
package cache
