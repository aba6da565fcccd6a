// Package booking keeps appointments: books them, changes them, lists them.
//
// A booking goes from CreateAppointment (create_handler.go) to what is to be booked (create.go), to a plan that package availability makes
// around what is taken (fit.go), to the appointment of that plan (plan.go), through the queue (queue.go) to the statement that checks once more
// and writes (create_store.go, create_columns.go, create_sql.go). Where that finds that somebody was faster, or that the rules have changed, all is done again
// (retry.go).
//
//   - appointment.go: the appointment, its segments and claims, and what changes them (no I/O).
//   - transitions.go: the one table of what may happen to an appointment.
//   - cancel.go, fee.go: cancelling and missing, and what they cost (no I/O). overbook.go: who may take time twice.
//   - queue.go, queue_take.go, queue_commit.go: how bookings that come at once share a commit.
//   - queue_aside.go: those that wait for a lock, or whose statement was lost.
//   - appointment_handler.go, appointment_store.go: reading, and what changes an appointment where it is; list_store.go: lists;
//     change_store.go: writing changes; history_handler.go, history_store.go: the history.
//   - reschedule_handler.go: moving. adjust.go, adjust_handler.go, adjust_plan.go, adjust_store.go: another end, and what has to make room.
//   - walkin_handler.go: booking whoever has come in.
//   - several.go, several_move.go, several_change.go, several_store.go: booking, moving and cancelling several at once, for package series.
//   - lapse.go, lapse_store.go: requests that lapse, and how they get their time again.
//   - hold.go: what a hold is (no I/O). hold_handler.go, hold_store.go: HoldService, and how holds expire. hold_book.go: booking one.
//   - offer.go: holds that are offered to somebody in the waitlist, and what package waitlist needs to know of who books what.
//   - group.go: what a group session is (no I/O). group_handler.go, group_change.go, group_store.go: GroupService. place_store.go: taking
//     and freeing the places.
//   - erasure.go, erasure_store.go: what becomes of the appointments of an account that is erased.
//   - recheck_store.go: times that changed with the rules of a time zone. archive.go, archive_store.go: the archive of appointments that ended
//     long ago. watch.go, watch_store.go: what streams need.
//   - bookings.go: the root. convert.go, events.go, errors.go: the contract's messages, events and errors.
//
// A double booking is impossible by the exclusion constraint of the table claims (package claims),
// whatever the code does.
package booking
