// Package stream streams what changes in the database of a service: what there is, then each change. A service says how its changes are
// read; everything else is here.
//
//   - position.go: where a stream stands: a snapshot of the database (no I/O).
//   - token.go: the resume token of a position.
//   - stream_store.go: the position of a transaction, and the table watch_tickets, which each service with streams has.
//   - hub.go: reads the changes once for all streams of this process and gives them out.
//   - guard.go: ends the streams of callers who have signed out or whose roles have changed; counts the streams of a caller.
//   - stream.go: what all streams do: heartbeats, ends.
//   - feed.go: a stream of a snapshot and its changes, with resume tokens.
//   - ticket.go: tickets that open a stream.
//   - erasure.go: ends the tickets and the streams of an account that is erased.
//
// The database alone says what a stream has missed. A wake by a commit of this process, or by an event of another one, only makes the hub
// look at once; without both it looks every few seconds.
package stream
