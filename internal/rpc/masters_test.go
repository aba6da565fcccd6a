package rpc_test

import (
	"context"

	"google.golang.org/grpc"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// masters answers to methods for each kind of caller. A nil function answers with an empty message.
type masters struct {
	userv1.UnimplementedMasterServiceServer
	userv1.UnimplementedIdentityServiceServer
	userv1.UnimplementedAuthServiceServer
	userv1.UnimplementedMemberServiceServer
	userv1.UnimplementedUserServiceServer
	ratingv1.UnimplementedRatingServiceServer
	get    func(ctx context.Context, r *userv1.GetMasterRequest) (*userv1.Master, error)
	create func(ctx context.Context, r *userv1.CreateMasterRequest) (*userv1.Master, error)
	lookup func(ctx context.Context, r *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error)
}

func (m *masters) GetMaster(ctx context.Context, r *userv1.GetMasterRequest) (*userv1.Master, error) {
	if m.get == nil {
		return &userv1.Master{Id: r.GetMasterId()}, nil
	}
	return m.get(ctx, r)
}

func (m *masters) CreateMaster(ctx context.Context, r *userv1.CreateMasterRequest) (*userv1.Master, error) {
	if m.create == nil {
		return &userv1.Master{DisplayName: r.GetDisplayName()}, nil
	}
	return m.create(ctx, r)
}

func (m *masters) UpdateMaster(context.Context, *userv1.UpdateMasterRequest) (*userv1.Master, error) {
	return &userv1.Master{}, nil
}

func (m *masters) LookupMaster(ctx context.Context, r *userv1.LookupMasterRequest) (*userv1.LookupMasterResponse, error) {
	if m.lookup == nil {
		return &userv1.LookupMasterResponse{MasterId: r.GetMasterId()}, nil
	}
	return m.lookup(ctx, r)
}

func (m *masters) ListSessions(context.Context, *userv1.ListSessionsRequest) (*userv1.ListSessionsResponse, error) {
	return &userv1.ListSessionsResponse{}, nil
}

func (m *masters) ListMembers(context.Context, *userv1.ListMembersRequest) (*userv1.ListMembersResponse, error) {
	return &userv1.ListMembersResponse{}, nil
}

func (m *masters) ListUsers(context.Context, *userv1.ListUsersRequest) (*userv1.ListUsersResponse, error) {
	return &userv1.ListUsersResponse{}, nil
}

func (m *masters) ReplyToRating(context.Context, *ratingv1.ReplyToRatingRequest) (*ratingv1.Rating, error) {
	return &ratingv1.Rating{}, nil
}

func (m *masters) register(r grpc.ServiceRegistrar) {
	userv1.RegisterMasterServiceServer(r, m)
	userv1.RegisterIdentityServiceServer(r, m)
	userv1.RegisterAuthServiceServer(r, m)
	userv1.RegisterMemberServiceServer(r, m)
	userv1.RegisterUserServiceServer(r, m)
	ratingv1.RegisterRatingServiceServer(r, m)
}
