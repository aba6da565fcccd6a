// Package schedule owns when salons are open and when masters work: opening hours, closures, working hours, overrides, time off.
//
//   - hours.go, resolve.go: hours, and which of them hold on a date.
//   - day.go: when a master can work on a date, as instants, and where that comes from.
//   - conflict.go: the appointments that a change leaves without room.
//   - entry.go, codec.go, parse.go: what is stored, its form in the tables, and how it is read from requests.
//   - schedules.go: the root, who may see and change what, and the locks of a change.
//   - hours_handler.go, dated_handler.go, timeoff_handler.go, schedule_handler.go: the methods of ScheduleService.
//   - hours_store.go, timeoff_store.go, calendar_store.go: the tables weekly_hours, dated_hours and, of masters, times_off.
//   - errors.go, convert.go: sentinel errors, messages.
//
// Locks: a change takes the advisory locks of the masters concerned, as a booking does, and then the row of the salon.
package schedule
