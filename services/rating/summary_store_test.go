package rating

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestSummaryOfUnknownMaster(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := id.New()
	if got, err := s.Summary(t.Context(), master); got != (Summary{MasterID: master}) || err != nil {
		t.Errorf("summary = %+v, %v", got, err)
	}
}

// Concurrent changes are all counted, and each gets a version of its own.
func TestSummaryUnderConcurrency(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := id.New()
	const workers, each = 8, 10
	versions := make([][]int64, workers)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := range each {
				sum, err := s.UpdateSummary(t.Context(), master, func(sum *Summary) { sum.Apply(0, 1+(w+i)%5) })
				if err != nil {
					errs[w] = err
					return
				}
				versions[w] = append(versions[w], sum.Version)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(versions...)
	slices.Sort(all)
	for i, v := range all {
		if v != int64(i+1) {
			t.Fatalf("versions %v", all)
		}
	}
	sum, err := s.Summary(t.Context(), master)
	if err != nil || sum.Count != workers*each || sum.Version != workers*each || sum.Mean() != 3 {
		t.Errorf("summary = %+v, %v", sum, err)
	}
}

// After any sequence of changes of two masters' ratings, their stored summaries are those of their stored ratings.
func TestStoredSummaryEqualsRecomputation(t *testing.T) {
	db := pgtest.New(t, Migrations)
	s := NewStore(db)
	rapid.Check(t, func(rt *rapid.T) {
		masters := []string{id.New(), id.New()}
		given := map[string][]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			master := rapid.SampledFrom(masters).Draw(rt, "master")
			stars := rapid.IntRange(MinStars, MaxStars).Draw(rt, "stars")
			action := "give"
			if len(given[master]) > 0 {
				action = rapid.SampledFrom([]string{"give", "change", "reply", "delete"}).Draw(rt, "action")
			}
			if action == "give" {
				r := NewRating(id.New(), putAppointment(t, s, master), master, stars, "", appointmentEnd)
				must(rt, db.InTx(t.Context(), func(tx *postgres.DB) error {
					must(rt, s.In(tx).InsertRating(t.Context(), r))
					_, err := s.In(tx).UpdateSummary(t.Context(), master, func(sum *Summary) { sum.Apply(0, stars) })
					return err
				}))
				given[master] = append(given[master], r.ID)
				continue
			}
			i := rapid.IntRange(0, len(given[master])-1).Draw(rt, "rating")
			ratingID := given[master][i]
			_, err := s.UpdateRating(t.Context(), ratingID, OfMaster(master, []string{id.FirstSalon}), func(tx *postgres.DB, r *Rating) (bool, error) {
				before, after := r.Stars, r.Stars
				switch action {
				case "change":
					_, err := r.Change(&stars, nil, appointmentEnd)
					must(rt, err)
					after = stars
				case "reply":
					r.Answer("thanks", appointmentEnd)
				case "delete":
					r.Delete(appointmentEnd)
					after = 0
				}
				_, err := s.In(tx).UpdateSummary(t.Context(), master, func(sum *Summary) { sum.Apply(before, after) })
				return true, err
			})
			must(rt, err)
			if action == "delete" {
				given[master] = slices.Delete(given[master], i, i+1)
			}
		}
		for _, master := range masters {
			stored, err := s.Summary(t.Context(), master)
			must(rt, err)
			ratings, err := s.MasterRatings(t.Context(), master, nil, 100)
			must(rt, err)
			want := Summary{MasterID: master, Version: stored.Version}
			for _, r := range ratings {
				want.Count++
				want.StarsSum += int64(r.Stars)
				want.Histogram[r.Stars-1]++
			}
			if stored != want {
				rt.Fatalf("stored %+v, its ratings sum up to %+v", stored, want)
			}
		}
	})
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}
