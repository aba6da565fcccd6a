package servicetest

import (
	"errors"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/apierr"
)

// WantMessage fails the test unless two messages are equal.
func WantMessage(t testing.TB, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// WantError fails the test unless err has the code and the reason, and blames the field first; an empty
// field means that no field is to blame.
func WantError(t testing.TB, err error, code codes.Code, reason, field string) {
	t.Helper()
	if got := status.Code(err); got != code {
		t.Errorf("code %v, want %v: %v", got, code, err)
	}
	if got := apierr.ReasonOf(err); got != reason {
		t.Errorf("reason %q, want %q: %v", got, reason, err)
	}
	if got := FieldOf(err); got != field {
		t.Errorf("blames %q, want %q: %v", got, field, err)
	}
}

// FieldOf returns the first field that an error blames, empty when that is none.
func FieldOf(err error) string {
	refused, ok := errors.AsType[*apierr.Error](err)
	if !ok || len(refused.Fields()) == 0 {
		return ""
	}
	return refused.Fields()[0].GetField()
}
