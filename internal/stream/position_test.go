package stream

import (
	"testing"

	"pgregory.net/rapid"
)

func parsed(t *testing.T, text string) Position {
	t.Helper()
	p, err := parsePosition(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPositionIsThatOfPostgreSQL(t *testing.T) {
	t.Parallel()
	p := parsed(t, "10:20:12,15")
	for xid, want := range map[uint64]bool{9: true, 10: true, 11: true, 12: false, 15: false, 19: true, 20: false, 21: false} {
		if got := p.Includes(xid); got != want {
			t.Errorf("includes %d: %v", xid, got)
		}
	}
	if got := p.String(); got != "10:20:12,15" {
		t.Errorf("the text is %q", got)
	}
	for _, bad := range []string{"", "1:2", "1:2:x", "x:2:", "1:x:", "1:2:3:4"} {
		if _, err := parsePosition(bad); err == nil {
			t.Errorf("%q is a position", bad)
		}
	}
}

func TestPositionsAreInOrder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		newer, older string
		want         bool
	}{
		{"10:20:12", "10:20:12", true},
		{"10:21:12", "10:20:12,13", true},
		{"10:20:12,13", "10:21:12", false},
		{"10:22:12,13", "10:21:12", false}, // 13 had ended
	} {
		if got := parsed(t, c.newer).covers(parsed(t, c.older)); got != c.want {
			t.Errorf("%s covers %s: %v", c.newer, c.older, got)
		}
	}
}

// What is taken out of a position, or lost by shortening it, is sent again; nothing else changes.
func TestPositionsWithout(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		xids := rapid.SliceOfDistinct(rapid.Uint64Range(100, 600), rapid.ID)
		p := Position{Min: 100, Max: 600}.without(xids.Draw(t, "open"))
		taken := xids.Draw(t, "taken")
		w := p.without(taken)
		if !p.covers(w) || !p.covers(p.short()) || len(p.short().Open) > maxOpen {
			t.Fatalf("%v does not cover %v", p, w)
		}
		for xid := uint64(90); xid < 610; xid++ {
			want := p.Includes(xid)
			for _, x := range taken {
				want = want && x != xid
			}
			if w.Includes(xid) != want {
				t.Fatalf("%v includes %d: %v", w, xid, !want)
			}
			if p.short().Includes(xid) && !p.Includes(xid) {
				t.Fatalf("the short form of %v includes %d", p, xid)
			}
		}
	})
}
