package auth

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2027, 3, 1, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// keysOf makes the keys of a master secret that is 32 times the same byte.
func keysOf(t testing.TB, b byte) *secret.Keys {
	t.Helper()
	k, err := secret.NewKeys(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func anna() Principal {
	return Principal{
		UserID:    "0190a5a0-0000-7000-8000-000000000001",
		Role:      apiv1.Role_ROLE_CUSTOMER,
		SessionID: "0190a5a0-0000-7000-8000-00000000000a",
		Memberships: []Membership{
			{SalonID: salonA, Roles: []apiv1.SalonRole{master, manager}},
			{SalonID: salonB, Roles: []apiv1.SalonRole{receptionist}},
		},
	}
}

const (
	salonA = "0190a5a0-0000-7000-8000-0000000000a1"
	salonB = "0190a5a0-0000-7000-8000-0000000000b1"
	salonC = "0190a5a0-0000-7000-8000-0000000000c1"

	master       = apiv1.SalonRole_SALON_ROLE_MASTER
	receptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
	manager      = apiv1.SalonRole_SALON_ROLE_MANAGER
)

// wantCode fails the test unless err is an *apierr.Error of a code.
func wantCode(t testing.TB, err error, code codes.Code) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if apierr.From(err).Code() != code {
		t.Fatalf("error %v, want %s", err, code)
	}
}

// jws puts a token together from parts, signed with sign over what a JWS signs.
func jws(t testing.TB, header, body map[string]any, sign func(string) []byte) string {
	t.Helper()
	encode := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	head := encode(header) + "." + encode(body)
	return head + "." + base64.RawURLEncoding.EncodeToString(sign(head))
}

func signEd25519(key ed25519.PrivateKey) func(string) []byte {
	return func(s string) []byte { return ed25519.Sign(key, []byte(s)) }
}

// corrupt changes the first character of a part of a token.
func corrupt(token string, part int) string {
	parts := strings.Split(token, ".")
	first := byte('A')
	if parts[part][0] == first {
		first = 'B'
	}
	parts[part] = string(first) + parts[part][1:]
	return strings.Join(parts, ".")
}
