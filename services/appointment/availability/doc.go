// Package availability finds the starts at which services of a salon can be done, and says why others are not possible. It does no
// I/O: rules, taken time and the current time come in.
//
//   - rules.go: the rules of a salon, and what is taken.
//   - query.go, plan.go: what is asked and answered; the claims of a plan.
//   - solver.go: the predicate that search, plan and explanation share; limits.go: its part about the whole chain of services.
//   - resources.go: which resources a plan takes.
//   - fairness.go: which of several masters is chosen.
//   - search.go: Search and Plan; explain.go: Explain.
//   - open.go: open and free time; calendar.go, spans.go: dates and lists of time.
//
// A start can be booked when
//
//   - the services can be booked, and lead time, horizon and limits permit it;
//   - the salon is open from the start to the end;
//   - each master works and is free while they work, waiting phases excepted, and each resource is usable and free while phases take it;
//   - the buffers around overlap nothing that is taken. They may lie outside of hours, unless the policy says otherwise, and when a
//     resource is out of use;
//   - the customer has no other appointment.
//
// Consecutive segments of one master need no buffer in between, and neither do consecutive uses of one resource.
package availability
