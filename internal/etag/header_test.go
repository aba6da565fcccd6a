package etag_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
)

func TestFromIfMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines []string
		want  string // "!" when it is not an If-Match
	}{
		{nil, ""},
		{[]string{"*"}, "*"},
		{[]string{" * "}, "*"},
		{[]string{`"7"`}, `"7"`},
		{[]string{`"7-3"`, `"8" , "9"`}, `"7", "8", "9"`},
		{[]string{`"7-3"`, "", `"7-4",,`}, `"7"`},
		{[]string{`""`}, `""`},
		{[]string{`W/""`}, `""`},
		{[]string{`W/"7"`}, `""`},
		{[]string{`W/"7", "7"`}, `"7"`},
		{[]string{`"*"`}, `""`},
		{[]string{`"0"`}, `""`},
		{[]string{"\"\xff\""}, `""`},
		{[]string{`"a,b"`}, `""`},
		{[]string{""}, "!"},
		{[]string{","}, "!"},
		{[]string{"7"}, "!"},
		{[]string{"null"}, "!"},
		{[]string{`"7`}, "!"},
		{[]string{`"7" "8"`}, "!"},
		{[]string{"*", "*"}, "!"},
		{[]string{"*", `"7"`}, "!"},
		{[]string{strings.Repeat(`"7",`, 33)}, "!"},
	} {
		got, err := etag.FromIfMatch(c.lines)
		if c.want == "!" {
			if apierr.ReasonOf(err) != "INVALID_FIELDS" {
				t.Errorf("%q: %q, %v", c.lines, got, err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%q: %q, %v, want %q", c.lines, got, err, c.want)
		}
	}
}

// TestLongestCondition: the longest list of real etags fits into the field of the contract.
func TestLongestCondition(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 32 {
		lines = append(lines, fmt.Sprintf(`"%d-4294967295"`, 9223372036854775807-int64(i)))
	}
	if got, err := etag.FromIfMatch(lines); err != nil || len(got) > 1000 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestMatchRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines, current string
		want           bool
	}{
		{"*", "7-3", true},
		{"*", "", true},
		{`"7-3"`, "7-3", true},
		{`"6", "7-3"`, "7-3", true},
		{`"7"`, "7-3", false},
		{`W/"7-3"`, "7-3", false},
		{`"7-3"`, "", false},
		{`""`, "", false},
	} {
		if got, err := etag.MatchRead([]string{c.lines}, c.current); err != nil || got != c.want {
			t.Errorf("%+v: %t, %v", c, got, err)
		}
	}
	if _, err := etag.MatchRead([]string{"7"}, "7"); err == nil {
		t.Error("an If-Match without quotes is taken")
	}
}

func TestNoneMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		lines   []string
		current string
		want    bool
	}{
		{[]string{`"7"`}, `"7"`, true},
		{[]string{`W/"7"`}, `"7"`, true},
		{[]string{`"7"`}, `W/"7"`, true},
		{[]string{`"6","7"`}, `"7"`, true},
		{[]string{`"6", W/"7" `}, `"7"`, true},
		{[]string{`"6"`, `"7"`}, `"7"`, true},
		{[]string{`"a,7"`}, `"7"`, false},
		{[]string{"*"}, `"7"`, true},
		{[]string{`"*"`}, `"7"`, false},
		{[]string{`*, "6"`}, `"7"`, false},
		{[]string{`"6"`}, `"7"`, false},
		{[]string{"7"}, `"7"`, false},
		{[]string{"*"}, "", false},
		{[]string{""}, `"7"`, false},
		{nil, `"7"`, false},
	} {
		if got := etag.NoneMatch(c.lines, c.current); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
