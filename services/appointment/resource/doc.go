// Package resource owns the chairs, rooms and devices of salons. Each is of a kind. The phases of services name the kinds that
// they need, and a booking takes one free resource of each.
//
//   - resource.go: the types and their rules.
//   - resources.go: the root, who may see and change what, and how a change is made.
//   - kind_handler.go, resource_handler.go, closure_handler.go: the methods of ResourceService.
//   - kind_store.go, resource_store.go, closure_store.go: the tables resource_kinds and resources, and the rows of resources in
//     times_off.
//   - errors.go, convert.go: sentinel errors, messages.
//
// Lock order: a change takes the locks of all masters of the salon first ([salon.LockRules]), then the row of a kind, then rows
// of resources, and the row of the salon last ([salon.ChangeRules]). Whoever refers to a kind shares its row, so that a deletion
// of the kind sees the reference.
package resource
