package rating

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// CreateRating rates a master of a completed appointment of the caller's.
func (s *Service) CreateRating(ctx context.Context, req *ratingv1.CreateRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	// Before the transaction, because this may call another service, which must not keep a connection waiting.
	appointment, err := s.appointment(ctx, req.GetAppointmentId(), func(a Appointment) bool {
		return a.Decides(caller.UserID, req.GetMasterId())
	})
	if err != nil {
		return nil, err
	}
	key := idempotency.Key{
		Caller: caller.UserID, Method: ratingv1.RatingService_CreateRating_FullMethodName, RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, s.guard, s.deps.DB, key, req, func(tx *postgres.DB) (*ratingv1.Rating, error) {
		// The account may have been erased since the session was checked.
		if erased, err := erasure.Erased(ctx, tx, caller.UserID); err != nil || len(erased) > 0 {
			return nil, cmp.Or(err, error(ErrAppointmentNotFound))
		}
		now := s.deps.Time()
		masterID, err := appointment.MasterToRate(caller.UserID, req.GetMasterId(), now)
		if err != nil {
			return nil, err
		}
		r := NewRating(id.New(), appointment, masterID, int(req.GetStars()), req.GetComment(), now)
		if err := s.store.In(tx).InsertRating(ctx, r); err != nil {
			return nil, err
		}
		if err := s.record(ctx, tx, EventCreated, r, 0, r.Stars, now); err != nil {
			return nil, err
		}
		return ratingToProto(caller, r), nil
	})
}

// GetRating returns a rating.
func (s *Service) GetRating(ctx context.Context, req *ratingv1.GetRatingRequest) (*ratingv1.Rating, error) {
	r, err := s.store.Rating(ctx, req.GetRatingId())
	if err != nil {
		return nil, err
	}
	return ratingToProto(auth.Caller(ctx), r), nil
}

// UpdateRating changes a rating of the caller's.
func (s *Service) UpdateRating(ctx context.Context, req *ratingv1.UpdateRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	paths, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	var stars *int
	var comment *string
	if paths.Has("stars") {
		stars = new(int(req.GetStars()))
	}
	if paths.Has("comment") {
		comment = new(req.GetComment())
	}
	scope := ByAuthor(caller.UserID)
	r, err := s.store.UpdateRating(ctx, req.GetRatingId(), scope, func(tx *postgres.DB, r *Rating) (bool, error) {
		if err := etag.Match(req.GetEtag(), r.Version); err != nil {
			return false, err
		}
		now, before := s.deps.Time(), r.Stars
		changed, err := r.Change(stars, comment, now)
		if err != nil || !changed {
			return false, err
		}
		return true, s.record(ctx, tx, EventUpdated, *r, before, r.Stars, now)
	})
	if err != nil {
		return nil, err
	}
	return ratingToProto(caller, r), nil
}

// DeleteRating removes a rating of the caller's, or any rating for an administrator.
func (s *Service) DeleteRating(ctx context.Context, req *ratingv1.DeleteRatingRequest) (*emptypb.Empty, error) {
	caller := auth.Caller(ctx)
	scope := ByAuthor(caller.UserID)
	if caller.IsAdmin() {
		scope = ByAnybody()
	}
	_, err := s.store.UpdateRating(ctx, req.GetRatingId(), scope, func(tx *postgres.DB, r *Rating) (bool, error) {
		if err := etag.Match(req.GetEtag(), r.Version); err != nil {
			return false, err
		}
		now := s.deps.Time()
		r.Delete(now)
		return true, s.record(ctx, tx, EventDeleted, *r, r.Stars, 0, now)
	})
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// ReplyToRating answers a rating of the caller's own work, while the caller is a master of the salon.
func (s *Service) ReplyToRating(ctx context.Context, req *ratingv1.ReplyToRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	scope := OfMaster(caller.UserID, caller.Salons(apiv1.SalonRole_SALON_ROLE_MASTER))
	r, err := s.store.UpdateRating(ctx, req.GetRatingId(), scope, func(tx *postgres.DB, r *Rating) (bool, error) {
		if err := etag.Match(req.GetEtag(), r.Version); err != nil {
			return false, err
		}
		now := s.deps.Time()
		if !r.Answer(req.GetReply(), now) {
			return false, nil
		}
		typ := EventReplied
		if r.Reply == "" {
			typ = EventUpdated // nobody is notified of a reply that was removed
		}
		return true, s.record(ctx, tx, typ, *r, r.Stars, r.Stars, now)
	})
	if err != nil {
		return nil, err
	}
	return ratingToProto(caller, r), nil
}

// ListMasterRatings lists the ratings of a master, newest first. A master who is unknown has none.
func (s *Service) ListMasterRatings(
	ctx context.Context, req *ratingv1.ListMasterRatingsRequest,
) (*ratingv1.ListMasterRatingsResponse, error) {
	caller := auth.Caller(ctx)
	ratings, next, err := pagetoken.List(s.pages, req,
		func(after *Cursor, limit int) ([]Rating, error) {
			return postgres.Recent(ctx, s.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Rating, error) {
				return s.store.In(db).MasterRatings(ctx, req.GetMasterId(), after, limit)
			})
		},
		func(r Rating) Cursor { return Cursor{Time: r.CreateTime, ID: r.ID} },
		func(r Rating) *ratingv1.Rating { return ratingToProto(caller, r) })
	if err != nil {
		return nil, err
	}
	return &ratingv1.ListMasterRatingsResponse{Ratings: ratings, NextPageToken: next}, nil
}
