package etag_test

import (
	"errors"
	"math"
	"strings"
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
		{`"7"`, 7, true},
		{`"7-3"`, 7, true},
		{`"6", "7"`, 7, true},
		{`"6","8" ,`, 7, false},
		{`W/"7"`, 7, false},
		{`W/"7", "7"`, 7, true},
		{`"*"`, 7, false},
		{`""`, 7, false},
		{`W/""`, 7, false},
		{`"a,b", "7"`, 7, true},
		{"0", 0, true},
		{"0", 7, false},
		{`"0"`, 0, false},
		{`""`, 0, false},
		{"7", 0, false},
		{"W/7", 7, false},
		{"+7", 7, false},
		{"-7", 7, false},
		{"07", 7, false},
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

// TestSyntax: text that is no condition is refused, whatever the version.
func TestSyntax(t *testing.T) {
	t.Parallel()
	for _, condition := range []string{
		" 7", "7 ", "7, 8", `"7`, `7"`, `"7" "8"`, `"7"8`, `w/"7"`, `W/ "7"`, `"a b"`, "\"\x01\"", ",", " , ", `*, "7"`, `"7", *`, "*, *",
		strings.Repeat(`"7",`, 33), "7\x00",
	} {
		if err := etag.Match(condition, 7); apierr.ReasonOf(err) != "INVALID_FIELDS" {
			t.Errorf("Match(%q) = %v", condition, err)
		}
		if _, err := etag.Both("7", condition); apierr.ReasonOf(err) != "INVALID_FIELDS" {
			t.Errorf("Both(%q) = %v", condition, err)
		}
		if _, err := etag.Both(condition, ""); apierr.ReasonOf(err) != "INVALID_FIELDS" {
			t.Errorf("Both(%q) = %v", condition, err)
		}
	}
}

func TestBoth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ a, b, want string }{
		{"", "", ""},
		{"7", "", "7"},
		{"*", "", "*"},
		{"*", "*", "*"},
		{"*", `"7", "8"`, `"7", "8"`},
		{"0", "", "0"},
		{"0", "0", "0"},
		{"0", "*", `""`},
		{"7", "7-3", `"7"`},
		{"7", "8", `""`},
		{`"6", "7", "8"`, `"8", "7-1", "9"`, `"7", "8"`},
		{`"7"`, `W/"7"`, `""`},
		{`""`, `""`, `""`},
	} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			got, err := etag.Both(pair[0], pair[1])
			for version := range int64(10) {
				met := etag.Match(c.a, version) == nil && etag.Match(c.b, version) == nil
				if err != nil || met != (etag.Match(got, version) == nil) {
					t.Errorf("Both(%q) = %q, %v: wrong for %d", pair, got, err, version)
				}
			}
		}
		if got, _ := etag.Both(c.a, c.b); got != c.want {
			t.Errorf("Both(%q, %q) = %q, want %q", c.a, c.b, got, c.want)
		}
	}
}
