package rpc

import (
	"context"
	"net"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// Metadata that Salon's services exchange. Except for MDRequestID, a value counts only next to a valid MDServiceToken.
const (
	// MDServiceToken holds what [auth.ServiceCredential] minted.
	MDServiceToken = "salon-service-token"
	// MDClientIP holds the address of the client that the gateway serves.
	MDClientIP = "salon-client-ip"
	// MDRequestID holds the id that a request has in all logs.
	MDRequestID = "x-request-id"
	// MDUserAgent holds the User-Agent of the client that the gateway serves.
	MDUserAgent = "salon-user-agent"
)

const (
	mdAuthorization = "authorization"
	mdUserAgent     = "user-agent"
)

// maxTextLen bounds, in bytes, what is passed on and logged of a client's texts.
const maxTextLen = 256

// requestIDForm is what a request id from outside may look like; it gets into logs and headers.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// RequestInfo says where a request comes from. It travels with the calls that the request causes.
type RequestInfo struct {
	// ID is the request's id in all logs.
	ID string
	// ClientIP is the client's address, without a port.
	ClientIP string
	// UserAgent is what the client calls itself; it may be anything.
	UserAgent string
}

type infoKey struct{}

// WithRequestInfo returns a context that carries i. The gateway calls it for each HTTP request, and the interceptors for
// each call.
func WithRequestInfo(ctx context.Context, i RequestInfo) context.Context {
	return context.WithValue(ctx, infoKey{}, i)
}

// Info returns what the context says about the request, the zero value outside of one.
func Info(ctx context.Context) RequestInfo {
	i, _ := ctx.Value(infoKey{}).(RequestInfo)
	return i
}

// RequestID returns the request's id, "" outside of a request.
func RequestID(ctx context.Context) string { return Info(ctx).ID }

// ClientIP returns the address of the client: as one of our services says, else that of the peer; "" when unknown.
func ClientIP(ctx context.Context) string { return Info(ctx).ClientIP }

// UserAgent returns what the client calls itself, "" when it does not.
func UserAgent(ctx context.Context) string { return Info(ctx).UserAgent }

// ValidRequestID tells whether an id from outside may be taken over: 1 to 64 letters, digits, dots, underscores and
// hyphens.
func ValidRequestID(id string) bool { return requestIDForm.MatchString(id) }

// NewRequestID returns a new id: a UUIDv7, so that ids sort by time.
func NewRequestID() string {
	id, err := uuid.NewV7()
	if err != nil { // no random source; an id is for the logs only
		return uuid.Nil.String()
	}
	return id.String()
}

// incomingInfo reads where a call comes from. Only our own services are believed about somebody else's address.
func incomingInfo(ctx context.Context, internal bool) RequestInfo {
	i := RequestInfo{ID: incoming(ctx, MDRequestID)}
	if !ValidRequestID(i.ID) {
		i.ID = NewRequestID()
	}
	if internal {
		i.ClientIP, i.UserAgent = incoming(ctx, MDClientIP), incoming(ctx, MDUserAgent)
	} else {
		i.ClientIP, i.UserAgent = peerIP(ctx), incoming(ctx, mdUserAgent)
	}
	i.ClientIP, i.UserAgent = printable(i.ClientIP), printable(i.UserAgent)
	return i
}

// incoming returns the value of a key that came exactly once.
func incoming(ctx context.Context, key string) string {
	if v := metadata.ValueFromIncomingContext(ctx, key); len(v) == 1 {
		return v[0]
	}
	return ""
}

func peerIP(ctx context.Context) string {
	p, ok := peer.FromContext(ctx)
	if !ok || p.Addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(p.Addr.String())
	if err != nil || net.ParseIP(host) == nil { // a pipe, or a channel in this process
		return ""
	}
	return host
}

// printable makes s fit for metadata: gRPC fails a call over other bytes than printable ASCII.
func printable(s string) string {
	if len(s) > maxTextLen {
		s = s[:maxTextLen]
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return strings.TrimSpace(mask(s))
		}
	}
	return strings.TrimSpace(s)
}

func mask(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c > '~' {
			b[i] = '?'
		}
	}
	return string(b)
}
