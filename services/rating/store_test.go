package rating

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func newID(t interface{ Fatalf(string, ...any) }) string {
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatalf("make an id: %v", err)
	}
	return id.String()
}

// visitOf stores a completed visit and returns it.
func visitOf(t *testing.T, s *Store, master string) Visit {
	t.Helper()
	v := Visit{
		AppointmentID: newID(t), CustomerID: newID(t), MasterID: master,
		State: stateCompleted, CompleteTime: visitEnd, Version: 1,
	}
	if err := s.PutVisit(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	return v
}

// give stores a rating of a visit.
func give(t *testing.T, s *Store, v Visit, stars int, at time.Time) Rating {
	t.Helper()
	r := NewRating(newID(t), v, stars, "nice", at)
	if err := s.InsertRating(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMigrationsGoUpAndDown(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.CheckSchema(t.Context(), server.DB("ratings"), Migrations); err != nil {
		t.Error(err)
	}
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), server.DB("ratings"), Migrations); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("after the rollback: %v", err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Error(err)
	}
}

func TestVisitKeepsTheNewest(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	if _, known, err := s.Visit(t.Context(), newID(t)); known || err != nil {
		t.Errorf("unknown visit: %v, %v", known, err)
	}
	v := Visit{AppointmentID: newID(t), CustomerID: newID(t), MasterID: newID(t), State: "CONFIRMED", Version: 2}
	older, newer := v, v
	older.State, older.Version = "PENDING", 1
	newer.State, newer.CompleteTime, newer.Version = stateCompleted, visitEnd, 3
	for i, put := range []struct{ visit, want Visit }{{v, v}, {older, v}, {v, v}, {newer, newer}, {older, newer}} {
		if err := s.PutVisit(t.Context(), put.visit); err != nil {
			t.Fatal(err)
		}
		if got, known, err := s.Visit(t.Context(), v.AppointmentID); got != put.want || !known || err != nil {
			t.Errorf("%d: got %+v, %v, %v, want %+v", i, got, known, err, put.want)
		}
	}
}

func TestRatingIsKeptAsItIs(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	r := give(t, s, visitOf(t, s, newID(t)), 4, visitEnd)
	if got, err := s.Rating(t.Context(), r.ID); got != r || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, r)
	}
	if _, err := s.Rating(t.Context(), newID(t)); !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("unknown rating: %v", err)
	}

	text := "was: 'nice'; DROP TABLE ratings; -- 💇"
	changed, err := s.UpdateRating(t.Context(), r.ID, OfCustomer(r.CustomerID), func(_ *postgres.DB, r *Rating) (bool, error) {
		two := 2
		_, err := r.Change(&two, &text, visitEnd.Add(time.Hour))
		r.Answer("thanks", visitEnd.Add(2*time.Hour))
		return true, err
	})
	if err != nil || changed.Stars != 2 || changed.Comment != text || changed.Reply != "thanks" || changed.Version != 3 {
		t.Fatalf("changed = %+v, %v", changed, err)
	}
	if got, err := s.Rating(t.Context(), r.ID); got != changed || err != nil {
		t.Errorf("got %+v, %v, want %+v", got, err, changed)
	}
}

func TestUpdateRatingLeavesAsTold(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	r := give(t, s, visitOf(t, s, newID(t)), 4, visitEnd)
	refuse := errors.New("no")
	for _, tt := range []struct {
		name  string
		scope Scope
		store bool
		fail  error
		want  error
	}{
		{"of another customer", OfCustomer(newID(t)), true, nil, ErrRatingNotFound},
		{"of another master", OfMaster(r.CustomerID), true, nil, ErrRatingNotFound},
		{"of nobody", Scope{}, true, nil, ErrRatingNotFound},
		{"nothing to store", OfMaster(r.MasterID), false, nil, nil},
		{"refused", OfAnybody(), true, refuse, refuse},
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

func TestOneRatingAVisitForEver(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	v := visitOf(t, s, newID(t))
	r := give(t, s, v, 4, visitEnd)
	again := NewRating(newID(t), v, 1, "", visitEnd)
	if err := s.InsertRating(t.Context(), again); !errors.Is(err, ErrAlreadyRated) {
		t.Errorf("second rating: %v", err)
	}
	_, err := s.UpdateRating(t.Context(), r.ID, OfAnybody(), func(_ *postgres.DB, r *Rating) (bool, error) {
		r.Delete(visitEnd.Add(time.Hour))
		return true, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Rating(t.Context(), r.ID); !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("deleted rating: %v", err)
	}
	if list, err := s.MasterRatings(t.Context(), v.MasterID, nil, 10); len(list) != 0 || err != nil {
		t.Errorf("list = %+v, %v", list, err)
	}
	if err := s.InsertRating(t.Context(), again); !errors.Is(err, ErrAlreadyRated) {
		t.Errorf("rating after deletion: %v", err)
	}
	_, err = s.UpdateRating(t.Context(), r.ID, OfAnybody(), func(*postgres.DB, *Rating) (bool, error) { return true, nil })
	if !errors.Is(err, ErrRatingNotFound) {
		t.Errorf("change of a deleted rating: %v", err)
	}
}

func TestRatingNeedsAVisit(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	v := completedVisit()
	v.AppointmentID, v.CustomerID, v.MasterID = newID(t), newID(t), newID(t)
	err := s.InsertRating(t.Context(), NewRating(newID(t), v, 5, "", visitEnd))
	if !postgres.IsForeignKeyViolation(err, "") {
		t.Errorf("err = %v", err)
	}
}

// The database refuses what the code should never write.
func TestConstraints(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	for name, spoil := range map[string]func(*Rating){
		"no stars":              func(r *Rating) { r.Stars = 0 },
		"six stars":             func(r *Rating) { r.Stars = 6 },
		"reply without a time":  func(r *Rating) { r.Reply = "thanks" },
		"time without a reply":  func(r *Rating) { r.ReplyTime = visitEnd },
		"tombstone that speaks": func(r *Rating) { r.DeleteTime = visitEnd },
		"version 0":             func(r *Rating) { r.Version = 0 },
	} {
		r := NewRating(newID(t), visitOf(t, s, newID(t)), 5, "nice", visitEnd)
		spoil(&r)
		if err := s.InsertRating(t.Context(), r); !postgres.IsCheckViolation(err, "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := s.UpdateSummary(t.Context(), newID(t), func(sum *Summary) { sum.Count = 1 })
	if !postgres.IsCheckViolation(err, "rating_summaries_add_up") {
		t.Errorf("summary that does not add up: %v", err)
	}
}

func TestMasterRatingsPageByPage(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := newID(t)
	var want []string
	for i := range 7 {
		// Two a moment, so that the id decides.
		r := give(t, s, visitOf(t, s, master), 5, visitEnd.Add(time.Duration(i/2)*time.Microsecond))
		want = append(want, r.ID)
	}
	give(t, s, visitOf(t, s, newID(t)), 1, visitEnd)
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
