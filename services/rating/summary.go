package rating

// Summary sums up the ratings of a master. Deleted ratings do not count.
type Summary struct {
	// MasterID is who is rated.
	MasterID string
	// Count is how many ratings there are.
	Count int
	// StarsSum is the sum of their stars.
	StarsSum int64
	// Histogram is how many ratings have 1, 2, 3, 4 and 5 stars.
	Histogram [MaxStars]int
	// Version counts the changes of the master's ratings, also those that leave the stars as they are. It is the aggregate
	// version of the master's rating events; 0 before the first rating.
	Version int64
}

// Mean returns the mean of the stars, 1 to 5; 0 without a rating.
func (s Summary) Mean() float64 {
	if s.Count == 0 {
		return 0
	}
	return float64(s.StarsSum) / float64(s.Count)
}

// Apply replaces one rating's stars and counts the change. 0 stars mean that there is no rating: before it was given, or
// after it was deleted.
func (s *Summary) Apply(before, after int) {
	s.add(before, -1)
	s.add(after, +1)
	s.Version++
}

func (s *Summary) add(stars, n int) {
	if stars == 0 {
		return
	}
	s.Count += n
	s.StarsSum += int64(n * stars)
	s.Histogram[stars-MinStars] += n
}
