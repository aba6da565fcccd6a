package rpc

import (
	"context"
	"net"
	"regexp"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// Metadata that Salon's services exchange. Values other than MDRequestID count only together with a valid
// MDServiceCredential, or MDServiceToken.
const (
	// MDServiceCredential is a token of [auth.ServiceCredential.Mint].
	MDServiceCredential = "salon-service-credential"
	// MDServiceToken is a token of [auth.ServiceCredential.MintLegacy], for the version before.
	MDServiceToken = "salon-service-token"
	// MDClientIP is the address of the gateway's client.
	MDClientIP = "salon-client-ip"
	// MDRequestID is the id of the request in all logs.
	MDRequestID = "x-request-id"
	// MDUserAgent is the User-Agent of the gateway's client.
	MDUserAgent = "salon-user-agent"
)

const (
	mdAuthorization = "authorization"
	mdUserAgent     = "user-agent"
)

// maxTextLen bounds, in bytes, the texts of a client that are forwarded and logged.
const maxTextLen = 256

// requestIDForm is the form of request ids that are accepted from clients. They are used in logs and headers.
var requestIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// RequestInfo describes the client of a request. All calls that the request causes carry it.
type RequestInfo struct {
	// ID is the request's id in all logs.
	ID string
	// ClientIP is the client's address, without a port.
	ClientIP string
	// UserAgent is the client's name for itself. It may be any text.
	UserAgent string
}

type infoKey struct{}

// WithRequestInfo returns a context that carries i. The gateway calls it for each HTTP request, and the interceptors for
// each call.
func WithRequestInfo(ctx context.Context, i RequestInfo) context.Context {
	return context.WithValue(ctx, infoKey{}, i)
}

// Info returns the request information of the context, or the zero value outside of a request.
func Info(ctx context.Context) RequestInfo {
	i, _ := ctx.Value(infoKey{}).(RequestInfo)
	return i
}

// RequestID returns the request's id, "" outside of a request.
func RequestID(ctx context.Context) string { return Info(ctx).ID }

// ClientIP returns the client's address: the one that one of our services reports, or that of the peer; "" when
// unknown.
func ClientIP(ctx context.Context) string { return Info(ctx).ClientIP }

// UserAgent returns the User-Agent of the client, "" when there is none.
func UserAgent(ctx context.Context) string { return Info(ctx).UserAgent }

// ValidRequestID reports whether an id from a client is accepted: 1 to 64 letters, digits, dots, underscores and
// hyphens.
func ValidRequestID(id string) bool { return requestIDForm.MatchString(id) }

// NewRequestID returns a new id: a UUIDv7, so that ids sort by time.
func NewRequestID() string {
	id, err := uuid.NewV7()
	if err != nil { // no random source; the id is only for the logs
		return uuid.Nil.String()
	}
	return id.String()
}

// RequestIDAttribute is the request's id as an attribute of its spans, under the name that the logs use.
func RequestIDAttribute(id string) attribute.KeyValue { return attribute.String("request_id", id) }

// incomingInfo reads the information about the client. Only our own services may report another client's address.
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

// incoming returns the value of a key that occurs exactly once.
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

// printable replaces all bytes but printable ASCII: gRPC fails a call whose metadata has others.
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
