package pagetoken

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/secret"
)

type cursor struct {
	Name string
	At   time.Time
	ID   string
}

func codec(t *testing.T, master byte) *Codec {
	t.Helper()
	keys, err := secret.NewKeys([]byte(strings.Repeat(string(rune(master)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return New(keys)
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	query := &userv1.ListMastersRequest{Query: "mira", PageSize: 10}
	want := cursor{Name: "Mira", At: time.Date(2027, 1, 2, 3, 4, 5, 6000, time.UTC), ID: "m1"}
	token, err := c.Encode(query, want)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(token, "Mira") || strings.ContainsAny(token, "+/=") {
		t.Errorf("the token is readable or not fit for a URL: %q", token)
	}
	// The next page may be of another size, and another instance with the same keys may serve it.
	next := &userv1.ListMastersRequest{Query: "mira", PageSize: 20, PageToken: token}
	var got cursor
	if err := codec(t, 'a').Decode(next, &got); err != nil || got != want {
		t.Errorf("got %v, %v", got, err)
	}
	if next.GetPageToken() != token || next.GetPageSize() != 20 {
		t.Error("decode changed the request")
	}
	// The token of the third page is bound to the same query, although it was made from the second request.
	token, err = c.Encode(next, want)
	if err != nil {
		t.Fatal(err)
	}
	got = cursor{}
	if err := c.Decode(&userv1.ListMastersRequest{Query: "mira", PageToken: token}, &got); err != nil || got != want {
		t.Errorf("third page: %v, %v", got, err)
	}
}

func TestFirstPage(t *testing.T) {
	t.Parallel()
	var got cursor
	if err := codec(t, 'a').Decode(&userv1.ListMastersRequest{}, &got); err != nil || got != (cursor{}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	query := &userv1.ListMastersRequest{Query: "mira"}
	token, err := c.Encode(query, cursor{ID: "m1"})
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := codec(t, 'b').Encode(query, cursor{ID: "m1"})
	if err != nil {
		t.Fatal(err)
	}
	tampered := []byte(token)
	tampered[len(tampered)/2] ^= 1
	tests := map[string]Request{
		"another filter":       &userv1.ListMastersRequest{Query: "other", PageToken: token},
		"another method":       &userv1.ListSessionsRequest{PageToken: token},
		"another installation": &userv1.ListMastersRequest{Query: "mira", PageToken: foreign},
		"tampered":             &userv1.ListMastersRequest{Query: "mira", PageToken: string(tampered)},
		"cut short":            &userv1.ListMastersRequest{Query: "mira", PageToken: token[:len(token)-3]},
		"too short":            &userv1.ListMastersRequest{Query: "mira", PageToken: "AAAA"},
		"padded":               &userv1.ListMastersRequest{Query: "mira", PageToken: token + "="},
		"not base64":           &userv1.ListMastersRequest{Query: "mira", PageToken: "%%%"},
		"an offset":            &userv1.ListMastersRequest{Query: "mira", PageToken: "100"},
		"a line break":         &userv1.ListMastersRequest{Query: "mira", PageToken: token[:8] + "\n" + token[8:]},
	}
	for name, req := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cursor{}
			err := c.Decode(req, &got)
			var e *apierr.Error
			if !errors.As(err, &e) || e.ReasonName() != "INVALID_PAGE_TOKEN" || e.Fields()[0].GetField() != "page_token" {
				t.Errorf("got %v", err)
			}
			if got != (cursor{}) {
				t.Errorf("cursor was changed: %v", got)
			}
		})
	}
}

func TestBadCursor(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	if _, err := c.Encode(&userv1.ListMastersRequest{}, make(chan int)); err == nil {
		t.Error("a cursor that cannot be encoded is accepted")
	}
	if _, err := c.Encode(&userv1.ListMastersRequest{}, strings.Repeat("x", maxLen)); err == nil {
		t.Error("a token that validation would refuse is made")
	}
}

func TestPageSize(t *testing.T) {
	t.Parallel()
	for requested, want := range map[int32]int{-1: 50, 0: 50, 1: 1, 100: 100, 101: 100, math.MaxInt32: 100} {
		if got := pageSize(requested); got != want {
			t.Errorf("pageSize(%d) = %d, want %d", requested, got, want)
		}
	}
}
