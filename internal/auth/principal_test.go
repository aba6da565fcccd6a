package auth

import (
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

func TestPrincipalInContext(t *testing.T) {
	ctx := t.Context()
	if p, ok := FromContext(ctx); ok {
		t.Errorf("an empty context has the caller %v", p)
	}
	ctx = WithPrincipal(ctx, anna())
	if p, ok := FromContext(ctx); !ok || p != anna() {
		t.Errorf("FromContext = %v, %v", p, ok)
	}
}

func TestIsAdmin(t *testing.T) {
	for value := range apiv1.Role_name {
		role := apiv1.Role(value)
		if got, want := (Principal{Role: role}).IsAdmin(), role == apiv1.Role_ROLE_ADMIN; got != want {
			t.Errorf("IsAdmin of %s = %v", role, got)
		}
	}
}
