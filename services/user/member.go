package user

import (
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Member is an account that works in a salon. A member with the role MASTER has a
// master's profile, and nobody else has one.
type Member struct {
	// SalonID is the salon.
	SalonID string
	// UserID is the account.
	UserID string
	// Roles are what the member may do in the salon, as roleSet returns them. A member
	// has one at least.
	Roles []apiv1.SalonRole
	// Version grows with every change of the roles. It is the first part of the etag.
	Version int64
	// CreateTime is when the membership began.
	CreateTime time.Time
	// UpdateTime is when the roles last changed.
	UpdateTime time.Time
	// DisplayName is the account's.
	DisplayName string
	// Email is the account's.
	Email string
	// AccountVersion is the version of the account that the name and the address are
	// from. It is the second part of the etag.
	AccountVersion int64
}

// Has reports whether the member has a role.
func (m Member) Has(role apiv1.SalonRole) bool { return slices.Contains(m.Roles, role) }

// roleSet returns the roles in the order of the enum, each one once.
func roleSet(roles ...apiv1.SalonRole) []apiv1.SalonRole {
	set := slices.Clone(roles)
	slices.Sort(set)
	return slices.Compact(set)
}

// with returns the member's roles together with others.
func (m Member) with(roles ...apiv1.SalonRole) []apiv1.SalonRole {
	return roleSet(slices.Concat(m.Roles, roles)...)
}

// without returns the member's roles except for one.
func (m Member) without(role apiv1.SalonRole) []apiv1.SalonRole {
	return slices.DeleteFunc(roleSet(m.Roles...), func(r apiv1.SalonRole) bool { return r == role })
}
