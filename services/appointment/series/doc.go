// Package series books appointments that repeat, and changes one of them together with all that follow.
//
//   - recurrence.go: the rules of recurrence, and the dates of a rule in local wall time (no I/O).
//   - series.go: a series and its dates, and which of them a change is about (no I/O).
//   - series_handler.go: booking and reading. change_handler.go: cancelling and moving. series_store.go: the tables.
//   - convert.go, errors.go: the contract's messages and errors.
//
// The appointments of a series are ordinary ones. Package booking plans, books, cancels and moves them, all of those of a call in
// one transaction, in which this package writes the series.
package series
