package user

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// InviteMember invites whoever has, or will have, the account with an address.
func (h *memberHandler) InviteMember(ctx context.Context, req *userv1.InviteMemberRequest) (*userv1.Invitation, error) {
	caller := auth.Caller(ctx)
	if err := h.authorizeManage(ctx, caller, req.GetSalonId()); err != nil {
		return nil, err
	}
	key := idempotency.Key{Caller: caller.UserID, Method: userv1.MemberService_InviteMember_FullMethodName, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*userv1.Invitation, error) {
		i := NewInvitation(id.New(), req.GetSalonId(), req.GetEmail(), req.GetRoles(), h.deps.Time())
		if err := h.store.In(tx).CreateInvitation(ctx, i); err != nil {
			return nil, err
		}
		return invitationToProto(i), nil
	})
}

// ListInvitations lists the open invitations of a salon.
func (h *memberHandler) ListInvitations(ctx context.Context, req *userv1.ListInvitationsRequest) (*userv1.ListInvitationsResponse, error) {
	if err := h.authorizeManage(ctx, auth.Caller(ctx), req.GetSalonId()); err != nil {
		return nil, err
	}
	invitations, next, err := pagetoken.List(h.pages, req, func(after *invitationCursor, limit int) ([]Invitation, error) {
		return postgres.Recent(ctx, h.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Invitation, error) {
			return h.store.In(db).InvitationsOfSalon(ctx, req.GetSalonId(), h.deps.Time(), after, limit)
		})
	}, cursorOfInvitation, invitationToProto)
	if err != nil {
		return nil, err
	}
	return &userv1.ListInvitationsResponse{Invitations: invitations, NextPageToken: next}, nil
}

// RevokeInvitation withdraws an open invitation.
func (h *memberHandler) RevokeInvitation(ctx context.Context, req *userv1.RevokeInvitationRequest) (*emptypb.Empty, error) {
	if err := h.authorizeManage(ctx, auth.Caller(ctx), req.GetSalonId()); err != nil {
		return nil, err
	}
	if err := h.store.RevokeInvitation(ctx, req.GetSalonId(), req.GetInvitationId(), h.deps.Time()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// ListMyInvitations lists the open invitations of the caller's address.
func (h *memberHandler) ListMyInvitations(ctx context.Context, req *userv1.ListMyInvitationsRequest) (*userv1.ListMyInvitationsResponse, error) {
	userID := auth.Caller(ctx).UserID
	invitations, next, err := pagetoken.List(h.pages, req, func(after *invitationCursor, limit int) ([]Invitation, error) {
		return postgres.Recent(ctx, h.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Invitation, error) {
			return h.store.In(db).InvitationsOfUser(ctx, userID, h.deps.Time(), after, limit)
		})
	}, cursorOfInvitation, invitationToProto)
	if err != nil {
		return nil, err
	}
	return &userv1.ListMyInvitationsResponse{Invitations: invitations, NextPageToken: next}, nil
}

// AcceptInvitation makes the caller a member.
func (h *memberHandler) AcceptInvitation(ctx context.Context, req *userv1.AcceptInvitationRequest) (*userv1.Member, error) {
	caller := auth.Caller(ctx)
	m, err := h.store.AcceptInvitation(ctx, caller.UserID, req.GetInvitationId(), h.deps.Time())
	if err != nil {
		return nil, err
	}
	return memberToProto(m, caller), nil
}

// DeclineInvitation closes an invitation of the caller's address.
func (h *memberHandler) DeclineInvitation(ctx context.Context, req *userv1.DeclineInvitationRequest) (*emptypb.Empty, error) {
	if err := h.store.DeclineInvitation(ctx, auth.Caller(ctx).UserID, req.GetInvitationId(), h.deps.Time()); err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

func cursorOfInvitation(i Invitation) invitationCursor {
	return invitationCursor{CreateTime: i.CreateTime, ID: i.ID}
}
