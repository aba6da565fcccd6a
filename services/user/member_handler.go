package user

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// memberHandler implements salon.user.v1.MemberService.
type memberHandler struct {
	userv1.UnimplementedMemberServiceServer
	*Service
}

// authorizeRead returns nil when the caller may see the members of a salon: as one of
// them or as an administrator. Otherwise, and for a salon that does not exist, the error
// is NOT_FOUND.
func (h *memberHandler) authorizeRead(ctx context.Context, caller auth.Principal, salonID string) error {
	switch {
	case caller.Has(salonID, auth.Staff...):
		return nil
	case !caller.IsAdmin():
		return errNoSalon
	}
	_, err := h.existingSalon(ctx, salonID)
	return err
}

// authorizeManage returns nil when the caller manages a salon. The error is
// PERMISSION_DENIED for other members of the salon and NOT_FOUND for everybody else.
func (h *memberHandler) authorizeManage(ctx context.Context, caller auth.Principal, salonID string) error {
	if err := h.authorizeRead(ctx, caller, salonID); err != nil {
		return err
	}
	if !caller.Manages(salonID) {
		return errNotManager
	}
	return nil
}

// authorizeChange returns nil when the caller may change a member of a salon. The error
// is PERMISSION_DENIED when the caller can see the member, otherwise NOT_FOUND.
func (h *memberHandler) authorizeChange(ctx context.Context, caller auth.Principal, salonID, userID string) error {
	err := h.authorizeManage(ctx, caller, salonID)
	if errors.Is(err, errNotManager) {
		if _, missing := h.store.Member(ctx, salonID, userID); missing != nil {
			return missing
		}
	}
	return err
}

// ListMembers lists the members of a salon.
func (h *memberHandler) ListMembers(ctx context.Context, req *userv1.ListMembersRequest) (*userv1.ListMembersResponse, error) {
	caller := auth.Caller(ctx)
	if err := h.authorizeRead(ctx, caller, req.GetSalonId()); err != nil {
		return nil, err
	}
	members, next, err := pagetoken.List(h.pages, req,
		func(after *memberCursor, limit int) ([]Member, error) {
			return postgres.Recent(ctx, h.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Member, error) {
				return h.store.In(db).Members(ctx, req.GetSalonId(), after, limit)
			})
		},
		func(m Member) memberCursor { return memberCursor{CreateTime: m.CreateTime, UserID: m.UserID} },
		func(m Member) *userv1.Member { return memberToProto(m, caller) })
	if err != nil {
		return nil, err
	}
	return &userv1.ListMembersResponse{Members: members, NextPageToken: next}, nil
}

// GetMember returns a member of a salon.
func (h *memberHandler) GetMember(ctx context.Context, req *userv1.GetMemberRequest) (*userv1.Member, error) {
	caller := auth.Caller(ctx)
	if err := h.authorizeRead(ctx, caller, req.GetSalonId()); err != nil {
		return nil, err
	}
	m, err := h.store.Member(ctx, req.GetSalonId(), req.GetUserId())
	if err != nil {
		return nil, err
	}
	return memberToProto(m, caller), nil
}

// UpdateMember replaces the roles of a member. A manager may take the role from the last
// manager of a salon: administrators remain.
func (h *memberHandler) UpdateMember(ctx context.Context, req *userv1.UpdateMemberRequest) (*userv1.Member, error) {
	caller, salonID, userID := auth.Caller(ctx), req.GetSalonId(), req.GetUserId()
	if err := h.authorizeChange(ctx, caller, salonID, userID); err != nil {
		return nil, err
	}
	m, err := h.store.UpdateMember(ctx, salonID, userID, roleSet(req.GetRoles()...), h.deps.Time(), func(m Member) error {
		return etag.Match(req.GetEtag(), m.Version)
	})
	if err != nil {
		return nil, err
	}
	if err := h.refreshFormerMember(ctx, salonID, userID); err != nil {
		return nil, err
	}
	return memberToProto(m, caller), nil
}

// RemoveMember ends a membership. Everybody may end their own, also when it has ended
// already. Accounts that work in no salon get PERMISSION_DENIED for others.
//
// A call that was answered with UNAVAILABLE is repeated when there is no such member any
// more. The repeated call completes the removal. It then returns NOT_FOUND for others,
// and success for the caller's own membership.
func (h *memberHandler) RemoveMember(ctx context.Context, req *userv1.RemoveMemberRequest) (*emptypb.Empty, error) {
	caller, salonID, userID := auth.Caller(ctx), req.GetSalonId(), req.GetUserId()
	own := caller.UserID == userID
	switch {
	case own:
	case !caller.IsAdmin() && len(caller.Memberships) == 0:
		return nil, errNotManager
	default:
		if err := h.authorizeChange(ctx, caller, salonID, userID); err != nil {
			return nil, err
		}
	}
	_, err := h.store.UpdateMember(ctx, salonID, userID, nil, h.deps.Time(), func(m Member) error {
		return etag.Match(req.GetEtag(), m.Version)
	})
	if err != nil && !errors.Is(err, errNoMember) {
		return nil, err
	}
	if incomplete := h.refreshFormerMember(ctx, salonID, userID); incomplete != nil {
		return nil, incomplete
	}
	if err != nil && !own {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
