// Package watch streams what changes: appointments, and the free times that are left.
//
//   - position.go: where a stream stands: a snapshot of the database (no I/O).
//   - token.go: the resume token of a position.
//   - watch_store.go: the changes since a position, and the tickets.
//   - snapshot.go: reading in one state of the database.
//   - hub.go: reads the changes once for all streams of this process and gives them out.
//   - guard.go: ends the streams of callers who have signed out or whose roles have changed; counts the streams of a caller.
//   - stream.go: what all streams do: heartbeats, ends.
//   - appointments_handler.go, availability_handler.go, ticket_handler.go: the methods.
//
// The database alone says what a stream has missed. A wake by a commit of this process, or by an event of another one, only makes the hub
// look at once; without both it looks every few seconds.
package watch
