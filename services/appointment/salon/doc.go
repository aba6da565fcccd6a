// Package salon owns the salons. Everything that can be booked belongs to one of them.
//
//   - salon.go: what a salon is, its rules, currencies.
//   - policy.go: the rules by which a salon takes bookings.
//   - salons.go: the root, and what the other packages ask of it.
//   - salon_handler.go, policy_handler.go: the methods of SalonService.
//   - salon_store.go, policy_store.go: the table salons.
//   - rules_store.go: what every change of a rule for bookings does, in whatever package.
//   - errors.go, convert.go, events.go: sentinel errors, messages, events.
//
// Locks: who adds something to a salon shares its row ([Salons.Share]). A change of the salon waits
// for them, and a deletion sees what they have added. Whoever changes a rule for bookings takes the locks
// of masters first and the row of the salon last ([LockRules], [ChangeRules]).
package salon
