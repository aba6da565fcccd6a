// Package booking keeps appointments: books them, changes them, lists them.
//
//   - appointment.go: the appointment, its segments and claims, and what changes them (no I/O).
//   - transitions.go: the one table of what may happen to an appointment.
//   - cancel.go: cancelling, declining, and when a request lapses (no I/O).
//   - create.go: how an appointment is made from offerings.
//   - create_handler.go: CreateAppointment from request to answer.
//   - queue.go, queue_take.go, queue_commit.go: how bookings that come at once share a commit.
//   - queue_aside.go: those that wait for a lock, or whose statement was lost.
//   - create_sql.go, create_store.go: the statement that checks and writes them.
//   - reschedule_handler.go, history_handler.go, appointment_handler.go: all other methods.
//   - appointment_store.go, list_store.go: reading; change_store.go: writing changes; history_store.go: the history.
//   - lapse.go, lapse_store.go: requests that lapse, and how they get their time again.
//   - hold.go: what a hold is (no I/O). hold_handler.go, hold_store.go: HoldService, and how holds expire. hold_book.go: booking one.
//   - offer.go: holds that are offered to somebody in the waitlist, and what package waitlist needs to know of who books what.
//   - group.go: what a group session is (no I/O). group_handler.go, group_change.go, group_store.go: GroupService. place_store.go: taking
//     and freeing the places.
//   - archive.go, archive_store.go: the archive of appointments that ended long ago.
//   - convert.go, events.go, errors.go: the contract's messages, events and errors.
//
// A double booking is impossible by the exclusion constraint of the table claims (package claims),
// whatever the code does.
package booking
