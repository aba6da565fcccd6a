package gateway

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
)

// Limits bound the calls that the gateway admits. A limit whose Rate is 0 admits all calls.
//
// Answers from the response cache are not counted, because counting costs more than serving them.
type Limits struct {
	// User bounds the calls of one signed-in account.
	User ratelimit.Limit
	// Address bounds the calls of one network address, as [ratelimit.Network] groups addresses, that are not signed in.
	Address ratelimit.Limit
	// Auth bounds the calls of one address to AuthService, in addition to Address: hashing a password is expensive.
	Auth ratelimit.Limit
}

// admit applies the limits to a REST request and sets the RateLimit headers (draft-ietf-httpapi-ratelimit-headers).
func (g *Gateway) admit(w http.ResponseWriter, r *http.Request, route *route) error {
	name, limit, result := g.take(r.Context(), route, principalOf(r.Context()))
	if name == "" {
		return nil
	}
	h := w.Header()
	h.Set("RateLimit-Policy", `"`+name+`";q=`+strconv.Itoa(limit.Burst)+`;w=`+seconds(limit.Period))
	h.Set("RateLimit", `"`+name+`";r=`+strconv.Itoa(result.Remaining)+`;t=`+seconds(result.ResetAfter))
	return refusal(result)
}

// admitRPC applies the same limits to a gRPC call.
func (g *Gateway) admitRPC(ctx context.Context, route *route) error {
	name, _, result := g.take(ctx, route, g.verifiedUser(bearerOf(ctx)))
	if name == "" {
		return nil
	}
	return refusal(result)
}

// take counts one call of the caller. The name is empty when no limit applies to the call.
func (g *Gateway) take(ctx context.Context, route *route, userID string) (string, ratelimit.Limit, ratelimit.Result) {
	address := ratelimit.Network(rpc.ClientIP(ctx))
	if limit := g.cfg.Limits.Auth; limit.Rate > 0 && route.desc.Parent().Name() == "AuthService" && route.anonymous {
		if result := g.deps.Limits.Allow(ctx, "auth:"+address, limit); !result.Allowed {
			return "auth", limit, result
		}
	}
	name, key, limit := "address", "address:"+address, g.cfg.Limits.Address
	if userID != "" {
		name, key, limit = "user", "user:"+userID, g.cfg.Limits.User
	}
	if limit.Rate <= 0 {
		return "", limit, ratelimit.Result{}
	}
	return name, limit, g.deps.Limits.Allow(ctx, key, limit)
}

func refusal(result ratelimit.Result) error {
	if result.Allowed {
		return nil
	}
	return apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED, "too many requests").
		WithRetryAfter(result.RetryAfter)
}

func seconds(d time.Duration) string {
	return strconv.FormatInt(int64((d+time.Second-1)/time.Second), 10)
}

// verifiedUser returns the id of the user of an access token, "" when the token is not valid. It checks only the
// signature: the services check whether the session is still open.
func (g *Gateway) verifiedUser(bearer string) string {
	if bearer == "" {
		return ""
	}
	claims, err := g.deps.Verifier.Verify(bearer)
	if err != nil {
		return ""
	}
	return claims.UserID
}

// bearerOf returns the token of a gRPC call.
func bearerOf(ctx context.Context) string {
	values := metadata.ValueFromIncomingContext(ctx, "authorization")
	if len(values) != 1 {
		return ""
	}
	return bearerToken(values[0])
}

func bearerToken(header string) string {
	const scheme = "bearer "
	if len(header) <= len(scheme) || !strings.EqualFold(header[:len(scheme)], scheme) {
		return ""
	}
	return header[len(scheme):]
}
