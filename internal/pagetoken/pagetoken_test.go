package pagetoken_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/secret"
)

type cursor struct {
	Name string
	At   time.Time
	ID   string
}

func codec(t *testing.T, master byte) *pagetoken.Codec {
	t.Helper()
	keys, err := secret.NewKeys([]byte(strings.Repeat(string(rune(master)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return pagetoken.New(keys)
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
	found, err := codec(t, 'a').Decode(next, &got)
	if err != nil || !found || got != want {
		t.Errorf("got %v, %v, %v", got, found, err)
	}
	if next.GetPageToken() != token || next.GetPageSize() != 20 {
		t.Error("Decode changed the request")
	}
	// The token of the page after is bound to the same query, though it was made of the second request.
	token, err = c.Encode(next, want)
	if err != nil {
		t.Fatal(err)
	}
	if found, err := c.Decode(&userv1.ListMastersRequest{Query: "mira", PageToken: token}, &got); err != nil || !found {
		t.Errorf("third page: %v, %v", found, err)
	}
}

func TestFirstPage(t *testing.T) {
	t.Parallel()
	var got cursor
	if found, err := codec(t, 'a').Decode(&userv1.ListMastersRequest{}, &got); found || err != nil {
		t.Errorf("got %v, %v", found, err)
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
	tests := map[string]proto.Message{
		"another filter": &userv1.ListMastersRequest{Query: "other", PageToken: token},
		"another method": &userv1.ListSessionsRequest{PageToken: token},
		"another salon":  &userv1.ListMastersRequest{Query: "mira", PageToken: foreign},
		"tampered":       &userv1.ListMastersRequest{Query: "mira", PageToken: string(tampered)},
		"cut short":      &userv1.ListMastersRequest{Query: "mira", PageToken: token[:len(token)-3]},
		"too short":      &userv1.ListMastersRequest{Query: "mira", PageToken: "AAAA"},
		"padded":         &userv1.ListMastersRequest{Query: "mira", PageToken: token + "="},
		"not base64":     &userv1.ListMastersRequest{Query: "mira", PageToken: "%%%"},
		"an offset":      &userv1.ListMastersRequest{Query: "mira", PageToken: "100"},
		"a line break":   &userv1.ListMastersRequest{Query: "mira", PageToken: token[:8] + "\n" + token[8:]},
	}
	for name, req := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := cursor{}
			found, err := c.Decode(req, &got)
			var e *apierr.Error
			if found || !errors.As(err, &e) || e.ReasonName() != "INVALID_PAGE_TOKEN" || e.Fields()[0].GetField() != "page_token" {
				t.Errorf("got %v, %v", found, err)
			}
			if got != (cursor{}) {
				t.Errorf("cursor was changed: %v", got)
			}
		})
	}
}

func TestNotAQuery(t *testing.T) {
	t.Parallel()
	c := codec(t, 'a')
	if _, err := c.Decode(&userv1.GetMasterRequest{}, &cursor{}); err == nil {
		t.Error("a request without page_token is accepted")
	}
	if _, err := c.Encode(&userv1.ListMastersRequest{}, make(chan int)); err == nil {
		t.Error("a cursor that cannot be written is accepted")
	}
	if _, err := c.Encode(&userv1.ListMastersRequest{}, strings.Repeat("x", pagetoken.MaxLen)); err == nil {
		t.Error("a token that validation would refuse is made")
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	for requested, want := range map[int32]int{-1: 50, 0: 50, 1: 1, 100: 100, 101: 100, math.MaxInt32: 100} {
		if got := pagetoken.Size(requested); got != want {
			t.Errorf("Size(%d) = %d, want %d", requested, got, want)
		}
	}
}
