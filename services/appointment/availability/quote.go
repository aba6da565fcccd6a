package availability

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/secret"
)

// QuoteTime is how long a quote can be booked.
const QuoteTime = 15 * time.Minute

// The errors of quotes.
var (
	errQuoteInvalid = apierr.New(codes.InvalidArgument, appointmentv1.ErrorReason_ERROR_REASON_QUOTE_INVALID,
		"the quote was changed, or is none").WithField("quote", "must be the quote of a slot")
	errQuoteForeign = apierr.New(codes.InvalidArgument, appointmentv1.ErrorReason_ERROR_REASON_QUOTE_FOREIGN,
		"another installation made the quote").WithField("quote", "must be the quote of a slot of this installation")
	errQuoteExpired = apierr.New(codes.FailedPrecondition, appointmentv1.ErrorReason_ERROR_REASON_QUOTE_EXPIRED,
		"the quote has expired; search again").WithField("quote", "must be at most 15 minutes old")
)

// Quote is a plan that can be booked as it is: price, phases, buffers and lead time stay those of its issue, whatever the catalogue
// says meanwhile.
type Quote struct {
	// SalonID is the salon, Start when the appointment begins.
	SalonID string
	Start   Minute
	// Segments are the services in their order.
	Segments []QuoteSegment
	// Session is the group session of whose places it is; empty: none.
	Session string
	// Issued is when the quote was made.
	Issued time.Time
}

// QuoteSegment is one service of a quote.
type QuoteSegment struct {
	ServiceID, MasterID string
	// Offering is that of its issue.
	Offering
}

// Wants are what the quote wants: the offerings as they were when it was issued.
func (q Quote) Wants() []Want {
	wants := make([]Want, len(q.Segments))
	for i, s := range q.Segments {
		wants[i] = WantAs(s.ServiceID, s.MasterID, s.Offering)
	}
	return wants
}

// Quote is the quote of a plan.
func (r *Rules) Quote(p *Plan, issued time.Time) Quote {
	q := Quote{SalonID: r.SalonID, Start: p.From, Issued: issued}
	if p.Session != nil {
		q.Session = p.Session.ID
	}
	for _, s := range p.Segments {
		q.Segments = append(q.Segments, QuoteSegment{s.ServiceID, s.MasterID, s.Offering})
	}
	return q
}

// quoteEncoding decodes one spelling of each quote only.
var quoteEncoding = base64.RawURLEncoding.Strict()

// installationLen is how many bytes of a quote tell which installation made it.
const installationLen = 4

// Quote returns the quote of a text: QUOTE_FOREIGN for one of another installation, QUOTE_INVALID for one that was changed,
// QUOTE_EXPIRED for an old one.
func (a *Availability) Quote(text string, now time.Time) (Quote, error) {
	return a.quotes.decode(text, now)
}

// QuotePurpose is the purpose of the key that signs quotes.
const QuotePurpose = "quote"

// quotes makes and reads quotes. A quote is signed by HMAC-SHA256, so a client can neither change nor make one.
type quotes struct {
	keys []*quoteKey // the first signs; the others are those of before the secret was changed
}

// quoteKey is a key that signs quotes.
type quoteKey struct {
	// macs are hashes with the key: an answer has up to hundreds of quotes, and making a hash takes as long as signing one.
	macs sync.Pool
	// installation identifies the key without telling it.
	installation []byte
}

func newQuoteKey(key [32]byte) *quoteKey {
	k := &quoteKey{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, key[:]) }}}
	k.installation = k.sum("installation", nil)[:installationLen]
	return k
}

func newQuotes(keys, previous *secret.Keys) *quotes {
	q := &quotes{}
	for _, key := range secret.DeriveBoth(keys, previous, QuotePurpose) {
		q.keys = append(q.keys, newQuoteKey(key))
	}
	return q
}

// sum authenticates a body for a purpose.
func (k *quoteKey) sum(purpose string, body []byte) []byte {
	mac, _ := k.macs.Get().(hash.Hash) // the pool has nothing else
	defer k.macs.Put(mac)
	mac.Reset()
	mac.Write([]byte(purpose))
	mac.Write(body)
	return mac.Sum(nil)
}

func (k *quoteKey) sign(body []byte) []byte { return k.sum("quote\x00", body) }

// encode returns the text of a quote.
func (q *quotes) encode(quote Quote) (string, error) {
	body, err := quote.Encode()
	if err != nil {
		return "", err
	}
	key := q.keys[0]
	return quoteEncoding.EncodeToString(slices.Concat(key.installation, key.sign(body), body)), nil
}

// decode returns the quote of a text: errQuoteForeign for one of another installation, errQuoteInvalid for one that was changed,
// errQuoteExpired for an old one.
func (q *quotes) decode(text string, now time.Time) (Quote, error) {
	raw, err := quoteEncoding.DecodeString(text)
	// base64 skips line breaks.
	if err != nil || strings.ContainsAny(text, "\r\n") || len(raw) < installationLen+sha256.Size {
		return Quote{}, errQuoteInvalid
	}
	made, signature, body := raw[:installationLen], raw[installationLen:installationLen+sha256.Size], raw[installationLen+sha256.Size:]
	for _, key := range q.keys {
		if !hmac.Equal(made, key.installation) {
			continue
		}
		if !hmac.Equal(signature, key.sign(body)) {
			return Quote{}, errQuoteInvalid
		}
		quote, err := DecodeQuote(body)
		if err != nil {
			return Quote{}, errQuoteInvalid
		}
		if !now.Before(quote.Issued.Add(QuoteTime)) {
			return Quote{}, errQuoteExpired
		}
		return quote, nil
	}
	return Quote{}, errQuoteForeign
}
