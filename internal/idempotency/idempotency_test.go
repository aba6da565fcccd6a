package idempotency_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, pgtest.LeakOptions()...) }

var errBoom = errors.New("boom")

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newKeys(t *testing.T, seed string) *secret.Keys {
	t.Helper()
	keys, err := secret.NewKeys(bytes.Repeat([]byte(seed), 32))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func newGuard(t *testing.T, seed string, now func() time.Time) *idempotency.Guard {
	t.Helper()
	return idempotency.New(newKeys(t, seed), nil, now)
}

// service counts how often it really does something.
type service struct {
	guard *idempotency.Guard
	db    *postgres.DB
	calls int
}

func (s *service) register(ctx context.Context, key idempotency.Key, req *userv1.RegisterRequest) (*userv1.User, error) {
	return idempotency.Run(ctx, s.guard, s.db, key, req, func(*postgres.DB) (*userv1.User, error) {
		s.calls++
		return &userv1.User{Id: fmt.Sprintf("user %d", s.calls), Email: req.GetEmail()}, nil
	})
}

func newKey() idempotency.Key {
	return idempotency.Key{Caller: "anonymous", Method: userv1.AuthService_Register_FullMethodName, RequestID: uuid.NewString()}
}

func newRequest(key idempotency.Key) *userv1.RegisterRequest {
	return &userv1.RegisterRequest{Email: "anna@example.com", Password: "correct horse", RequestId: key.RequestID}
}

func checkReason(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	var public *apierr.Error
	if !errors.As(err, &public) || public.Code() != code || public.ReasonName() != reason {
		t.Errorf("error %v, want %v %s", err, code, reason)
	}
}

func TestRepeatedRequestGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()
	s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
	key := newKey()
	first, err := s.register(t.Context(), key, newRequest(key))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.register(t.Context(), key, newRequest(key))
	if err != nil {
		t.Fatal(err)
	}
	if s.calls != 1 || !proto.Equal(first, again) {
		t.Errorf("%d calls, answers %v and %v", s.calls, first, again)
	}
}

func TestRequestOfBeforeAChangeOfTheKeys(t *testing.T) {
	t.Parallel()
	now := newClock().Now
	s := &service{guard: newGuard(t, "a", now), db: pgtest.New(t)}
	key := newKey()
	first, err := s.register(t.Context(), key, newRequest(key))
	if err != nil {
		t.Fatal(err)
	}
	s.guard = idempotency.New(newKeys(t, "b"), newKeys(t, "a"), now)
	again, err := s.register(t.Context(), key, newRequest(key))
	if err != nil || s.calls != 1 || !proto.Equal(first, again) {
		t.Errorf("%d calls, answer %v, error %v", s.calls, again, err)
	}
	other := newRequest(key)
	other.Email = "b@example.com"
	_, err = s.register(t.Context(), key, other)
	checkReason(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED")
	s.guard = newGuard(t, "b", now) // the old secret is forgotten too soon
	_, err = s.register(t.Context(), key, newRequest(key))
	checkReason(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED")
}

func TestEmptyAnswerIsRepeatedToo(t *testing.T) {
	t.Parallel()
	guard, db, key, calls := newGuard(t, "a", newClock().Now), pgtest.New(t), newKey(), 0
	for range 2 {
		_, err := idempotency.Run(t.Context(), guard, db, key, newRequest(key), func(*postgres.DB) (*emptypb.Empty, error) {
			calls++
			return &emptypb.Empty{}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if calls != 1 {
		t.Errorf("%d calls", calls)
	}
}

func TestWithoutRequestIDEveryCallCounts(t *testing.T) {
	t.Parallel()
	s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
	key := newKey()
	key.RequestID = ""
	for range 2 {
		if _, err := s.register(t.Context(), key, newRequest(key)); err != nil {
			t.Fatal(err)
		}
	}
	if s.calls != 2 {
		t.Errorf("%d calls, want 2", s.calls)
	}
}

func TestSameRequestIDForSomethingElse(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		key     func(*idempotency.Key)
		request func(*userv1.RegisterRequest)
		reused  bool
	}{
		"another body":            {request: func(r *userv1.RegisterRequest) { r.Email = "b@example.com" }, reused: true},
		"another redacted field":  {request: func(r *userv1.RegisterRequest) { r.Password = "staple" }, reused: true},
		"another caller":          {key: func(k *idempotency.Key) { k.Caller = uuid.NewString() }},
		"another method":          {key: func(k *idempotency.Key) { k.Method = "/a.B/C" }},
		"only written in another": {request: func(r *userv1.RegisterRequest) { r.RequestId = uuid.NewString() }, reused: false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
			key := newKey()
			if _, err := s.register(t.Context(), key, newRequest(key)); err != nil {
				t.Fatal(err)
			}
			req := newRequest(key)
			if tt.request != nil {
				tt.request(req)
			}
			if tt.key != nil {
				tt.key(&key)
			}
			got, err := s.register(t.Context(), key, req)
			if !tt.reused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			checkReason(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED")
			if got != nil || s.calls != 1 {
				t.Errorf("answer %v, %d calls", got, s.calls)
			}
		})
	}
}

func TestRequestInFlight(t *testing.T) {
	t.Parallel()
	guard, db, key := newGuard(t, "a", newClock().Now), pgtest.New(t), newKey()
	s := &service{guard: guard, db: db}
	inside, finish := make(chan struct{}), make(chan struct{})
	first := make(chan error, 1)
	go func() {
		_, err := idempotency.Run(t.Context(), guard, db, key, newRequest(key), func(*postgres.DB) (*userv1.User, error) {
			close(inside)
			<-finish
			return &userv1.User{Id: "first"}, nil
		})
		first <- err
	}()
	<-inside
	_, err := s.register(t.Context(), key, newRequest(key))
	checkReason(t, err, codes.Aborted, "REQUEST_IN_FLIGHT")
	var public *apierr.Error
	if errors.As(err, &public) && public.RetryAfter() <= 0 {
		t.Error("the error has no delay for a retry")
	}
	other := newKey()
	if _, err := s.register(t.Context(), other, newRequest(other)); err != nil {
		t.Errorf("another request is held up: %v", err)
	}
	close(finish)
	if err := <-first; err != nil {
		t.Fatal(err)
	}
	got, err := s.register(t.Context(), key, newRequest(key))
	if err != nil || got.GetId() != "first" {
		t.Errorf("after the first has finished: %v, %v", got, err)
	}
}

func TestManyAtOnceHappenOnce(t *testing.T) {
	t.Parallel()
	guard, db, key := newGuard(t, "a", newClock().Now), pgtest.New(t), newKey()
	var mu sync.Mutex
	calls := 0
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			_, err := idempotency.Run(t.Context(), guard, db, key, newRequest(key), func(*postgres.DB) (*userv1.User, error) {
				mu.Lock()
				defer mu.Unlock()
				calls++
				return &userv1.User{}, nil
			})
			if err != nil {
				checkReason(t, err, codes.Aborted, "REQUEST_IN_FLIGHT")
			}
		})
	}
	group.Wait()
	if calls != 1 {
		t.Errorf("%d calls, want 1", calls)
	}
}

func TestFailureIsNotStored(t *testing.T) {
	t.Parallel()
	s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
	key := newKey()
	got, err := idempotency.Run(t.Context(), s.guard, s.db, key, newRequest(key), func(*postgres.DB) (*userv1.User, error) {
		return &userv1.User{Id: "half done"}, errBoom
	})
	if !errors.Is(err, errBoom) || got != nil {
		t.Fatalf("answer %v, error %v", got, err)
	}
	if count(t, s.db) != 0 {
		t.Error("something was stored")
	}
	if got, err := s.register(t.Context(), key, newRequest(key)); err != nil || got.GetId() != "user 1" {
		t.Errorf("the next try: %v, %v", got, err)
	}
}

func TestAnswerIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
	key := newKey()
	err := s.db.InTx(t.Context(), func(tx *postgres.DB) error {
		inside := &service{guard: s.guard, db: tx}
		if _, err := inside.register(t.Context(), key, newRequest(key)); err != nil {
			return err
		}
		return errBoom
	})
	if !errors.Is(err, errBoom) || count(t, s.db) != 0 {
		t.Errorf("error %v, %d rows", err, count(t, s.db))
	}
}

func TestRequestIDMustBeAUUID(t *testing.T) {
	t.Parallel()
	s := &service{guard: newGuard(t, "a", newClock().Now), db: pgtest.New(t)}
	key := newKey()
	key.RequestID = "1"
	_, err := s.register(t.Context(), key, newRequest(key))
	checkReason(t, err, codes.InvalidArgument, "INVALID_FIELDS")
}
