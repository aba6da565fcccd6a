// Package watch streams what changes: appointments, and the free times that are left. Package stream has what all streams do.
//
//   - watch.go: the service, and what has changed with the appointments as they are now.
//   - watch_store.go: the changes since a position, and the versions of rules.
//   - appointments_handler.go, availability_handler.go, ticket_handler.go: the methods.
package watch
