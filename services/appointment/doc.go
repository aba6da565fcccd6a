// Package appointment is the service that books: salons, their customers and catalogue, hours, and the
// appointments.
//
// Each subject is a package of its own. A package imports only those that come after it in this list:
//
//   - series: appointments that repeat.
//   - waitlist: who waits for a time, and offers of times that become free.
//   - watch: streams of appointments and of free times as they change, and tickets that open one.
//   - booking: appointments: the transition table, booking in batches, changing, listing, history.
//   - availability: search, explanation and quotes: the solver (pure), and what it reads.
//   - schedule: opening hours, closures, working hours, overrides, time off; when a master can work.
//   - resource: chairs, rooms and devices, and when they cannot be used.
//   - catalog: services, offerings, prices, phases.
//   - people: what this service knows of masters and accounts, and the salons' customers.
//   - salon: salons, their time zone and currency, the booking policy, the default salon.
//   - claims: the table of claims: locks, the exclusion constraint, most of what writes it.
//   - civil: dates, wall times and weeks, and the instants that they are in a time zone.
//
// This package puts them together: service.go is the wiring, directory_handler.go answers the other
// services, migrations/ has the schema "appointments".
package appointment
