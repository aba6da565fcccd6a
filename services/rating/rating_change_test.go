package rating

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestUpdateRating(t *testing.T) {
	f := newFixture(t)
	r := f.rate(2)
	f.Clock.Advance(time.Hour)
	want := proto.CloneOf(r)
	steps := []struct {
		name   string
		req    *ratingv1.UpdateRatingRequest
		change func(*ratingv1.Rating)
	}{
		{
			"stars", &ratingv1.UpdateRatingRequest{Stars: proto.Int32(4), Etag: "1"},
			func(r *ratingv1.Rating) { r.Stars, r.Etag = 4, "2" },
		},
		{
			"only what the mask names",
			&ratingv1.UpdateRatingRequest{
				Stars: proto.Int32(1), Comment: new("so so"),
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"comment"}},
			},
			func(r *ratingv1.Rating) { r.Comment, r.Etag = "so so", "3" },
		},
		{"nothing", &ratingv1.UpdateRatingRequest{Etag: "3"}, func(*ratingv1.Rating) {}},
		{
			"the same", &ratingv1.UpdateRatingRequest{Stars: proto.Int32(4), Comment: new("so so ")},
			func(*ratingv1.Rating) {},
		},
		{
			"the comment is removed",
			&ratingv1.UpdateRatingRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"comment"}}},
			func(r *ratingv1.Rating) { r.Comment, r.Etag = "", "4" },
		},
	}
	for _, step := range steps {
		step.change(want)
		want.UpdateTime = timestamppb.New(f.Clock.Now())
		step.req.RatingId = r.GetId()
		got, err := f.client.UpdateRating(f.As(f.customer), step.req)
		wantReason(t, err, "")
		wantMessage(t, got, want)
		wantMessage(t, f.get(f.customer, r.GetId()), want)
	}
	wantMessage(t, f.summary(), &ratingv1.RatingSummary{
		MasterId: f.master.UserID, Count: 1, Mean: 4, Histogram: []int32{0, 0, 0, 1, 0}, Etag: "4",
	})
}

func TestUpdateRatingIsRefused(t *testing.T) {
	f := newFixture(t)
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	r := f.rate(2)
	gone := f.rate(3)
	if _, err := f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: gone.GetId()}); err != nil {
		t.Fatal(err)
	}
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	three := proto.Int32(3)
	tests := []struct {
		name   string
		as     auth.Principal
		req    *ratingv1.UpdateRatingRequest
		reason string
	}{
		{"not signed in", auth.Principal{}, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three}, "UNAUTHENTICATED"},
		{"somebody else's", stranger, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three}, "PERMISSION_DENIED"},
		{"by the master", f.master, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three}, "PERMISSION_DENIED"},
		{"by an administrator", f.admin, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three}, "PERMISSION_DENIED"},
		{"unknown", f.customer, &ratingv1.UpdateRatingRequest{RatingId: f.NewID(), Stars: three}, "NOT_FOUND"},
		{"deleted", f.customer, &ratingv1.UpdateRatingRequest{RatingId: gone.GetId(), Stars: three}, "NOT_FOUND"},
		{"changed since", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three, Etag: "2"}, "ETAG_MISMATCH"},
		{"not an etag", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three, Etag: "x"}, "ETAG_MISMATCH"},
		{"six stars", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: proto.Int32(6)}, "INVALID_FIELDS"},
		{"no stars", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), UpdateMask: mask("stars")}, "INVALID_FIELDS"},
		{"all, but no stars", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), UpdateMask: mask("*")}, "INVALID_FIELDS"},
		{"the id", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three, UpdateMask: mask("rating_id")}, "INVALID_FIELDS"},
		{"the reply", f.customer, &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: three, UpdateMask: mask("stars", "reply")}, "INVALID_FIELDS"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.client.UpdateRating(f.As(tt.as), tt.req)
			wantReason(t, err, tt.reason)
		})
	}
	wantMessage(t, f.get(f.customer, r.GetId()), r)
}

func TestUpdateRatingWithinThirtyDays(t *testing.T) {
	f := newFixture(t)
	r := f.rate(2)
	f.Clock.Advance(ChangeWindow)
	_, err := f.client.UpdateRating(f.As(f.customer), &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: proto.Int32(3)})
	wantReason(t, err, "")
	f.Clock.Advance(time.Microsecond)
	_, err = f.client.UpdateRating(f.As(f.customer), &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: proto.Int32(4)})
	wantReason(t, err, "TOO_LATE_TO_CHANGE")
	// A rating can be deleted at any time.
	_, err = f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: r.GetId()})
	wantReason(t, err, "")
}

func TestDeleteRating(t *testing.T) {
	f := newFixture(t)
	stranger := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	own, bad := f.rate(5), f.rate(1)
	for _, refused := range []struct {
		as     auth.Principal
		req    *ratingv1.DeleteRatingRequest
		reason string
	}{
		{auth.Principal{}, &ratingv1.DeleteRatingRequest{RatingId: own.GetId()}, "UNAUTHENTICATED"},
		{stranger, &ratingv1.DeleteRatingRequest{RatingId: own.GetId()}, "PERMISSION_DENIED"},
		{f.master, &ratingv1.DeleteRatingRequest{RatingId: own.GetId()}, "PERMISSION_DENIED"},
		{f.customer, &ratingv1.DeleteRatingRequest{RatingId: f.NewID()}, "NOT_FOUND"},
		{f.customer, &ratingv1.DeleteRatingRequest{RatingId: own.GetId(), Etag: "7"}, "ETAG_MISMATCH"},
	} {
		_, err := f.client.DeleteRating(f.As(refused.as), refused.req)
		wantReason(t, err, refused.reason)
	}
	_, err := f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: own.GetId(), Etag: own.GetEtag()})
	wantReason(t, err, "")
	_, err = f.client.DeleteRating(f.As(f.admin), &ratingv1.DeleteRatingRequest{RatingId: bad.GetId()})
	wantReason(t, err, "")
	for _, r := range []*ratingv1.Rating{own, bad} {
		_, err = f.client.GetRating(f.As(f.admin), &ratingv1.GetRatingRequest{RatingId: r.GetId()})
		wantReason(t, err, "NOT_FOUND")
		_, err = f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: r.GetId()})
		wantReason(t, err, "NOT_FOUND")
		_, err = f.create(f.customer, r.GetAppointmentId(), 5)
		wantReason(t, err, "ALREADY_RATED")
	}
	wantMessage(t, f.summary(), &ratingv1.RatingSummary{
		MasterId: f.master.UserID, Histogram: []int32{0, 0, 0, 0, 0}, Etag: "4",
	})
}

func TestReplyToRating(t *testing.T) {
	f := newFixture(t)
	r := f.rate(2)
	left := f.SignInAs(f.master.UserID, apiv1.Role_ROLE_CUSTOMER)
	moved := f.SignInAs(f.master.UserID, apiv1.Role_ROLE_CUSTOMER,
		servicetest.Member(f.NewID(), apiv1.SalonRole_SALON_ROLE_MASTER))
	promoted := f.SignInAs(f.master.UserID, apiv1.Role_ROLE_CUSTOMER,
		servicetest.Member(f.salonID, apiv1.SalonRole_SALON_ROLE_MANAGER))
	for _, refused := range []struct {
		as     auth.Principal
		req    *ratingv1.ReplyToRatingRequest
		reason string
	}{
		{auth.Principal{}, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "UNAUTHENTICATED"},
		{f.customer, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{f.colleague, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{f.admin, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{left, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{promoted, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{moved, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no")}, "PERMISSION_DENIED"},
		{f.master, &ratingv1.ReplyToRatingRequest{RatingId: f.NewID(), Reply: new("no")}, "NOT_FOUND"},
		{f.master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("no"), Etag: "2"}, "ETAG_MISMATCH"},
		{f.master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new(strings.Repeat("x", 2001))}, "INVALID_FIELDS"},
	} {
		_, err := f.client.ReplyToRating(f.As(refused.as), refused.req)
		wantReason(t, err, refused.reason)
	}

	f.Clock.Advance(time.Hour)
	now := timestamppb.New(f.Clock.Now())
	got, err := f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{
		RatingId: r.GetId(), Reply: new("I am sorry."), Etag: r.GetEtag(),
	})
	wantReason(t, err, "")
	want := proto.CloneOf(r)
	want.Reply, want.ReplyTime, want.UpdateTime, want.Etag = "I am sorry.", now, now, "2"
	want.AppointmentId, want.CustomerId = "", ""
	wantMessage(t, got, want)

	f.Clock.Advance(time.Hour)
	got, err = f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("")})
	wantReason(t, err, "")
	want.Reply, want.ReplyTime, want.UpdateTime, want.Etag = "", nil, timestamppb.New(f.Clock.Now()), "3"
	wantMessage(t, got, want)
}

func TestEventsOfRatings(t *testing.T) {
	f := newFixture(t)
	received := f.Listen("probe-ratings", "rating.>")
	r := f.rate(2)
	call := func(_ any, err error) {
		t.Helper()
		wantReason(t, err, "")
	}
	call(f.client.UpdateRating(f.As(f.customer), &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: proto.Int32(4)}))
	call(f.client.UpdateRating(f.As(f.customer), &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Stars: proto.Int32(4)}))
	call(f.client.UpdateRating(f.As(f.customer), &ratingv1.UpdateRatingRequest{RatingId: r.GetId(), Comment: new("")}))
	call(f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("thanks")}))
	call(f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("thanks")}))
	call(f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: new("")}))
	other := f.rate(1)
	call(f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: r.GetId()}))

	want := []struct {
		typ    string
		rating *ratingv1.Rating
		stars  int32
		count  int32
		sum    int64
	}{
		{EventCreated, r, 2, 1, 2},
		{EventUpdated, r, 4, 1, 4},
		{EventUpdated, r, 4, 1, 4},
		{EventReplied, r, 4, 1, 4},
		{EventUpdated, r, 4, 1, 4}, // the reply was removed
		{EventCreated, other, 1, 2, 5},
		{EventDeleted, r, 4, 1, 1},
	}
	for i, e := range received.Wait(len(want)) {
		w := want[i]
		var body ratingv1.RatingEvent
		if err := e.Decode(&body); err != nil {
			t.Fatal(err)
		}
		if e.Type != w.typ || e.AggregateID != f.master.UserID || e.AggregateVersion != int64(i+1) || !e.Time.Equal(f.Clock.Now()) {
			t.Errorf("event %d = %+v, want %s", i, e, w.typ)
		}
		wantMessage(t, &body, &ratingv1.RatingEvent{
			RatingId: w.rating.GetId(), AppointmentId: w.rating.GetAppointmentId(), MasterId: f.master.UserID,
			SalonId: f.salonID, CustomerId: f.customerID, AccountId: f.customer.UserID, Stars: w.stars, SummaryCount: w.count, SummaryStars: w.sum,
		})
		if strings.Contains(string(e.Body), "nice") || strings.Contains(string(e.Body), "thanks") {
			t.Errorf("event %d carries texts: %s", i, e.Body)
		}
	}
}
