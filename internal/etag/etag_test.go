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
	invalid := apierr.InvalidField("etag", "")
	for _, tt := range []struct {
		etag    string
		version int64
		want    error
	}{
		{"", 7, nil},
		{"7", 7, nil},
		{"7-3", 7, nil},
		{"7-4", 7, nil},
		{"6", 7, apierr.EtagMismatch()},
		{"8", 7, apierr.EtagMismatch()},
		{"3-7", 7, apierr.EtagMismatch()},
		{"70", 7, apierr.EtagMismatch()},
		{`"7"`, 7, invalid},
		{"W/7", 7, invalid},
		{"+7", 7, invalid},
		{"-7", 7, invalid},
		{"7-", 7, invalid},
		{"7-x", 7, invalid},
		{"*", 7, invalid},
		{" 7", 7, invalid},
		{"0x7", 7, invalid},
		{"7_0", 70, invalid},
		{"9223372036854775808", 7, invalid},
	} {
		if err := etag.Match(tt.etag, tt.version); !errors.Is(err, tt.want) {
			t.Errorf("Match(%q, %d) = %v, want %v", tt.etag, tt.version, err, tt.want)
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
