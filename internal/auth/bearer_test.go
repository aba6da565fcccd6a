package auth_test

import (
	"testing"

	"github.com/beauty-salon/platform/internal/auth"
)

func TestBearerToken(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"Bearer abc": "abc", "bearer abc": "abc", "BEARER abc": "abc", "Bearer   abc": "abc", "Bearer abc ": "abc",
		"": "", "abc": "", "Bearer": "", "Bearer ": "", "Basic abc": "", " Bearer abc": "", "Bearerabc": "",
		"Bearer a b": "", "Bearer a,b": "", "Bearer a, Bearer b": "", "Bearer\tabc": "", "Bearer \tabc": "",
	} {
		if got := auth.BearerToken(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}
