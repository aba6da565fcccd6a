package rating

import (
	"context"
	"errors"

	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// errNoRatings keeps empty summaries out of the cache. Otherwise invented ids could fill it.
var errNoRatings = apierr.NotFound("summary")

// GetRatingSummary sums up a master's ratings. This service does not know the masters: an id of nobody has the summary
// of a master without ratings.
func (s *Service) GetRatingSummary(
	ctx context.Context, req *ratingv1.GetRatingSummaryRequest,
) (*ratingv1.RatingSummary, error) {
	m, err := s.summaries.Get(ctx, req.GetMasterId())
	if errors.Is(err, errNoRatings) {
		return summaryToProto(Summary{MasterID: req.GetMasterId()}), nil
	}
	return m, err
}

// loadSummary reads a summary and its version for the cache.
func (s *Service) loadSummary(ctx context.Context, masterID string) (*ratingv1.RatingSummary, int64, error) {
	summary, err := s.store.Summary(ctx, masterID)
	if err != nil {
		return nil, 0, err
	}
	if summary.Version == 0 {
		return nil, 0, errNoRatings
	}
	return summaryToProto(summary), summary.Version, nil
}
