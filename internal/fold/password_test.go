package fold_test

import (
	"testing"

	"golang.org/x/text/secure/precis"
	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/fold"
)

func TestPassword(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"ASCII stays", " Correct horse 42! ", " Correct horse 42! "},
		{"composed stays", "p\u00e4ssw\u00f6rter", "p\u00e4ssw\u00f6rter"},
		{"decomposed is composed", "pa\u0308sswo\u0308rter", "p\u00e4ssw\u00f6rter"},
		{"order of marks", "a\u0301\u0323", "\u1ea1\u0301"},
		{"Angstrom sign", "\u212bngstrom", "\u00c5ngstrom"},
		{"Hangul letters", "\u1112\u1161\u11ab", "\ud55c"},
		{"no-break space", "correct\u00a0horse", "correct horse"},
		{"ideographic and other spaces", "a\u3000b\u2002c\u202fd", "a b c d"},
		{"width stays", "\uff50assword", "\uff50assword"},
		{"case stays", "PassWord", "PassWord"},
		{"emoji of several characters", "\u2764\ufe0f \U0001f469\u200d\U0001f467", "\u2764\ufe0f \U0001f469\u200d\U0001f467"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := fold.Password(tc.in); got != tc.want {
				t.Errorf("Password(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

// What the profile OpaqueString accepts has its form, and the form of a form is itself.
func TestPasswordIsAnOpaqueString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringOfN(rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("aeo \u0308\u0301\u0323\u00a0\u3000\u212b"))), 0, 20, -1).
			Draw(t, "password")
		got := fold.Password(in)
		if again := fold.Password(got); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
		if want, err := precis.OpaqueString.String(in); err == nil && want != got {
			t.Errorf("Password(%q) = %q, the profile says %q", in, got, want)
		}
	})
}
