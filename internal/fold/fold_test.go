package fold_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/fold"
)

func TestText(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"case", "Balayage", "bALAYAGE"},
		{"accents", "É", "e"},
		{"composed and decomposed accents", "caf\u00e9", "cafe\u0301"},
		{"accents and case in a word", "Élodie", "ELODIE"},
		{"sharp s", "Straße", "STRASSE"},
		{"capital sharp s", "STRA\u1e9eE", "strasse"},
		{"dotted capital i", "İstanbul", "istanbul"},
		{"ligature", "ﬁn", "FIN"},
		{"Greek final sigma", "ΟΔΟΣ", "οδος"},
		{"Greek accents", "Οδός", "ΟΔΟΣ"},
		{"Kelvin sign", "\u212Aelvin", "kelvin"},
		{"full-width letters", "ＡＢＣ", "abc"},
		{"Cyrillic", "Ёлка", "елка"},
		{"space around", "  cut\t", "cut"},
	} {
		if a, b := fold.Text(tt.a), fold.Text(tt.b); a != b {
			t.Errorf("%s: %q folds to %q, %q to %q", tt.name, tt.a, a, tt.b, b)
		}
	}
}

func TestTextKeepsApart(t *testing.T) {
	for _, tt := range []struct{ name, a, b string }{
		{"words", "cut", "cute"},
		{"dotless i", "ı", "i"},
		{"ø, which is a letter of its own", "ø", "o"},
		{"wildcards of SQL", "50%", "50_"},
		{"space between words", "cut and dry", "cutanddry"},
	} {
		if a, b := fold.Text(tt.a), fold.Text(tt.b); a == b {
			t.Errorf("%s: %q and %q both fold to %q", tt.name, tt.a, tt.b, a)
		}
	}
}

func TestTextThatIsNotUTF8(t *testing.T) {
	if got := fold.Text("\xffA"); !strings.HasSuffix(got, "a") {
		t.Errorf("got %q", got)
	}
}

// A folded text stays as it is, and folding does not depend on case.
func TestTextIsStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "text")
		once := fold.Text(s)
		if twice := fold.Text(once); twice != once {
			t.Errorf("%q folds to %q and then to %q", s, once, twice)
		}
	})
}
