// Package pagetoken pages the results of List methods and makes their page tokens
// (AIP-158). A token contains the position of a page's last row. It is encrypted and
// authenticated, so a caller can neither read nor change it, and it is bound to the
// query that it was made for: with another filter it is refused.
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
	// maxLen is the length of the longest token that the contract's validation accepts.
	maxLen = 2048

	// Purpose is the purpose of the key of page tokens.
	Purpose = "page-token"

	sizeField  = "page_size"
	tokenField = "page_token"
)

// encoding is safe in URLs and decodes one spelling of each token only.
var encoding = base64.RawURLEncoding.Strict()

// Query is the request of a method whose results come in pages.
type Query interface {
	proto.Message
	// GetPageToken returns the token of the page, empty for the first one.
	GetPageToken() string
}

// Codec makes and reads tokens. It is safe for concurrent use.
type Codec struct {
	aead cipher.AEAD
}

// New returns a codec. Every codec with the same keys reads its tokens.
func New(keys *secret.Keys) *Codec {
	key := keys.Derive(Purpose)
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

// Encode returns the token of the page after cursor for the query req. [List] calls it for List methods.
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
	if len(token) > maxLen {
		return "", fmt.Errorf("pagetoken: the token of %s has %d bytes, over the contract's %d",
			req.ProtoReflect().Descriptor().FullName(), len(token), maxLen)
	}
	return token, nil
}

// Decode reads the page token of req into cursor. Without a token it leaves cursor
// alone: this is the first page. Other tokens than those of Encode for the same query
// are INVALID_PAGE_TOKEN.
func (c *Codec) Decode(req Query, cursor any) error {
	token := req.GetPageToken()
	if token == "" {
		return nil
	}
	sealed, err := encoding.DecodeString(token)
	if err != nil {
		return invalid(err)
	}
	if strings.ContainsAny(token, "\r\n") { // base64 skips line breaks
		return invalid(errors.New("line break"))
	}
	query, err := fingerprint(req)
	if err != nil {
		return err
	}
	if len(sealed) < c.aead.Overhead() {
		return invalid(errors.New("too short"))
	}
	plain, err := c.aead.Open(nil, nil, sealed, query)
	if err != nil {
		return invalid(err)
	}
	if err := json.Unmarshal(plain, cursor); err != nil {
		return invalid(err)
	}
	return nil
}

func invalid(cause error) error {
	return apierr.New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_INVALID_PAGE_TOKEN,
		"the page token was not issued for this query").
		WithField(tokenField, "must be the next_page_token of the same query").
		WithCause(fmt.Errorf("pagetoken: %w", cause))
}

// fingerprint hashes the query without its page_token and page_size: the size may
// change from one page to the next (AIP-158).
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
