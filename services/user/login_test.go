package user

import (
	"slices"
	"testing"

	"github.com/beauty-salon/platform/internal/ratelimit"
)

func TestSignInCeilings(t *testing.T) {
	const email = "anna@example.com"
	counts := func(ceilings []ratelimit.Ceiling) (out []int) {
		for _, c := range ceilings {
			out = append(out, c.Allowed)
		}
		return out
	}
	pair, all := []int{loginFailures}, []int{loginFailures, accountFailures, addressFailures}
	for _, tc := range []struct {
		name, address string
		known         bool
		want          []int
	}{
		{"elsewhere", "203.0.113.7", false, all},
		{"elsewhere, IPv6", "2001:db8::1", false, all},
		{"known", "203.0.113.7", true, pair},
		{"this machine", "127.0.0.1", false, all[:2]},
		{"this machine, IPv6", "::1", false, all[:2]},
		{"this machine, mapped", "::ffff:127.0.0.1", false, all[:2]},
		{"a unix socket", "@", false, all[:2]},
		{"not known", "", false, all[:2]},
	} {
		if got := counts(signInCeilings(email, tc.address, tc.known)); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
	same := func(a, b string) bool {
		return slices.Equal(signInCeilings(email, a, false), signInCeilings(email, b, false))
	}
	if !same("2001:db8::1", "2001:db8::ffff:1") || !same("::ffff:203.0.113.7", "203.0.113.7") || same("203.0.113.7", "203.0.113.8") {
		t.Error("the ceilings are not those of the network")
	}
	// No key is the key of another ceiling.
	keys := map[string]bool{}
	for _, c := range slices.Concat(signInCeilings(email, "203.0.113.7", false), changeCeilings(email, "203.0.113.7"),
		signInCeilings("203.0.113.7", email, false)) {
		keys[c.Key] = true
	}
	if len(keys) != 6 {
		t.Errorf("keys %v", keys)
	}
}
