// Package pgtest gives each test a real PostgreSQL database of its own.
//
// On the first call, one temporary server is started for each test binary, from the installed binaries, or from
// those in the directory that SALON_TEST_POSTGRES names; this works for any user, root included. Each set of migrations is applied once, to a template. A test gets a copy of the
// template, which is dropped when the test ends.
//
// The server ends with the test binary. The next test binary that starts a server removes its directory. The directory
// is a temporary one, or is in the one that the environment variable SALON_TEST_PGDIR names, which the user postgres must be
// able to enter: in memory, databases cost less. A package that looks for leaked goroutines passes [LeakOptions] to goleak.
package pgtest
