package rating

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMean(t *testing.T) {
	tests := []struct {
		name  string
		stars []int
		want  float64
	}{
		{"none", nil, 0},
		{"one", []int{4}, 4},
		{"whole", []int{1, 5}, 3},
		{"a half", []int{4, 5}, 4.5},
		{"thirds", []int{5, 5, 4}, 14.0 / 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var s Summary
			for _, stars := range tt.stars {
				s.Apply(0, stars)
			}
			if got := s.Mean(); got != tt.want {
				t.Errorf("Mean = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestSummaryOfLargeNumbers(t *testing.T) {
	s := Summary{Count: math.MaxInt32 - 1, StarsSum: int64(math.MaxInt32-1) * 5, Histogram: [5]int{4: math.MaxInt32 - 1}}
	s.Apply(0, 5)
	if s.StarsSum != int64(math.MaxInt32)*5 || s.Mean() != 5 {
		t.Errorf("sum = %d, mean = %v", s.StarsSum, s.Mean())
	}
}

// After any sequence of ratings, changes and deletions, the summary is that of the ratings that are left, and its version is
// the number of steps.
func TestSummaryEqualsItsRatings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Summary
		var left []int
		star := rapid.IntRange(MinStars, MaxStars)
		steps := rapid.IntRange(0, 60).Draw(t, "steps")
		for range steps {
			i := -1
			if len(left) > 0 {
				i = rapid.IntRange(-1, len(left)-1).Draw(t, "rating")
			}
			switch {
			case i < 0:
				n := star.Draw(t, "given")
				s.Apply(0, n)
				left = append(left, n)
			case rapid.Bool().Draw(t, "delete"):
				s.Apply(left[i], 0)
				left = append(left[:i], left[i+1:]...)
			default:
				n := star.Draw(t, "changed")
				s.Apply(left[i], n)
				left[i] = n
			}
		}
		want := Summary{Version: int64(steps)}
		for _, n := range left {
			want.Count++
			want.StarsSum += int64(n)
			want.Histogram[n-1]++
		}
		if s != want {
			t.Fatalf("summary = %+v, want %+v", s, want)
		}
		if mean := s.Mean(); len(left) > 0 && (mean < MinStars || mean > MaxStars) {
			t.Fatalf("mean = %v", mean)
		}
	})
}
