package postgres_test

import (
	"testing"

	"github.com/beauty-salon/platform/internal/postgres"
)

func TestContaining(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":        `%%`,
		"cut":     `%cut%`,
		`100%_\x`: `%100\%\_\\x%`,
	} {
		if got := postgres.Containing(text); got != want {
			t.Errorf("Containing(%q) = %q, want %q", text, got, want)
		}
	}
}
