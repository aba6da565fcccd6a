// Package waitlist keeps who waits for a time in a salon, and offers them the times that become free.
//
//   - waitlist.go: an entry, its states and what it waits for (no I/O).
//   - waitlist_handler.go, join_handler.go: the methods. waitlist_store.go, list_store.go: the tables.
//   - worker.go: the loop, and the offer to an entry. pass.go, line_store.go: going through the lines of salons.
//   - ended.go: what becomes of an entry when its offer ends. erasure.go: when its account is erased.
//   - expire.go, expire_store.go: entries whose last date has passed, offers that another program has ended, and removing what has ended.
//   - convert.go, events.go, errors.go: the contract's messages, events and errors.
//
// Whoever frees time, in whatever transaction, makes claims that keep it (the trigger keep_freed of the schema) when somebody waits in the
// salon: nobody gets the time before the line was gone through. The worker gives the time to the first whom the time fits, as a hold of package
// booking, in one transaction, and ends the claims that are left.
//
// One worker at a time goes through a line. It has the row of waitlist_lines until an instant, and puts that off every few seconds, together
// with the expiry of the claims; no transaction is open in between. A worker that dies or is paused loses the line, and what it still writes
// is refused, because it checks in its transaction that it has the line. The lines of several salons are gone through at once.
//
// Lock order of all transactions: the locks of package claims, all at once (masters, resources, customers, accounts, group sessions); then the
// row of the line, of several salons by their ids; then holds; then entries. Whoever changes more than one entry has their line; what has ended is
// removed without it, and passes over rows that others have. No other lock is waited for after an entry. The rows of claims, places and freed
// times are under the locks of package claims; a worker that keeps them for longer passes over those that others have.
package waitlist
