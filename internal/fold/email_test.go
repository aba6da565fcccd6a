package fold_test

import (
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/internal/fold"
)

func TestEmail(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"lower case stays", "anna@example.com", "anna@example.com"},
		{"upper case is lowered", "Anna@EXAMPLE.com", "anna@example.com"},
		{"space around is removed", "  anna@example.com\t", "anna@example.com"},
		{"letters outside ASCII are lowered too", "ÄNNE@example.com", "änne@example.com"},
		{"dotless i is not i", "mıke@example.com", "mıke@example.com"},
		{"dotted capital i is not i", "MİKE@example.com", "mİke@example.com"},
		{"Kelvin sign is not k", "mi\u212Ae@example.com", "mi\u212Ae@example.com"},
		{"long s is not s", "u\u017Fer@example.com", "u\u017Fer@example.com"},
		{"full-width letters stay themselves", "ａnna@example.com", "ａnna@example.com"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := fold.Email(tc.in); got != tc.want {
				t.Errorf("Email(%q) = %q, want %q", tc.in, got, tc.want)
			}
		})
	}
}

// Two addresses are equal only when they differ in nothing but case: as many letters outside
// ASCII remain as there were.
func TestEmailNeverCrossesIntoASCII(t *testing.T) {
	foreign := func(s string) (n int) {
		for _, r := range s {
			if r >= utf8.RuneSelf {
				n++
			}
		}
		return n
	}
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[a-zA-Z0-9._]\PC{0,20}[a-zA-Z0-9]@[a-z]{1,5}\.[a-z]{2}`).Draw(t, "email")
		once := fold.Email(in)
		if again := fold.Email(once); again != once {
			t.Errorf("canonical %q becomes %q", once, again)
		}
		if foreign(once) != foreign(in) {
			t.Errorf("%q became %q", in, once)
		}
	})
}
