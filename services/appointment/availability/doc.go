// Package availability finds the starts at which services of a salon can be done, and says why others are not possible. It does
// no I/O: rules, taken time and the current time come in.
//
//   - rules.go: the rules of a salon, and what is taken.
//   - query.go, plan.go: what is asked and answered; the claims of a plan.
//   - search.go: Search and Plan. explain.go: Explain.
//   - solver.go: a query with its candidates. open.go: open and free time.
//   - limits.go, options.go: the predicate that search, plan and explanation share: for a start, for a segment, and for two
//     segments that follow each other. resources.go: its part about resources.
//   - group.go, group_store.go: places in group sessions.
//   - several.go: plans for several starts that are possible together.
//   - ways.go: the choices of masters for a chain of services. fairness.go: which of them is the best.
//   - calendar.go, spans.go: dates and lists of time.
//
// A start can be booked when
//
//   - the services can be booked, and lead time, horizon and limits permit it;
//   - the salon is open from the start to the end;
//   - each master is at work and free, except during phases of waiting;
//   - a resource of each kind that phases need is usable and free;
//   - the buffers around overlap nothing that is taken. They may lie outside of hours, unless the policy says otherwise, and when
//     a resource is out of use;
//   - the customer has no other appointment.
//
// Consecutive segments of one master need no buffer in between, and neither do consecutive uses of one resource.
package availability
