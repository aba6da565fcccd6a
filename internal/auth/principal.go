package auth

import (
	"context"
	"reflect"
	"slices"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Principal is a signed-in caller.
type Principal struct {
	// UserID is the account's id, a UUID.
	UserID string
	// Role is what the account may do, as of the last check of the session.
	Role apiv1.Role
	// SessionID is the session that the call belongs to, a UUID.
	SessionID string
	// TokenTime is when the access token was issued, in whole seconds; zero when that is not known.
	TokenTime time.Time
	// Memberships are the account's roles in salons, as of the last check of the session. They must not be changed.
	Memberships []Membership
}

// Membership is what an account may do in a salon.
type Membership struct {
	// SalonID is the salon, a UUID.
	SalonID string
	// Roles are what the account may do there.
	Roles []apiv1.SalonRole
}

// Staff are the roles of everybody who works in a salon.
var Staff = []apiv1.SalonRole{
	apiv1.SalonRole_SALON_ROLE_MASTER, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST, apiv1.SalonRole_SALON_ROLE_MANAGER,
}

// FrontDesk are the roles that see and change all appointments of a salon.
var FrontDesk = []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_RECEPTIONIST, apiv1.SalonRole_SALON_ROLE_MANAGER}

// SameRights reports whether two checks of a session have found the same role and memberships.
func (p Principal) SameRights(q Principal) bool {
	return p.UserID == q.UserID && p.Role == q.Role && reflect.DeepEqual(p.Memberships, q.Memberships)
}

// IsAdmin reports whether the caller runs the platform.
func (p Principal) IsAdmin() bool { return p.Role == apiv1.Role_ROLE_ADMIN }

// Has reports whether the caller has one of the roles in the salon.
func (p Principal) Has(salonID string, roles ...apiv1.SalonRole) bool {
	return slices.ContainsFunc(p.Memberships, func(m Membership) bool { return m.SalonID == salonID && m.has(roles) })
}

// Manages reports whether the caller may change the catalogue, the masters and the members of the salon: as its manager or as
// an administrator.
func (p Principal) Manages(salonID string) bool {
	return p.IsAdmin() || p.Has(salonID, apiv1.SalonRole_SALON_ROLE_MANAGER)
}

// Salons returns the salons in which the caller has one of the roles. It is never nil, so that it can be an SQL array.
func (p Principal) Salons(roles ...apiv1.SalonRole) []string {
	salons := []string{}
	for _, m := range p.Memberships {
		if m.has(roles) {
			salons = append(salons, m.SalonID)
		}
	}
	return salons
}

func (m Membership) has(roles []apiv1.SalonRole) bool {
	return slices.ContainsFunc(m.Roles, func(r apiv1.SalonRole) bool { return slices.Contains(roles, r) })
}

type principalKey struct{}

// WithPrincipal returns a context that carries the caller. Only the authentication interceptor calls it.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// Caller returns the caller of a method whose policy admits only those who are signed in; elsewhere it may be nobody,
// who has no id and no role.
func Caller(ctx context.Context) Principal {
	p, _ := FromContext(ctx)
	return p
}

// FromContext returns the caller, and false when nobody is signed in.
func FromContext(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}
