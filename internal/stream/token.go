package stream

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pagetoken"
)

// TokenTime is how long a stream can be resumed. What happened since is kept longer; who comes later is faster with a new snapshot.
const TokenTime = 24 * time.Hour

// maxUnsent bounds the length of a token.
const maxUnsent = 60

// Token is what a resume token says.
type Token struct {
	// Position is where the stream stands. Database names the database that it is a position in.
	Position string `json:"p,omitempty"`
	Database string `json:"d,omitempty"`
	// Unsent are transactions that are in the position and of which not everything was sent yet. SentOf are the
	// ids of what was sent of these transactions.
	Unsent []uint64 `json:"u,omitempty"`
	SentOf []string `json:"t,omitempty"`
	// Viewer is who the stream was shown to; empty for nobody.
	Viewer string `json:"v,omitempty"`
	// Digest is the digest of the last result of a search.
	Digest string `json:"r,omitempty"`
	// Sent is when that was sent, in seconds since 1970.
	Sent int64 `json:"s,omitempty"`
	// Issued is when the token was made, in seconds since 1970.
	Issued int64 `json:"i"`
}

// viewerOf names who follows a feed: an account in its roles. With other roles other things are visible, so the feed begins anew.
func viewerOf(caller auth.Principal) string {
	hash := sha256.New()
	_, _ = fmt.Fprint(hash, caller.Role, caller.Memberships) // never fails
	sum := hash.Sum(nil)
	return caller.UserID + base64.RawURLEncoding.EncodeToString(sum[:9])
}

// knows reports whether what a transaction has done with the resource of this id was sent, although the transaction is not sent as a whole.
func (t *Token) knows(id string, xid uint64) bool {
	return t != nil && slices.Contains(t.Unsent, xid) && slices.Contains(t.SentOf, shortID(id))
}

// shortID is enough of a UUIDv7 to tell apart the resources of one transaction: its random end.
func shortID(id string) string { return id[max(0, len(id)-8):] }

// query is a request with a resume token, as package pagetoken wants it: the token is bound to the rest.
type query struct {
	proto.Message
	token string
}

// GetPageToken returns the resume token.
func (q query) GetPageToken() string { return q.token }

// Tokens makes and reads resume tokens.
type Tokens struct {
	codec *pagetoken.Codec
	now   func() time.Time
}

// Encode makes a token for a request without ticket and resume token.
func (t Tokens) Encode(req proto.Message, v Token) (string, error) {
	v.Issued = t.now().Unix()
	if len(v.Unsent)+len(v.SentOf) > maxUnsent { // the client may get again what it has
		if p, err := parsePosition(v.Position); err == nil {
			v.Position = p.without(v.Unsent).short().String()
		}
		v.Unsent, v.SentOf = nil, nil
	}
	return t.codec.Encode(req, v)
}

// Decode reads the token of a stream with this request and viewer. ok is false without one that can be used: the stream begins anew.
func (t Tokens) Decode(req proto.Message, text, viewer string) (v Token, ok bool) {
	if text == "" || t.codec.Decode(query{req, text}, &v) != nil || v.Viewer != viewer {
		return Token{}, false
	}
	age := t.now().Sub(time.Unix(v.Issued, 0))
	return v, age < TokenTime && age > -time.Minute
}
