// Package availability finds the starts at which services of a salon can be done, and says why others are not possible. A search and a
// booking ask the same solver, so that what is offered can be booked.
//
// The solver does no I/O: rules, taken time and the current time come in.
//
//   - rules.go: the rules of a salon. query.go, plan.go: what is asked and answered; what is taken, and the claims of a plan.
//   - search.go: all starts in a range. earliest.go: the first one. explain.go: what speaks against one.
//   - solver.go: a query with its candidates. open.go: open and free time.
//   - limits.go, options.go: the predicate that search, plan and explanation share: for a start, for a segment, and for two
//     segments that follow each other. resources.go: its part about resources. overbook.go: what may be taken twice.
//   - ways.go: the choices of masters for a chain of services. fairness.go: which of them is the best.
//   - calendar.go, spans.go: dates and lists of time.
//
// Around it are the database, the memory of rules and the contract.
//
//   - availability.go: the root, with the rules in memory. rules_store.go, taken_store.go: reading rules and what is taken, in one round trip
//     each; counts.go: how appointments are counted that a salon limits.
//   - planner.go: the best plan at a start, with rules that are as new as what is taken. find.go: slots in a range. several.go: plans for several
//     starts that are possible together. adjust.go: whether a segment can become longer, and what makes room for it.
//   - group.go, group_store.go: places in group sessions.
//   - quote.go, quote_payload.go: plans that can be booked later at their price.
//   - availability_handler.go, convert.go: AvailabilityService and its messages. watch.go: what streams of slots need.
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
