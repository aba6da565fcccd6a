package user

import (
	"strings"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// The columns hold the names of enum values without these prefixes.
const (
	rolePrefix      = "ROLE_"
	salonRolePrefix = "SALON_ROLE_"
)

func roleColumn(r apiv1.Role) string { return strings.TrimPrefix(r.String(), rolePrefix) }

// roleFromColumn reads what roleColumn wrote. The column's CHECK admits nothing else.
func roleFromColumn(s string) apiv1.Role { return apiv1.Role(apiv1.Role_value[rolePrefix+s]) }

func salonRoleColumn(r apiv1.SalonRole) string {
	return strings.TrimPrefix(r.String(), salonRolePrefix)
}

// salonRoleFromColumn reads what salonRoleColumn wrote. The column's CHECK admits
// nothing else.
func salonRoleFromColumn(s string) apiv1.SalonRole {
	return apiv1.SalonRole(apiv1.SalonRole_value[salonRolePrefix+s])
}

func userToProto(a Account, memberships []auth.Membership) *userv1.User {
	return &userv1.User{
		Id:          a.ID,
		Email:       a.Email,
		DisplayName: a.DisplayName,
		Phone:       a.Phone,
		Role:        a.Role,
		Memberships: membershipsToProto(memberships),
		Disabled:    a.Disabled,
		CreateTime:  protoconv.Timestamp(a.CreateTime),
		UpdateTime:  protoconv.Timestamp(a.UpdateTime),
		Etag:        etag.Format(a.Version),
	}
}

func membershipsToProto(memberships []auth.Membership) []*userv1.Membership {
	out := make([]*userv1.Membership, len(memberships))
	for i, m := range memberships {
		out[i] = &userv1.Membership{SalonId: m.SalonID, Roles: m.Roles}
	}
	return out
}

// sessionToProto returns a session as its owner sees it. current is the id of the
// session that asks.
func sessionToProto(s Session, current string) *userv1.Session {
	return &userv1.Session{
		Id:           s.ID,
		UserAgent:    s.UserAgent,
		IpAddress:    s.IPAddress,
		Current:      s.ID == current,
		CreateTime:   protoconv.Timestamp(s.CreateTime),
		LastUsedTime: protoconv.Timestamp(s.LastUsedTime),
		ExpireTime:   protoconv.Timestamp(s.ExpireTime),
	}
}

func masterToProto(m Master) *userv1.Master {
	return &userv1.Master{
		Id:              m.ID,
		SalonId:         m.SalonID,
		DisplayName:     m.Profile.DisplayName,
		Bio:             m.Profile.Bio,
		Specialties:     m.Profile.Specialties,
		ExperienceYears: m.Profile.ExperienceYears,
		PhotoUrl:        m.Profile.PhotoURL,
		RatingMean:      m.RatingMean(),
		RatingCount:     m.RatingCount,
		CreateTime:      protoconv.Timestamp(m.CreateTime),
		UpdateTime:      protoconv.Timestamp(m.UpdateTime),
		Etag:            etag.Format(m.Version, m.RatingVersion),
	}
}

// memberToProto returns a member as viewer sees them. The address is for managers,
// administrators and the member only.
func memberToProto(m Member, viewer auth.Principal) *userv1.Member {
	out := &userv1.Member{
		SalonId:     m.SalonID,
		UserId:      m.UserID,
		DisplayName: m.DisplayName,
		Roles:       m.Roles,
		CreateTime:  protoconv.Timestamp(m.CreateTime),
		UpdateTime:  protoconv.Timestamp(m.UpdateTime),
		Etag:        etag.Format(m.Version, m.AccountVersion),
	}
	if viewer.UserID == m.UserID || viewer.Manages(m.SalonID) {
		out.Email = m.Email
	}
	return out
}

func invitationToProto(i Invitation) *userv1.Invitation {
	return &userv1.Invitation{
		Id:         i.ID,
		SalonId:    i.SalonID,
		Email:      i.Email,
		Roles:      i.Roles,
		CreateTime: protoconv.Timestamp(i.CreateTime),
		ExpireTime: protoconv.Timestamp(i.ExpireTime),
	}
}
