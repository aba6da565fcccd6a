package user

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// masterHandler answers salon.user.v1.MasterService.
type masterHandler struct {
	userv1.UnimplementedMasterServiceServer
	*Service
}

// GetMaster returns a master's profile.
func (h *masterHandler) GetMaster(ctx context.Context, req *userv1.GetMasterRequest) (*userv1.Master, error) {
	return h.profiles.Get(ctx, req.GetMasterId())
}

// loadMaster reads a live profile for the cache.
func (s *Service) loadMaster(ctx context.Context, id string) (*userv1.Master, error) {
	m, err := s.store.master(ctx, id)
	if err != nil {
		return nil, err
	}
	if !m.Live() {
		return nil, errNoMaster
	}
	return toMaster(m), nil
}

// ListMasters finds masters.
func (h *masterHandler) ListMasters(ctx context.Context, req *userv1.ListMastersRequest) (*userv1.ListMastersResponse, error) {
	size := pagetoken.Size(req.GetPageSize())
	filter := masterFilter{
		query:     req.GetQuery(),
		specialty: req.GetSpecialty(),
		serviceID: req.GetServiceId(),
		minRating: req.GetMinRating(),
		order:     masterOrders[req.GetOrderBy()],
		limit:     size + 1,
	}
	if _, err := h.pages.Decode(req, &filter.after); err != nil {
		return nil, err
	}
	rows, err := h.store.masters(ctx, filter)
	if err != nil {
		return nil, err
	}
	page, more := pagetoken.Cut(rows, size)
	resp := &userv1.ListMastersResponse{Masters: convertAll(page, toMaster)}
	if more {
		resp.NextPageToken, err = h.pages.Encode(req, filter.order.cursor(page[size-1]))
	}
	return resp, err
}

// CreateMaster gives an account a master's profile.
func (h *masterHandler) CreateMaster(ctx context.Context, req *userv1.CreateMasterRequest) (*userv1.Master, error) {
	p := auth.Caller(ctx)
	profile := Profile{
		DisplayName:     req.GetDisplayName(),
		Bio:             req.GetBio(),
		Specialties:     req.GetSpecialties(),
		ExperienceYears: req.GetExperienceYears(),
		PhotoURL:        req.GetPhotoUrl(),
	}
	if err := profile.Check(); err != nil {
		return nil, err
	}
	key := idempotency.Key{Caller: p.UserID, Method: userv1.MasterService_CreateMaster_FullMethodName, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*userv1.Master, error) {
		id := req.GetUserId()
		m, err := h.store.in(tx).createMaster(ctx, id, profile, h.deps.Time(), func() { h.ended(id, "") })
		if err != nil {
			return nil, err
		}
		return toMaster(m), nil
	})
}

// UpdateMaster changes a profile.
func (h *masterHandler) UpdateMaster(ctx context.Context, req *userv1.UpdateMasterRequest) (*userv1.Master, error) {
	p := auth.Caller(ctx)
	if !p.IsAdmin() && p.UserID != req.GetMasterId() {
		return nil, errNoMaster
	}
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	m, err := h.store.updateMaster(ctx, req.GetMasterId(), func(m *Master) (bool, error) {
		if err := etag.Match(req.GetEtag(), m.Version); err != nil {
			return false, err
		}
		return m.Edit(edited(m.Profile, req, fields), h.deps.Time())
	})
	if err != nil {
		return nil, err
	}
	return toMaster(m), nil
}

// edited returns the profile with these fields as the request has them.
func edited(p Profile, req *userv1.UpdateMasterRequest, fields fieldmask.Set) Profile {
	if fields.Has("display_name") {
		p.DisplayName = req.GetDisplayName()
	}
	if fields.Has("bio") {
		p.Bio = req.GetBio()
	}
	if fields.Has("specialties") {
		p.Specialties = req.GetSpecialties()
	}
	if fields.Has("experience_years") {
		p.ExperienceYears = req.GetExperienceYears()
	}
	if fields.Has("photo_url") {
		p.PhotoURL = req.GetPhotoUrl()
	}
	return p
}

// DeleteMaster removes a profile.
func (h *masterHandler) DeleteMaster(ctx context.Context, req *userv1.DeleteMasterRequest) (*emptypb.Empty, error) {
	id := req.GetMasterId()
	err := h.store.deleteMaster(ctx, id, h.deps.Time(), func() { h.ended(id, "") }, func(m Master) error {
		return etag.Match(req.GetEtag(), m.Version)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
