package rating

import (
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

// TestEraseAccount: the stars stay, without author and texts, and no event brings the author back.
func TestEraseAccount(t *testing.T) {
	f := newFixture(t)
	given := f.rate(4)
	if _, err := f.client.ReplyToRating(f.As(f.master), &ratingv1.ReplyToRatingRequest{RatingId: given.GetId(), Reply: new("Thank you, Carla")}); err != nil {
		t.Fatal(err)
	}
	deleted := f.rate(1)
	if _, err := f.client.DeleteRating(f.As(f.customer), &ratingv1.DeleteRatingRequest{RatingId: deleted.GetId()}); err != nil {
		t.Fatal(err)
	}
	personal := ratingv1.NewPersonalDataServiceClient(f.Conns.For("rating"))
	export, err := personal.ExportAccount(t.Context(), &apiv1.ExportAccountRequest{AccountId: f.customer.UserID, Limit: 100})
	if err != nil || len(export.GetRecords()) != 4 { // two appointments, two ratings
		t.Errorf("exported %v, %v", export, err)
	}
	req := &apiv1.EraseAccountRequest{AccountId: f.customer.UserID}
	for range 2 {
		got, err := personal.EraseAccount(t.Context(), req)
		if err != nil || len(got.GetRemoved()) != 4 || got.GetRemoved()[0].GetCount() != 1 {
			t.Fatalf("removed %v, %v", got, err)
		}
	}
	r, err := f.client.GetRating(f.As(f.admin), &ratingv1.GetRatingRequest{RatingId: given.GetId()})
	if err != nil || r.GetStars() != 4 || r.GetComment() != "" || r.GetReply() != "" {
		t.Errorf("the rating is %v, %v", r, err)
	}
	summary, err := f.client.GetRatingSummary(t.Context(), &ratingv1.GetRatingSummaryRequest{MasterId: f.master.UserID})
	if err != nil || summary.GetCount() != 1 || summary.GetMean() != 4 {
		t.Errorf("the summary is %v, %v", summary, err)
	}
	// An event and a rating from before the erasure arrive late.
	late := f.appointment(completed)
	f.Publish("appointment.completed", late.GetAppointmentId(), 3, f.Clock.Now(), late)
	f.Eventually("the event is handled", func() bool {
		_, err := f.service.store.Appointment(t.Context(), late.GetAppointmentId())
		return err == nil
	})
	if _, err := f.create(f.customer, f.appointment(completed).GetAppointmentId(), 5); err == nil {
		t.Error("an erased account has rated")
	}
	f.Clock.Advance(time.Second)
	for _, table := range []string{"ratings", "appointments"} {
		var n int
		if err := f.service.deps.DB.Conn(t.Context()).Raw("SELECT count(*) FROM "+table+" WHERE account_id = ?", f.customer.UserID).Scan(&n).Error; err != nil || n != 0 {
			t.Errorf("%d rows of %s have the account, %v", n, table, err)
		}
	}
}
