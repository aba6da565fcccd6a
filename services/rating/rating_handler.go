package rating

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// CreateRating rates a completed visit of the caller's.
func (s *Service) CreateRating(ctx context.Context, req *ratingv1.CreateRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	// Before the transaction: it may ask another service, and must not keep a connection waiting meanwhile.
	visit, err := s.visit(ctx, req.GetAppointmentId(), caller.UserID)
	if err != nil {
		return nil, err
	}
	key := idempotency.Key{
		Caller: caller.UserID, Method: ratingv1.RatingService_CreateRating_FullMethodName, RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, s.guard, s.deps.DB, key, req, func(tx *postgres.DB) (*ratingv1.Rating, error) {
		now := s.deps.Time()
		if err := visit.MayRate(caller.UserID, now); err != nil {
			return nil, err
		}
		id, err := uuid.NewV7()
		if err != nil {
			return nil, err
		}
		r := NewRating(id.String(), visit, int(req.GetStars()), req.GetComment(), now)
		if err := NewStore(tx).InsertRating(ctx, r); err != nil {
			return nil, err
		}
		if err := s.record(ctx, tx, EventCreated, r, 0, r.Stars, now); err != nil {
			return nil, err
		}
		return ratingFor(caller, r), nil
	})
}

// visit returns the caller's visit. The events of appointments may be on their way still: what is not known as completed
// is looked up at its source.
func (s *Service) visit(ctx context.Context, appointmentID, callerID string) (Visit, error) {
	v, known, err := s.store.Visit(ctx, appointmentID)
	if err != nil {
		return Visit{}, err
	}
	// Whose visit it is never changes.
	if known && v.CustomerID != callerID {
		return Visit{}, ErrVisitNotFound
	}
	if known && v.Completed() {
		return v, nil
	}
	found, err := s.visits.LookupVisit(ctx, &appointmentv1.LookupVisitRequest{AppointmentId: appointmentID})
	if err != nil {
		if errors.Is(err, ErrVisitNotFound) {
			return Visit{}, ErrVisitNotFound
		}
		return Visit{}, err
	}
	v = visitFrom(found.GetAppointment(), found.GetVersion())
	if v.CustomerID != callerID {
		return Visit{}, ErrVisitNotFound
	}
	return v, s.store.PutVisit(ctx, v)
}

// GetRating returns a rating to anybody.
func (s *Service) GetRating(ctx context.Context, req *ratingv1.GetRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	r, err := s.store.Rating(ctx, req.GetRatingId())
	if err != nil {
		return nil, err
	}
	return ratingFor(caller, r), nil
}

// UpdateRating changes the caller's rating.
func (s *Service) UpdateRating(ctx context.Context, req *ratingv1.UpdateRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	paths, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	var stars *int
	var comment *string
	if paths.Has("stars") {
		n := int(req.GetStars())
		stars = &n
	}
	if paths.Has("comment") {
		text := req.GetComment()
		comment = &text
	}
	own := OfCustomer(caller.UserID)
	r, err := s.store.UpdateRating(ctx, req.GetRatingId(), own, func(tx *postgres.DB, r *Rating) (bool, error) {
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
	return ratingFor(caller, r), nil
}

// DeleteRating removes the caller's rating, or any for an administrator.
func (s *Service) DeleteRating(ctx context.Context, req *ratingv1.DeleteRatingRequest) (*emptypb.Empty, error) {
	caller := auth.Caller(ctx)
	scope := OfCustomer(caller.UserID)
	if caller.IsAdmin() {
		scope = OfAnybody()
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

// ReplyToRating answers a rating of the caller's work.
func (s *Service) ReplyToRating(ctx context.Context, req *ratingv1.ReplyToRatingRequest) (*ratingv1.Rating, error) {
	caller := auth.Caller(ctx)
	scope := OfMaster(caller.UserID)
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
			typ = EventUpdated // nobody need be told of an answer that is gone
		}
		return true, s.record(ctx, tx, typ, *r, r.Stars, r.Stars, now)
	})
	if err != nil {
		return nil, err
	}
	return ratingFor(caller, r), nil
}

// ListMasterRatings lists the ratings of a master, newest first. An unknown master has none.
func (s *Service) ListMasterRatings(
	ctx context.Context, req *ratingv1.ListMasterRatingsRequest,
) (*ratingv1.ListMasterRatingsResponse, error) {
	caller := auth.Caller(ctx)
	var after *Cursor
	if _, err := s.pages.Decode(req, &after); err != nil {
		return nil, err
	}
	size := pagetoken.Size(req.GetPageSize())
	// One more than the page tells whether there is another page.
	ratings, err := s.store.MasterRatings(ctx, req.GetMasterId(), after, size+1)
	if err != nil {
		return nil, err
	}
	page, more := pagetoken.Cut(ratings, size)
	resp := &ratingv1.ListMasterRatingsResponse{}
	for _, r := range page {
		resp.Ratings = append(resp.Ratings, ratingFor(caller, r))
	}
	if more {
		last := page[size-1]
		resp.NextPageToken, err = s.pages.Encode(req, Cursor{Time: last.CreateTime, ID: last.ID})
	}
	return resp, err
}

// GetRatingSummary sums up a master's ratings. Masters are not known here: an id that is nobody's has no ratings either,
// and gets the empty summary too.
func (s *Service) GetRatingSummary(
	ctx context.Context, req *ratingv1.GetRatingSummaryRequest,
) (*ratingv1.RatingSummary, error) {
	m, err := s.summaries.Get(ctx, req.GetMasterId())
	if errors.Is(err, errNoRatings) {
		return summaryMessage(Summary{MasterID: req.GetMasterId()}), nil
	}
	return m, err
}

// errNoRatings keeps empty summaries out of the cache, which made-up ids could fill otherwise.
var errNoRatings = apierr.NotFound("summary")

func (s *Service) loadSummary(ctx context.Context, masterID string) (*ratingv1.RatingSummary, error) {
	summary, err := s.store.Summary(ctx, masterID)
	if err != nil {
		return nil, err
	}
	if summary.Version == 0 {
		return nil, errNoRatings
	}
	return summaryMessage(summary), nil
}
