package rating

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func TestWhoSeesTheAppointmentOfARating(t *testing.T) {
	f := newFixture(t)
	r := f.rate(5)
	public := proto.CloneOf(r)
	public.AppointmentId, public.CustomerId = "", ""
	for _, tt := range []struct {
		name string
		as   auth.Principal
		want *ratingv1.Rating
	}{
		{"nobody", auth.Principal{}, public},
		{"another customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), public},
		{"the master", f.master, public},
		{"the customer", f.customer, r},
		{"an administrator", f.admin, r},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantMessage(t, f.get(tt.as, r.GetId()), tt.want)
			list, err := f.client.ListMasterRatings(f.As(tt.as), &ratingv1.ListMasterRatingsRequest{MasterId: f.master.UserID})
			wantReason(t, err, "")
			wantMessage(t, list, &ratingv1.ListMasterRatingsResponse{Ratings: []*ratingv1.Rating{tt.want}})
		})
	}
	_, err := f.client.GetRating(t.Context(), &ratingv1.GetRatingRequest{RatingId: f.NewID()})
	wantReason(t, err, "NOT_FOUND")
}

func TestListMasterRatings(t *testing.T) {
	f := newFixture(t)
	var want []string
	for range 5 {
		want = append(want, f.rate(5).GetId())
	}
	slices.Reverse(want)
	var got []string
	req := &ratingv1.ListMasterRatingsRequest{MasterId: f.master.UserID, PageSize: 2}
	var sizes []int
	var token string
	for {
		page, err := f.client.ListMasterRatings(t.Context(), req)
		wantReason(t, err, "")
		for _, r := range page.GetRatings() {
			got = append(got, r.GetId())
		}
		sizes = append(sizes, len(page.GetRatings()))
		if page.GetNextPageToken() == "" {
			break
		}
		token = page.GetNextPageToken()
		req.PageToken = token
	}
	if !slices.Equal(got, want) || !slices.Equal(sizes, []int{2, 2, 1}) {
		t.Errorf("got %v in pages of %v, want %v", got, sizes, want)
	}

	for name, bad := range map[string]*ratingv1.ListMasterRatingsRequest{
		"INVALID_PAGE_TOKEN": {MasterId: f.admin.UserID, PageToken: token},
		"INVALID_FIELDS":     {MasterId: f.master.UserID, PageSize: -1},
	} {
		_, err := f.client.ListMasterRatings(t.Context(), bad)
		wantReason(t, err, name)
	}
	none, err := f.client.ListMasterRatings(t.Context(), &ratingv1.ListMasterRatingsRequest{MasterId: f.NewID(), PageSize: 1e9})
	wantReason(t, err, "")
	wantMessage(t, none, &ratingv1.ListMasterRatingsResponse{})
}

func TestGetRatingSummary(t *testing.T) {
	f := newFixture(t)
	empty := &ratingv1.RatingSummary{MasterId: f.master.UserID, Histogram: []int32{0, 0, 0, 0, 0}, Etag: "0"}
	wantMessage(t, f.summary(), empty)
	stranger := f.NewID()
	got, err := f.client.GetRatingSummary(t.Context(), &ratingv1.GetRatingSummaryRequest{MasterId: stranger})
	wantReason(t, err, "")
	empty.MasterId = stranger
	wantMessage(t, got, empty)

	// The cached summary follows each rating at once.
	for i, step := range []struct {
		stars     int32
		mean      float64
		histogram []int32
		etag      string
	}{
		{5, 5, []int32{0, 0, 0, 0, 1}, "1"},
		{4, 4.5, []int32{0, 0, 0, 1, 1}, "2"},
		{4, 13.0 / 3, []int32{0, 0, 0, 2, 1}, "3"},
		{1, 3.5, []int32{1, 0, 0, 2, 1}, "4"},
	} {
		f.rate(step.stars)
		wantMessage(t, f.summary(), &ratingv1.RatingSummary{
			MasterId: f.master.UserID, Count: int32(i + 1), Mean: step.mean, Histogram: step.histogram, Etag: step.etag,
		})
	}
}

func TestSummaryWithoutRedis(t *testing.T) {
	f := newFixture(t)
	f.rate(5)
	f.Redis.Stop()
	f.rate(4)
	if got := f.summary(); got.GetCount() != 2 {
		t.Errorf("without Redis: %v", got)
	}
	f.Redis.Start()
	f.rate(3)
	if got := f.summary(); got.GetCount() != 3 || got.GetMean() != 4 {
		t.Errorf("with Redis again: %v", got)
	}
}
