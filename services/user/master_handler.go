package user

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// masterHandler implements salon.user.v1.MasterService.
type masterHandler struct {
	userv1.UnimplementedMasterServiceServer
	*Service
}

// GetMaster returns a master's profile.
func (h *masterHandler) GetMaster(ctx context.Context, req *userv1.GetMasterRequest) (*userv1.Master, error) {
	return h.profiles.Get(ctx, req.GetMasterId())
}

// loadMaster reads a live profile for the cache.
func (s *Service) loadMaster(ctx context.Context, id string) (*userv1.Master, int64, error) {
	m, err := s.store.Master(ctx, id)
	if err != nil {
		return nil, 0, err
	}
	if !m.Live() {
		return nil, 0, errNoMaster
	}
	return masterToProto(m), m.Revision(), nil
}

// ListMasters finds masters.
func (h *masterHandler) ListMasters(ctx context.Context, req *userv1.ListMastersRequest) (*userv1.ListMastersResponse, error) {
	filter := masterFilter{
		salonID:   req.GetSalonId(),
		query:     req.GetQuery(),
		specialty: req.GetSpecialty(),
		serviceID: req.GetServiceId(),
		minRating: req.GetMinRating(),
		order:     masterOrders[req.GetOrderBy()],
	}
	masters, next, err := pagetoken.List(h.pages, req, func(after *masterCursor, limit int) ([]Master, error) {
		filter.after, filter.limit = after, limit
		return postgres.Recent(ctx, h.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Master, error) {
			return h.store.In(db).Masters(ctx, filter)
		})
	}, filter.order.cursor, masterToProto)
	if err != nil {
		return nil, err
	}
	return &userv1.ListMastersResponse{Masters: masters, NextPageToken: next}, nil
}

// CreateMaster gives an account a master's profile and the role MASTER in a salon.
func (h *masterHandler) CreateMaster(ctx context.Context, req *userv1.CreateMasterRequest) (*userv1.Master, error) {
	caller := auth.Caller(ctx)
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
	salonID := req.GetSalonId()
	if managed := caller.Salons(apiv1.SalonRole_SALON_ROLE_MANAGER); salonID == "" && len(managed) == 1 {
		salonID = managed[0]
	}
	salonID, err := h.existingSalon(ctx, salonID)
	if err != nil {
		return nil, invalidSalon(err)
	}
	if !caller.Manages(salonID) {
		return nil, errNotManager
	}
	key := idempotency.Key{Caller: caller.UserID, Method: userv1.MasterService_CreateMaster_FullMethodName, RequestID: req.GetRequestId()}
	return idempotency.Run(ctx, h.requests, h.deps.DB, key, req, func(tx *postgres.DB) (*userv1.Master, error) {
		m, err := h.store.In(tx).CreateMaster(ctx, req.GetUserId(), salonID, profile, !caller.IsAdmin(), h.deps.Time())
		if err != nil {
			return nil, invalidSalon(err)
		}
		return masterToProto(m), nil
	})
}

// invalidSalon returns INVALID_FIELDS instead of NOT_FOUND of a salon, and every other
// error as it is.
func invalidSalon(err error) error {
	if errors.Is(err, errNoSalon) {
		return apierr.InvalidField("salon_id", "must be a salon that exists")
	}
	return err
}

// authorizeMaster returns nil when the caller may change a profile: as a manager of the
// salon, as an administrator or, with self, as the master. The error is PERMISSION_DENIED
// for a profile that the caller can read, otherwise NOT_FOUND.
func authorizeMaster(caller auth.Principal, m Master, self bool) error {
	switch {
	case caller.Manages(m.SalonID), self && caller.UserID == m.ID:
		return nil
	case m.Live():
		return errNotManager
	}
	return errNoMaster
}

// UpdateMaster changes a profile.
func (h *masterHandler) UpdateMaster(ctx context.Context, req *userv1.UpdateMasterRequest) (*userv1.Master, error) {
	caller := auth.Caller(ctx)
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	m, err := h.store.UpdateMaster(ctx, req.GetMasterId(), func(m *Master) (bool, error) {
		if err := authorizeMaster(caller, *m, true); err != nil {
			return false, err
		}
		if m.Deleted {
			return false, errNoMaster
		}
		if err := etag.Match(req.GetEtag(), m.Version); err != nil {
			return false, err
		}
		return m.Edit(edited(m.Profile, req, fields), h.deps.Time())
	})
	if err != nil {
		return nil, err
	}
	return masterToProto(m), nil
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

// DeleteMaster removes a profile and the role MASTER.
//
// A call that was answered with UNAVAILABLE is repeated when the profile is deleted
// already. The repeated call completes the removal and returns NOT_FOUND.
func (h *masterHandler) DeleteMaster(ctx context.Context, req *userv1.DeleteMasterRequest) (*emptypb.Empty, error) {
	caller, id := auth.Caller(ctx), req.GetMasterId()
	deletedBefore := false
	err := h.store.DeleteMaster(ctx, id, h.deps.Time(), func(m Master) error {
		if err := authorizeMaster(caller, m, false); err != nil {
			return err
		}
		if deletedBefore = m.Deleted; deletedBefore {
			return errNoMaster
		}
		return etag.Match(req.GetEtag(), m.Version)
	})
	if err != nil && !deletedBefore {
		return nil, err
	}
	if incomplete := h.refreshMaster(ctx, id); incomplete != nil {
		return nil, incomplete
	}
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}
