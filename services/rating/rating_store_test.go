package rating

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// putAppointment stores a completed appointment with the masters and returns it.
func putAppointment(t *testing.T, s *Store, masters ...string) Appointment {
	t.Helper()
	a := completedAppointment()
	a.ID, a.SalonID, a.CustomerID, a.AccountID, a.MasterIDs = id.New(), id.FirstSalon, id.New(), id.New(), masters
	if err := s.PutAppointments(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return a
}

// give stores a rating of the appointment's first master.
func give(t *testing.T, s *Store, a Appointment, stars int, at time.Time) Rating {
	t.Helper()
	r := NewRating(id.New(), a, a.MasterIDs[0], stars, "nice", at)
	if err := s.InsertRating(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRatingRoundTrip(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	r := give(t, s, putAppointment(t, s, id.New()), 4, appointmentEnd)
	if got, err := s.Rating(t.Context(), r.ID); got != r || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, r)
	}
	if _, err := s.Rating(t.Context(), id.New()); !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("unknown rating: %v", err)
	}

	text := "was: 'nice'; DROP TABLE ratings; -- 💇"
	changed, err := s.UpdateRating(t.Context(), r.ID, ByAuthor(r.AccountID), func(_ *postgres.DB, r *Rating) (bool, error) {
		two := 2
		_, err := r.Change(&two, &text, appointmentEnd.Add(time.Hour))
		r.Answer("thanks", appointmentEnd.Add(2*time.Hour))
		return true, err
	})
	if err != nil || changed.Stars != 2 || changed.Comment != text || changed.Reply != "thanks" || changed.Version != 3 {
		t.Fatalf("changed = %+v, %v", changed, err)
	}
	if got, err := s.Rating(t.Context(), r.ID); got != changed || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, changed)
	}
}

func TestUpdateRatingStoresNothing(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	r := give(t, s, putAppointment(t, s, id.New()), 4, appointmentEnd)
	refuse := errors.New("no")
	salons := []string{id.New(), r.SalonID}
	for _, tt := range []struct {
		name  string
		scope Scope
		store bool
		fail  error
		want  error
	}{
		{"of another account", ByAuthor(id.New()), true, nil, ErrNotYours},
		{"of the customer's id", ByAuthor(r.CustomerID), true, nil, ErrNotYours},
		{"of another master", OfMaster(r.AccountID, salons), true, nil, ErrNotYours},
		{"of another salon", OfMaster(r.MasterID, []string{id.New()}), true, nil, ErrNotYours},
		{"of no salon", OfMaster(r.MasterID, nil), true, nil, ErrNotYours},
		{"the zero scope", Scope{}, true, nil, ErrNotYours},
		{"nothing to store", OfMaster(r.MasterID, salons), false, nil, nil},
		{"refused", ByAnybody(), true, refuse, refuse},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.UpdateRating(t.Context(), r.ID, tt.scope, func(_ *postgres.DB, r *Rating) (bool, error) {
				r.Stars = 1
				return tt.store, tt.fail
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("UpdateRating = %v, want %v", err, tt.want)
			}
			if got, err := s.Rating(t.Context(), r.ID); got != r || err != nil {
				t.Errorf("rating = %+v, %v, want %+v", got, err, r)
			}
		})
	}
}

func TestOneRatingForEachMaster(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	a := putAppointment(t, s, id.New(), id.New())
	first := give(t, s, a, 4, appointmentEnd)
	second := NewRating(id.New(), a, a.MasterIDs[1], 2, "", appointmentEnd.Add(time.Minute))
	if err := s.InsertRating(t.Context(), second); err != nil {
		t.Errorf("rating of the second master: %v", err)
	}
	again := NewRating(id.New(), a, first.MasterID, 1, "", appointmentEnd)
	if err := s.InsertRating(t.Context(), again); !errors.Is(err, ErrAlreadyRated) {
		t.Errorf("second rating of a master: %v", err)
	}
	give(t, s, putAppointment(t, s, first.MasterID), 5, appointmentEnd)
	if list, err := s.AppointmentRatings(t.Context(), a.ID); !slices.Equal(list, []Rating{first, second}) || err != nil {
		t.Errorf("ratings of the appointment = %+v, %v", list, err)
	}
}

func TestDeletedRatingStays(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	a := putAppointment(t, s, id.New())
	r := give(t, s, a, 4, appointmentEnd)
	_, err := s.UpdateRating(t.Context(), r.ID, ByAnybody(), func(_ *postgres.DB, r *Rating) (bool, error) {
		r.Delete(appointmentEnd.Add(time.Hour))
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rating(t.Context(), r.ID); !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("deleted rating: %v", err)
	}
	if list, err := s.MasterRatings(t.Context(), r.MasterID, nil, 10); len(list) != 0 || err != nil {
		t.Errorf("ratings of the master = %+v, %v", list, err)
	}
	if list, err := s.AppointmentRatings(t.Context(), a.ID); len(list) != 0 || err != nil {
		t.Errorf("ratings of the appointment = %+v, %v", list, err)
	}
	again := NewRating(id.New(), a, r.MasterID, 1, "", appointmentEnd)
	if err := s.InsertRating(t.Context(), again); !errors.Is(err, ErrAlreadyRated) {
		t.Errorf("rating after deletion: %v", err)
	}
	_, err = s.UpdateRating(t.Context(), r.ID, ByAnybody(), func(*postgres.DB, *Rating) (bool, error) { return true, nil })
	if !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("change of a deleted rating: %v", err)
	}
}

func TestRatingNeedsAnAppointment(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	a := completedAppointment()
	a.ID, a.SalonID, a.CustomerID, a.AccountID = id.New(), id.New(), id.New(), id.New()
	err := s.InsertRating(t.Context(), NewRating(id.New(), a, id.New(), 5, "", appointmentEnd))
	if !postgres.IsForeignKeyViolation(err, "") {
		t.Errorf("err = %v", err)
	}
}

// The database refuses what the code must never write.
func TestConstraints(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	for name, spoil := range map[string]func(*Rating){
		"no stars":               func(r *Rating) { r.Stars = 0 },
		"six stars":              func(r *Rating) { r.Stars = 6 },
		"reply without a time":   func(r *Rating) { r.Reply = "thanks" },
		"time without a reply":   func(r *Rating) { r.ReplyTime = appointmentEnd },
		"deleted with a comment": func(r *Rating) { r.DeleteTime = appointmentEnd },
		"version 0":              func(r *Rating) { r.Version = 0 },
	} {
		a := putAppointment(t, s, id.New())
		r := NewRating(id.New(), a, a.MasterIDs[0], 5, "nice", appointmentEnd)
		spoil(&r)
		if err := s.InsertRating(t.Context(), r); !postgres.IsCheckViolation(err, "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.UpdateSummary(t.Context(), id.New(), func(sum *Summary) { sum.Count = 1 })
	if !postgres.IsCheckViolation(err, "rating_summaries_add_up") {
		t.Errorf("summary that does not add up: %v", err)
	}
}

func TestMasterRatingsPageByPage(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := id.New()
	var want []string
	for i := range 7 {
		// Two at each instant, so that the id decides.
		r := give(t, s, putAppointment(t, s, master), 5, appointmentEnd.Add(time.Duration(i/2)*time.Microsecond))
		want = append(want, r.ID)
	}
	give(t, s, putAppointment(t, s, id.New()), 1, appointmentEnd)
	slices.Reverse(want)
	for size := 1; size <= len(want)+1; size++ {
		var got []string
		var after *Cursor
		for {
			page, err := s.MasterRatings(t.Context(), master, after, size)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.ID)
			}
			last := page[len(page)-1]
			after = &Cursor{Time: last.CreateTime, ID: last.ID}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d: %v, want %v", size, got, want)
		}
	}
}
