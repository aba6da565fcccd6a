// Package salon owns the salons. Everything that can be booked belongs to one of them.
//
//   - salon.go: what a salon is, its rules, currencies.
//   - salons.go: the root, and what the other packages ask of it.
//   - salon_handler.go: the methods of SalonService.
//   - salon_store.go: the table salons.
//   - errors.go, convert.go, events.go: sentinel errors, messages, events.
//
// Locks: who adds something to a salon shares its row ([Salons.Share]). A change of the salon waits
// for them, and a deletion sees what they have added.
package salon
