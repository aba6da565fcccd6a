// Package salontest runs the real program for tests of the whole system, and calls it as its clients do.
//
// Start builds cmd/salon and starts `salon dev` with databases of its own. A Caller makes the same call over REST or
// over gRPC and gives the same kind of answer, so that a test says once what both have to do.
package salontest
