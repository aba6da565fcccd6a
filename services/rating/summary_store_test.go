package rating

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestSummaryOfNobody(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := newID(t)
	if got, err := s.Summary(t.Context(), master); got != (Summary{MasterID: master}) || err != nil {
		t.Errorf("summary = %+v, %v", got, err)
	}
}

// Whoever changes ratings of a master at the same time: no change is lost and no version is used twice.
func TestSummaryUnderConcurrency(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	master := newID(t)
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

// Whatever is done to the ratings of two masters: their stored summaries are what their stored ratings sum up to.
func TestStoredSummaryEqualsRecomputation(t *testing.T) {
	db := pgtest.New(t, Migrations)
	s := NewStore(db)
	rapid.Check(t, func(rt *rapid.T) {
		masters := []string{newID(t), newID(t)}
		given := map[string][]string{}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			master := rapid.SampledFrom(masters).Draw(rt, "master")
			stars := rapid.IntRange(MinStars, MaxStars).Draw(rt, "stars")
			action := "give"
			if len(given[master]) > 0 {
				action = rapid.SampledFrom([]string{"give", "change", "reply", "delete"}).Draw(rt, "action")
			}
			if action == "give" {
				v := visitOf(t, s, master)
				r := NewRating(newID(t), v, stars, "", visitEnd)
				must(rt, db.InTx(t.Context(), func(tx *postgres.DB) error {
					must(rt, NewStore(tx).InsertRating(t.Context(), r))
					_, err := NewStore(tx).UpdateSummary(t.Context(), master, func(sum *Summary) { sum.Apply(0, stars) })
					return err
				}))
				given[master] = append(given[master], r.ID)
				continue
			}
			i := rapid.IntRange(0, len(given[master])-1).Draw(rt, "rating")
			id := given[master][i]
			_, err := s.UpdateRating(t.Context(), id, OfMaster(master), func(tx *postgres.DB, r *Rating) (bool, error) {
				before, after := r.Stars, r.Stars
				switch action {
				case "change":
					_, err := r.Change(&stars, nil, visitEnd)
					must(rt, err)
					after = stars
				case "reply":
					r.Answer("thanks", visitEnd)
				case "delete":
					r.Delete(visitEnd)
					after = 0
				}
				_, err := NewStore(tx).UpdateSummary(t.Context(), master, func(sum *Summary) { sum.Apply(before, after) })
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
