package rating

import (
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
)

func TestChange(t *testing.T) {
	four, five := 4, 5
	nice, none := "nice", ""
	given := appointmentEnd.Add(time.Hour)
	tests := []struct {
		name        string
		stars       *int
		comment     *string
		after       time.Duration
		wantChanged bool
		wantErr     error
		wantStars   int
		wantComment string
	}{
		{name: "stars", stars: &four, wantChanged: true, wantStars: 4, wantComment: "nice"},
		{name: "comment removed", comment: &none, wantChanged: true, wantStars: 5, wantComment: ""},
		{name: "both", stars: &four, comment: &none, wantChanged: true, wantStars: 4, wantComment: ""},
		{name: "the same again", stars: &five, comment: &nice, wantStars: 5, wantComment: "nice"},
		{name: "nothing", wantStars: 5, wantComment: "nice"},
		{name: "at the last moment", stars: &four, after: ChangeWindow, wantChanged: true, wantStars: 4, wantComment: "nice"},
		{
			name: "a microsecond later", stars: &four, after: ChangeWindow + time.Microsecond,
			wantErr: ErrTooLateToChange, wantStars: 5, wantComment: "nice",
		},
		{
			name: "nothing, too late", after: ChangeWindow + time.Microsecond,
			wantErr: ErrTooLateToChange, wantStars: 5, wantComment: "nice",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := NewRating("r", completedAppointment(), "master", 5, "nice", given)
			now := given.Add(tt.after)
			changed, err := r.Change(tt.stars, tt.comment, now)
			if changed != tt.wantChanged || !errors.Is(err, tt.wantErr) {
				t.Fatalf("Change = %v, %v, want %v, %v", changed, err, tt.wantChanged, tt.wantErr)
			}
			if r.Stars != tt.wantStars || r.Comment != tt.wantComment {
				t.Errorf("rating = %d %q, want %d %q", r.Stars, r.Comment, tt.wantStars, tt.wantComment)
			}
			wantVersion, wantTime := int64(1), given
			if tt.wantChanged {
				wantVersion, wantTime = 2, now
			}
			if r.Version != wantVersion || !r.UpdateTime.Equal(wantTime) || !r.CreateTime.Equal(given) {
				t.Errorf("version %d at %v, created %v; want %d at %v, created %v",
					r.Version, r.UpdateTime, r.CreateTime, wantVersion, wantTime, given)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	r := NewRating("r", completedAppointment(), "master", 5, "nice", appointmentEnd)
	first, second, third := appointmentEnd.Add(time.Hour), appointmentEnd.Add(2*time.Hour), appointmentEnd.Add(400*24*time.Hour)
	if r.Answer("", first) {
		t.Error("removing no reply counts as a change")
	}
	if !r.Answer("thanks", first) || r.Reply != "thanks" || !r.ReplyTime.Equal(first) || r.Version != 2 {
		t.Errorf("after the reply: %+v", r)
	}
	if r.Answer("thanks", second) || !r.ReplyTime.Equal(first) || r.Version != 2 {
		t.Errorf("after the same reply: %+v", r)
	}
	if !r.Answer("thank you", second) || !r.ReplyTime.Equal(second) || r.Version != 3 {
		t.Errorf("after another reply: %+v", r)
	}
	if !r.Answer("", third) || r.Reply != "" || !r.ReplyTime.IsZero() || !r.UpdateTime.Equal(third) || r.Version != 4 {
		t.Errorf("after the reply was removed: %+v", r)
	}
}

func TestDeleteRemovesTheTexts(t *testing.T) {
	r := NewRating("r", completedAppointment(), "master", 2, "my name is Ann", appointmentEnd)
	r.Answer("hello Ann", appointmentEnd)
	at := appointmentEnd.Add(time.Hour)
	r.Delete(at)
	want := Rating{
		ID: "r", SalonID: "salon", MasterID: "master", AppointmentID: "a", CustomerID: "customer", AccountID: "account", Stars: 2,
		CreateTime: appointmentEnd, UpdateTime: at, DeleteTime: at, Version: 3,
	}
	if r != want {
		t.Errorf("deleted rating = %+v, want %+v", r, want)
	}
}

func TestErrorsHaveReasons(t *testing.T) {
	tests := []struct {
		err    *apierr.Error
		code   string
		reason string
	}{
		{ErrAppointmentNotFound, "NotFound", "NOT_FOUND"},
		{ErrRatingNotFound, "NotFound", "NOT_FOUND"},
		{ErrSeveralMasters, "InvalidArgument", "INVALID_FIELDS"},
		{ErrNotAMaster, "InvalidArgument", "INVALID_FIELDS"},
		{ErrNotCompleted, "FailedPrecondition", "NOT_COMPLETED"},
		{ErrOwnWork, "FailedPrecondition", "OWN_WORK"},
		{ErrAlreadyRated, "AlreadyExists", "ALREADY_RATED"},
		{ErrTooLateToRate, "FailedPrecondition", "TOO_LATE_TO_RATE"},
		{ErrTooLateToChange, "FailedPrecondition", "TOO_LATE_TO_CHANGE"},
	}
	for _, tt := range tests {
		if tt.err.Code().String() != tt.code || tt.err.ReasonName() != tt.reason {
			t.Errorf("%v: %v %s, want %s %s", tt.err, tt.err.Code(), tt.err.ReasonName(), tt.code, tt.reason)
		}
	}
}
