// Package pgtest gives each test a real PostgreSQL database of its own.
//
// One throwaway server is started per test binary, on the first call, from the
// installed binaries; it works for any user, root included. Each set of
// migrations is applied once, to a template, and a test gets a copy of it that is
// dropped when the test ends.
//
// The server dies with the test binary. Its directory is removed by the next test
// binary that starts one. A package that looks for leaked goroutines passes
// [LeakOptions] to goleak.
package pgtest
