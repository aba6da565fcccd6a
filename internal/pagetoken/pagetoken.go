// Package pagetoken makes the page tokens of List methods (AIP-158). A token holds
// the position after a page's last row. It is encrypted and authenticated, so a
// caller can neither read nor change it, and it is bound to the query that it was
// made for: another filter refuses it.
package pagetoken

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/secret"
)

const (
	// DefaultSize is the number of rows on a page when the caller does not say.
	DefaultSize = 50
	// MaxSize is the most rows on a page; larger wishes are capped (AIP-158).
	MaxSize = 100
	// MaxLen is the longest token that the contract's validation lets in again.
	MaxLen = 2048

	purpose    = "page-token"
	sizeField  = "page_size"
	tokenField = "page_token"
)

// encoding fits URLs and knows one spelling of each token only.
var encoding = base64.RawURLEncoding.Strict()

// Codec makes and reads tokens. It is safe for concurrent use.
type Codec struct {
	aead cipher.AEAD
}

// New returns a codec whose tokens all instances with the same keys understand.
func New(keys *secret.Keys) *Codec {
	key := keys.Derive(purpose)
	block, err := aes.NewCipher(key[:])
	if err != nil { // only for other key lengths than 16, 24 and 32
		panic(fmt.Sprintf("pagetoken: %v", err))
	}
	// A random nonce of 96 bits is prepended; NIST SP 800-38D allows 2^32 tokens a key.
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil { // only for other block sizes than AES has
		panic(fmt.Sprintf("pagetoken: %v", err))
	}
	return &Codec{aead: aead}
}

// Size returns how many rows a page has when `requested` is asked for: 50 for 0,
// never more than 100. Negative sizes are refused by validation.
func Size(requested int32) int {
	switch {
	case requested <= 0:
		return DefaultSize
	case requested > MaxSize:
		return MaxSize
	}
	return int(requested)
}

// Cut makes a page of rows, of which one more was read than fits, and tells whether
// there is another page.
func Cut[T any](rows []T, size int) (page []T, more bool) {
	if len(rows) > size {
		return rows[:size], true
	}
	return rows, false
}

// Encode returns the token of the page after cursor for the query req. The cursor
// is anything that encoding/json reads back.
func (c *Codec) Encode(req proto.Message, cursor any) (string, error) {
	plain, err := json.Marshal(cursor)
	if err != nil {
		return "", fmt.Errorf("pagetoken: encode cursor: %w", err)
	}
	query, err := fingerprint(req)
	if err != nil {
		return "", err
	}
	token := encoding.EncodeToString(c.aead.Seal(nil, nil, plain, query)) //nolint:gosec // G407: this AEAD makes the nonce itself
	if len(token) > MaxLen {
		return "", fmt.Errorf("pagetoken: the token of %s has %d bytes, over the contract's %d",
			req.ProtoReflect().Descriptor().FullName(), len(token), MaxLen)
	}
	return token, nil
}

// Decode reads the page_token of req into cursor. It returns false without one:
// this is the first page. A token that is not ours or was made for another query
// is INVALID_PAGE_TOKEN.
func (c *Codec) Decode(req proto.Message, cursor any) (found bool, err error) {
	m := req.ProtoReflect()
	f := m.Descriptor().Fields().ByName(tokenField)
	if f == nil || f.Kind() != protoreflect.StringKind {
		return false, fmt.Errorf("pagetoken: %s has no %s", m.Descriptor().FullName(), tokenField)
	}
	token := m.Get(f).String()
	if token == "" {
		return false, nil
	}
	sealed, err := encoding.DecodeString(token)
	if err != nil {
		return false, invalid(err)
	}
	if strings.ContainsAny(token, "\r\n") { // base64 skips line breaks
		return false, invalid(errors.New("line break"))
	}
	query, err := fingerprint(req)
	if err != nil {
		return false, err
	}
	if len(sealed) < c.aead.Overhead() {
		return false, invalid(errors.New("too short"))
	}
	plain, err := c.aead.Open(nil, nil, sealed, query)
	if err != nil {
		return false, invalid(err)
	}
	if err := json.Unmarshal(plain, cursor); err != nil {
		return false, invalid(err)
	}
	return true, nil
}

func invalid(cause error) error {
	return apierr.New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_INVALID_PAGE_TOKEN,
		"the page token was not issued for this query").
		WithField(tokenField, "must be the next_page_token of the same query").
		WithCause(fmt.Errorf("pagetoken: %w", cause))
}

// fingerprint hashes what a query asks, without where in it the caller is. The
// size of the page may change from one to the next (AIP-158).
func fingerprint(req proto.Message) ([]byte, error) {
	query := proto.Clone(req)
	m := query.ProtoReflect()
	for _, name := range []protoreflect.Name{sizeField, tokenField} {
		if f := m.Descriptor().Fields().ByName(name); f != nil {
			m.Clear(f)
		}
	}
	m.SetUnknown(nil)
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(
		append([]byte(m.Descriptor().FullName()), 0), query)
	if err != nil {
		return nil, fmt.Errorf("pagetoken: hash the query: %w", err)
	}
	sum := sha256.Sum256(b)
	return sum[:], nil
}
