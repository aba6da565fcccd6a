package availability

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/secret"
)

func keysOf(t *testing.T, b byte) *secret.Keys {
	t.Helper()
	keys, err := secret.NewKeys(bytes.Repeat([]byte{b}, secret.MinMasterLen))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestQuotes(t *testing.T) {
	now := time.Date(2027, 5, 3, 9, 0, 0, 0, time.UTC)
	ours, changed, theirs := newQuotes(keysOf(t, 'a'), nil), newQuotes(keysOf(t, 'b'), keysOf(t, 'a')), newQuotes(keysOf(t, 'c'), nil)
	quote := Quote{SalonID: id.New(), Start: 42, Issued: now, Segments: []QuoteSegment{{id.New(), id.New(), Offering{
		PriceMinor: 4500, BufferBefore: 5, BufferAfter: 10,
		Phases: []Phase{{Minutes: 30, Kinds: []string{id.New(), id.New()}}, {Wait: true, Minutes: 35}},
	}}}}
	text, err := ours.encode(quote)
	if err != nil {
		t.Fatal(err)
	}
	for name, q := range map[string]*quotes{"the same secret": ours, "a changed secret": changed} {
		got, err := q.decode(text, now.Add(QuoteTime-time.Second))
		if err != nil || !reflect.DeepEqual(got, quote) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if _, err := ours.decode(text, now.Add(QuoteTime)); !errors.Is(err, errQuoteExpired) {
		t.Errorf("after 15 minutes: %v", err)
	}
	if _, err := theirs.decode(text, now); !errors.Is(err, errQuoteForeign) {
		t.Errorf("another installation: %v", err)
	}
	for i := range text {
		b := []byte(text)
		if b[i] = 'A'; text[i] == 'A' {
			b[i] = 'B'
		}
		if _, err := ours.decode(string(b), now); err == nil {
			t.Fatalf("the quote is accepted with another character %d", i)
		}
	}
	for _, bad := range []string{"", "x", text[:20], text + "A", text + "\n", text + "="} {
		if _, err := ours.decode(bad, now); !errors.Is(err, errQuoteInvalid) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
