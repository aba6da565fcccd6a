package idempotency_test

import (
	"bytes"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestSecretsAreNotStored(t *testing.T) {
	t.Parallel()
	guard, db, key := newGuard(t, "a", newClock().Now), pgtest.New(t), newKey()
	run := func() (*userv1.TokenPair, error) {
		return idempotency.Run(t.Context(), guard, db, key, newRequest(key), func(*postgres.DB) (*userv1.TokenPair, error) {
			return &userv1.TokenPair{AccessToken: "access-secret", TokenType: "Bearer", User: &userv1.User{Id: "u"}}, nil
		})
	}
	first, err := run()
	if err != nil || first.GetAccessToken() != "access-secret" {
		t.Fatalf("the first answer lacks its token: %v, %v", first, err)
	}
	again, err := run()
	if err != nil {
		t.Fatal(err)
	}
	if again.GetAccessToken() != "" || again.GetTokenType() != "Bearer" || again.GetUser().GetId() != "u" {
		t.Errorf("repeated answer %v", again)
	}
	var row string
	if err := db.Conn(t.Context()).Raw("SELECT encode(response, 'escape') || encode(request_hash, 'escape') FROM idempotency_keys").Scan(&row).Error; err != nil {
		t.Fatal(err)
	}
	for _, plain := range []string{"access-secret", "correct horse"} {
		if bytes.Contains([]byte(row), []byte(plain)) {
			t.Errorf("%q is in the database", plain)
		}
	}
}

func TestAnswersExpire(t *testing.T) {
	t.Parallel()
	now := newClock()
	s := &service{guard: newGuard(t, "a", now.Now), db: pgtest.New(t)}
	old := newKey()
	if _, err := s.register(t.Context(), old, newRequest(old)); err != nil {
		t.Fatal(err)
	}
	now.advance(idempotency.Retention - time.Second)
	young := newKey()
	if _, err := s.register(t.Context(), young, newRequest(young)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.register(t.Context(), old, newRequest(old)); err != nil || got.GetId() != "user 1" {
		t.Errorf("just before it expires: %v, %v", got, err)
	}
	now.advance(time.Second)
	if got, err := s.register(t.Context(), old, newRequest(old)); err != nil || got.GetId() != "user 3" {
		t.Errorf("expired: %v, %v", got, err)
	}
	now.advance(idempotency.Retention)
	pruned, err := idempotency.Prune(t.Context(), s.db, now.Now().Add(-idempotency.Retention))
	if err != nil || pruned != 1 || count(t, s.db) != 1 {
		t.Errorf("pruned %d, left %d, error %v", pruned, count(t, s.db), err)
	}
}

func TestPruneWorksInBatches(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	const rows = `INSERT INTO idempotency_keys
		SELECT 'c', 'm', gen_random_uuid(), '', '', now() - interval '2 days' FROM generate_series(1, 2500)`
	if err := db.Conn(t.Context()).Exec(rows).Error; err != nil {
		t.Fatal(err)
	}
	if pruned, err := idempotency.Prune(t.Context(), db, time.Now().Add(-idempotency.Retention)); err != nil || pruned != 2500 {
		t.Errorf("pruned %d, error %v", pruned, err)
	}
}

func TestRequest(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	request := func(g *idempotency.Guard, req proto.Message) idempotency.Request {
		return g.Request(db, idempotency.Key{Caller: "c", Method: "m", RequestID: "1"}, req)
	}
	guard := newGuard(t, "a", time.Now)
	base := &userv1.RegisterRequest{Email: "a", Password: "b", RequestId: "1"}
	same := &userv1.RegisterRequest{Email: "a", Password: "b", RequestId: "2"}
	if !bytes.Equal(request(guard, base).Hash, request(guard, same).Hash) {
		t.Error("the request id changes the hash")
	}
	if base.GetRequestId() != "1" {
		t.Error("hashing changed the request")
	}
	if bytes.Equal(request(guard, base).Hash, request(newGuard(t, "b", time.Now), base).Hash) {
		t.Error("another key gives the same hash")
	}
	if request(guard, base).PreviousHash != nil {
		t.Error("there is a hash under keys that there are not")
	}
	changed := idempotency.New(newKeys(t, "b"), newKeys(t, "a"), time.Now)
	if !bytes.Equal(request(changed, base).PreviousHash, request(guard, base).Hash) {
		t.Error("the hash from before the change is another one")
	}
	for name, other := range map[string]proto.Message{
		"another type, same fields": &userv1.LoginRequest{Email: "a", Password: "b"},
		"another password":          &userv1.RegisterRequest{Email: "a", Password: "c"},
		"fields swapped":            &userv1.RegisterRequest{Email: "b", Password: "a"},
	} {
		if bytes.Equal(request(guard, base).Hash, request(guard, other).Hash) {
			t.Errorf("%s: same hash", name)
		}
	}
	if got := guard.Request(db, idempotency.Key{Caller: "c", Method: "m"}, base); got.Hash != nil {
		t.Error("a call without a request id is recognized")
	}
}

func count(t *testing.T, db *postgres.DB) int {
	t.Helper()
	var n int
	if err := db.Conn(t.Context()).Raw("SELECT count(*) FROM idempotency_keys").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}
