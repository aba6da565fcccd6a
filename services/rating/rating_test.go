package rating

import (
	"errors"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
)

var visitEnd = time.Date(2026, time.December, 1, 11, 0, 0, 0, time.UTC)

func completedVisit() Visit {
	return Visit{
		AppointmentID: "a", CustomerID: "customer", MasterID: "master",
		State: "COMPLETED", CompleteTime: visitEnd, Version: 3,
	}
}

func TestMayRate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Visit)
		user   string
		now    time.Time
		want   error
	}{
		{name: "at once", now: visitEnd},
		{name: "at the last moment", now: visitEnd.Add(RateWindow)},
		{name: "a microsecond later", now: visitEnd.Add(RateWindow + time.Microsecond), want: ErrTooLateToRate},
		{name: "somebody else", user: "admin", now: visitEnd, want: ErrVisitNotFound},
		{name: "the master", user: "master", now: visitEnd, want: ErrVisitNotFound},
		{name: "nobody", user: "-", now: visitEnd, want: ErrVisitNotFound},
		{name: "pending", change: func(v *Visit) { v.State = "PENDING" }, now: visitEnd, want: ErrVisitNotCompleted},
		{name: "confirmed", change: func(v *Visit) { v.State = "CONFIRMED" }, now: visitEnd, want: ErrVisitNotCompleted},
		{name: "cancelled", change: func(v *Visit) { v.State = "CANCELLED" }, now: visitEnd, want: ErrVisitNotCompleted},
		{name: "missed", change: func(v *Visit) { v.State = "NO_SHOW" }, now: visitEnd, want: ErrVisitNotCompleted},
		{
			name: "completed, but when is not said", change: func(v *Visit) { v.CompleteTime = time.Time{} },
			now: visitEnd, want: ErrVisitNotCompleted,
		},
		{
			name: "a master who was their own customer", change: func(v *Visit) { v.MasterID = "customer" },
			now: visitEnd, want: ErrOwnWork,
		},
		{
			name: "somebody else learns nothing of the state", change: func(v *Visit) { v.State = "PENDING" },
			user: "stranger", now: visitEnd, want: ErrVisitNotFound,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := completedVisit()
			if tt.change != nil {
				tt.change(&v)
			}
			user := tt.user
			if user == "" {
				user = "customer"
			}
			if err := v.MayRate(user, tt.now); !errors.Is(err, tt.want) {
				t.Errorf("MayRate = %v, want %v", err, tt.want)
			}
		})
	}
}

func TestChange(t *testing.T) {
	four, five := 4, 5
	nice, none := "nice", ""
	given := visitEnd.Add(time.Hour)
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
			r := NewRating("r", completedVisit(), 5, "nice", given)
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
	r := NewRating("r", completedVisit(), 5, "nice", visitEnd)
	first, second, third := visitEnd.Add(time.Hour), visitEnd.Add(2*time.Hour), visitEnd.Add(400*24*time.Hour)
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

func TestDeleteKeepsNoWords(t *testing.T) {
	r := NewRating("r", completedVisit(), 2, "my name is Ann", visitEnd)
	r.Answer("hello Ann", visitEnd)
	at := visitEnd.Add(time.Hour)
	r.Delete(at)
	want := Rating{
		ID: "r", MasterID: "master", AppointmentID: "a", CustomerID: "customer", Stars: 2,
		CreateTime: visitEnd, UpdateTime: at, DeleteTime: at, Version: 3,
	}
	if r != want {
		t.Errorf("tombstone = %+v, want %+v", r, want)
	}
}

func TestRefusalsSayWhy(t *testing.T) {
	tests := []struct {
		err    *apierr.Error
		code   string
		reason string
	}{
		{ErrVisitNotFound, "NotFound", "NOT_FOUND"},
		{ErrRatingNotFound, "NotFound", "NOT_FOUND"},
		{ErrVisitNotCompleted, "FailedPrecondition", "VISIT_NOT_COMPLETED"},
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
