package idempotency_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestRecall(t *testing.T) {
	t.Parallel()
	db, key, now := pgtest.New(t), newKey(), newClock()
	before := newGuard(t, "a", now.Now)
	request, other := newRequest(key), &userv1.LoginRequest{Email: "another request"}
	answer := &userv1.User{Id: "u"}
	_, err := idempotency.Run(t.Context(), before, db, key, request, func(*postgres.DB) (*userv1.User, error) { return answer, nil })
	if err != nil {
		t.Fatal(err)
	}
	after := idempotency.New(newKeys(t, "b"), newKeys(t, "a"), now.Now)
	unknown := key
	unknown.RequestID = newKey().RequestID
	for _, tt := range []struct {
		name  string
		guard *idempotency.Guard
		r     idempotency.Request
		found bool
		want  error
	}{
		{"known", before, before.Request(db, key, request), true, nil},
		{"known from before a change of the keys", after, after.Request(db, key, request), true, nil},
		{"another request", before, before.Request(db, key, other), false, idempotency.ErrReused},
		{"another request, after a change of the keys", after, after.Request(db, key, other), false, idempotency.ErrReused},
		{"unknown", before, before.Request(db, unknown, request), false, nil},
		{"without a request id", before, before.Request(db, idempotency.Key{Caller: key.Caller}, &emptypb.Empty{}), false, nil},
	} {
		stored, err := tt.guard.Recall(t.Context(), db, tt.r)
		if !errors.Is(err, tt.want) || (stored != nil) != tt.found {
			t.Errorf("%s: %q, %v, want %v", tt.name, stored, err, tt.want)
			continue
		}
		if !tt.found {
			continue
		}
		if got, err := idempotency.Decode[*userv1.User](stored); err != nil || got.GetId() != "u" {
			t.Errorf("%s: %v, %v", tt.name, got, err)
		}
	}
	known := before.Request(db, key, request)
	for _, tt := range []struct {
		age  time.Duration
		kept bool
	}{{idempotency.Retention - time.Microsecond, true}, {time.Microsecond, false}} {
		now.advance(tt.age)
		if err := before.Forget(t.Context(), db, known); err != nil {
			t.Fatal(err)
		}
		if stored, err := before.Recall(t.Context(), db, known); err != nil || (stored != nil) != tt.kept || (count(t, db) == 1) != tt.kept {
			t.Errorf("%v later: %q, %v", tt.age, stored, err)
		}
	}
}
