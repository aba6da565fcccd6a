// Package appointment keeps the salon's catalogue and its visits.
//
// It owns the services, what each master offers of them, and the appointments.
// Of masters and accounts it keeps what it needs to know, fed by their events and
// asked for on a miss.
//
// appointment.go is the life of an appointment with the one table of moves;
// booking.go makes a new one, booker.go and booking_sql.go write it: many visits
// in one statement. A double booking is impossible by a constraint of the table
// segments, whatever the code does.
package appointment
