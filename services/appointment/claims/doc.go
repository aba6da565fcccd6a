// Package claims keeps the table claims: who is taken when.
//
// A claim is a half-open range of one subject's time. It belongs to a segment of an appointment, a hold, a group session, or time that was freed and
// is kept for the waitlist. Two blocking claims of one subject cannot overlap: an exclusion constraint of the table sees to it, whatever the
// code does. Which claims a plan has says package availability. The statement that books (package booking) and the archive write the table
// themselves, and triggers of the schema keep freed time.
//
//   - claims.go: what a claim is.
//   - claims_store.go: locks, the check for conflicts, writing and deleting.
//   - kept_store.go: claims that keep freed time until the waitlist was asked.
//   - overlap_store.go: the claims of appointments, and what overlaps with some.
//
// Lock order: whoever takes or frees a subject's time, or changes what a booking relies on, first
// takes the advisory locks of the subjects, in a statement of its own. READ COMMITTED gives a
// statement its snapshot before it waits for a lock, so what the next statement reads is as new as
// the lock. Row locks come after the advisory locks.
package claims
