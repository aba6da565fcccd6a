// Package waitlist keeps who waits for a time in a salon, and offers them the times that become free.
//
//   - waitlist.go: an entry, its states and its wish (no I/O).
//   - waitlist_handler.go, join_handler.go: the methods. waitlist_store.go, list_store.go: the tables.
//   - worker.go, line_store.go: going through the line of a salon, and offering.
//   - ended.go: what becomes of an entry when its offer ends. erasure.go: when its account is erased.
//   - convert.go, events.go, errors.go: the contract's messages, events and errors.
//
// Whoever frees time, in whatever transaction, makes claims that keep it (the trigger keep_freed of the schema) when somebody waits in the
// salon: nobody gets the time before the line was gone through. The worker gives the time to the first whose wish fits, as a hold of package
// booking, in one transaction, and ends the claims that are left. One worker at a time goes through a line.
//
// Lock order: the locks of package claims, then the hold, then the entry.
package waitlist
