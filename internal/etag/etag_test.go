package etag_test

import (
	"errors"
	"math"
	"testing"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
)

func TestFormat(t *testing.T) {
	t.Parallel()
	for want, versions := range map[string][]int64{
		"7":                   {7},
		"7-3":                 {7, 3},
		"9223372036854775807": {math.MaxInt64},
	} {
		if got := etag.Format(versions...); got != want {
			t.Errorf("Format(%v) = %q", versions, got)
		}
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		etag    string
		version int64
		want    bool
	}{
		{"", 7, true},
		{"", 0, true},
		{"7", 7, true},
		{"7-3", 7, true},
		{"7-4", 7, true},
		{"*", 7, true},
		{"*", 0, false},
		{"6", 7, false},
		{"3-7", 7, false},
		{"70", 7, false},
		{`"7"`, 7, false},
		{"W/7", 7, false},
		{"+7", 7, false},
		{"-7", 7, false},
		{"07", 7, false},
		{" 7", 7, false},
		{"9223372036854775808", 7, false},
	} {
		err := etag.Match(tt.etag, tt.version)
		if tt.want != (err == nil) || err != nil && !errors.Is(err, apierr.ErrEtagMismatch) {
			t.Errorf("Match(%q, %d) = %v, want a match: %v", tt.etag, tt.version, err, tt.want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{0, 1, 42, math.MaxInt64} {
		if err := etag.Match(etag.Format(v, 5), v); err != nil {
			t.Errorf("%d: %v", v, err)
		}
	}
}
