package user

import (
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/internal/apierr"
)

// wantError checks the public half of an error.
func wantError(t testing.TB, err error, code codes.Code, reason string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %v %s", code, reason)
	}
	if e := apierr.From(err); e.Code() != code || e.ReasonName() != reason {
		t.Fatalf("error %v, want %v %s", err, code, reason)
	}
}

// wantErrorLike checks that code, reason and message of an error are those of want.
func wantErrorLike(t testing.TB, err error, want *apierr.Error) {
	t.Helper()
	wantError(t, err, want.Code(), want.ReasonName())
	if e := apierr.From(err); e.Message() != want.Message() {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// wantField checks that an error names a field.
func wantField(t testing.TB, err error, field string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one about %s", field)
	}
	for _, f := range apierr.From(err).Fields() {
		if f.GetField() == field {
			return
		}
	}
	t.Fatalf("error %v does not name %s", err, field)
}
