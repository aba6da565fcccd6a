package availability

import "slices"

// A list of spans is sorted, and its spans neither overlap nor touch.

// begun returns how many spans of a list begin at m or earlier.
func begun(list []Span, m Minute) int {
	low, high := 0, len(list)
	for low < high {
		if middle := int(uint(low+high) >> 1); list[middle].From <= m {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// contains reports whether a list has all of s.
func contains(list []Span, s Span) bool {
	if s.From >= s.To {
		return true
	}
	last := begun(list, s.From) - 1
	return last >= 0 && s.To <= list[last].To
}

// overlaps reports whether a list has a part of s.
func overlaps(list []Span, s Span) bool {
	if s.From >= s.To {
		return false
	}
	last := begun(list, s.To-1) - 1
	return last >= 0 && s.From < list[last].To
}

// minutesIn returns how much of s a list has.
func minutesIn(list []Span, s Span) Minute {
	var sum Minute
	for i := max(begun(list, s.From)-1, 0); i < len(list) && list[i].From < s.To; i++ {
		sum += max(0, min(list[i].To, s.To)-max(list[i].From, s.From))
	}
	return sum
}

// appendSpan appends a span that does not begin before the last one of the list. It joins those that overlap or touch.
func appendSpan(list []Span, s Span) []Span {
	last := len(list) - 1
	switch {
	case s.From >= s.To:
		return list
	case last >= 0 && s.From <= list[last].To:
		list[last].To = max(list[last].To, s.To)
		return list
	default:
		return append(list, s)
	}
}

// listOf returns the list of what spans in any order have. It sorts them.
func listOf(spans []Span) []Span {
	slices.SortFunc(spans, func(a, b Span) int { return int(a.From - b.From) })
	var list []Span
	for _, s := range spans {
		list = appendSpan(list, s)
	}
	return list
}

// union returns what at least one of two lists has. It may be one of the two itself, so it must not be changed.
func union(a, b []Span) []Span {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	return listOf(slices.Concat(a, b))
}

// intersect returns what both lists have.
func intersect(a, b []Span) []Span {
	list := make([]Span, 0, max(len(a), len(b)))
	for i, j := 0, 0; i < len(a) && j < len(b); {
		list = appendSpan(list, Span{max(a[i].From, b[j].From), min(a[i].To, b[j].To)})
		if a[i].To < b[j].To {
			i++
		} else {
			j++
		}
	}
	return list
}

// subtract returns what a list has and another one has not.
func subtract(list, away []Span) []Span {
	if len(away) == 0 {
		return list
	}
	rest := make([]Span, 0, len(list)+len(away))
	j := 0
	for _, s := range list {
		for j < len(away) && away[j].To <= s.From {
			j++
		}
		for k := j; k < len(away) && away[k].From < s.To; k++ {
			rest = appendSpan(rest, Span{s.From, away[k].From})
			s.From = max(s.From, away[k].To)
		}
		rest = appendSpan(rest, s)
	}
	return rest
}
