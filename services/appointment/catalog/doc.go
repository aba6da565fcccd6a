// Package catalog owns the services of salons and the offerings: which master performs which service.
//
//   - service.go, offering.go, phase.go: the types and their rules.
//   - catalog.go: the root, and what the other packages ask of it.
//   - service_handler.go, offering_handler.go: the methods of CatalogService.
//   - service_store.go, offering_store.go, phase_store.go: the tables services and offerings.
//   - errors.go, convert.go, events.go: sentinel errors, messages, events.
//
// Lock order: whoever changes a service or an offering first takes the advisory locks of the masters
// concerned, as a booking does, then the row of the service, then the rows of offerings, of kinds of resources, and of the salon.
// Each change counts as one of the salon's rules ([salon.ChangeRules]).
package catalog
