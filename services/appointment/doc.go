// Package appointment is the service that books: salons, their customers and catalogue, and the
// appointments.
//
// Each subject is a package of its own. A package imports only those that come after it in this list:
//
//   - booking: appointments: the transition table, booking in batches, changing, listing, history.
//   - resource: chairs, rooms and devices, and when they cannot be used.
//   - catalog: services, offerings, prices, phases.
//   - people: what this service knows of masters and accounts, and the salons' customers.
//   - salon: salons, their time zone and currency, the booking policy, the default salon.
//   - claims: the only writer of claims: locks, the exclusion constraint.
//   - civil: time zones and offsets.
//
// This package puts them together: service.go is the wiring, directory_handler.go answers the other
// services, migrations/ has the schema "appointments".
package appointment
