package gateway

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/rpc"
)

// Limits bound the calls that the gateway admits. A limit whose Rate is 0 admits all calls.
//
// Answers from the response cache are not counted, because counting costs more than serving them. Probes and the
// preflight requests of browsers are not counted either.
type Limits struct {
	// User bounds the calls of one signed-in account.
	User ratelimit.Limit
	// Address bounds the calls of one network address, as [ratelimit.Network] groups addresses, that are not signed in.
	Address ratelimit.Limit
	// Auth bounds the calls of one address to AuthService, in addition to Address: hashing a password is expensive.
	Auth ratelimit.Limit
}

// admit counts a request under the limit of its user or address, and notes who sends it. It comes before the routing,
// so that requests for what does not exist are counted too.
func (g *Gateway) admit(w http.ResponseWriter, r *http.Request) error {
	var user string
	if tokens := r.Header["Authorization"]; len(tokens) == 1 {
		user = g.verifiedUser(auth.BearerToken(tokens[0]))
	}
	if rec := recordOf(r.Context()); rec != nil {
		rec.userID = user
	}
	return describe(w, g.count(r.Context(), user))
}

// admitAuth counts a request to AuthService under the limit for these.
func (g *Gateway) admitAuth(w http.ResponseWriter, r *http.Request, route *route) error {
	return describe(w, g.countAuth(r.Context(), route))
}

// admitRPC applies the same limits to a gRPC call. The route is nil for methods that do not exist.
func (g *Gateway) admitRPC(ctx context.Context, route *route) error {
	user := g.verifiedUser(bearerOf(ctx))
	if rec := recordOf(ctx); rec != nil {
		rec.userID = user
	}
	if err := g.count(ctx, user).err(); err != nil {
		return err
	}
	if route == nil {
		return nil
	}
	return g.countAuth(ctx, route).err()
}

// counted is a limit that was applied to a call. The name is empty when no limit applies.
type counted struct {
	name string
	ratelimit.Result
}

// count counts a call under the limit of its user, or of its address when it has no valid token.
func (g *Gateway) count(ctx context.Context, userID string) counted {
	name, key, limit := "address", ratelimit.Network(rpc.ClientIP(ctx)), g.cfg.Limits.Address
	if userID != "" {
		name, key, limit = "user", userID, g.cfg.Limits.User
	}
	return g.take(ctx, name, key, limit)
}

func (g *Gateway) countAuth(ctx context.Context, route *route) counted {
	if route.desc.Parent().Name() != "AuthService" || !route.anonymous {
		return counted{}
	}
	return g.take(ctx, "auth", ratelimit.Network(rpc.ClientIP(ctx)), g.cfg.Limits.Auth)
}

func (g *Gateway) take(ctx context.Context, name, key string, limit ratelimit.Limit) counted {
	if limit.Rate <= 0 {
		return counted{}
	}
	return counted{name: name, Result: g.deps.Limits.Allow(ctx, name+":"+key, limit)}
}

// err returns the refusal of the call, nil when it is admitted.
func (c counted) err() error {
	if c.name == "" || c.Allowed {
		return nil
	}
	return apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_RATE_LIMITED, "too many requests").
		WithRetryAfter(c.RetryAfter)
}

// describe adds a limit to the RateLimit headers (draft-ietf-httpapi-ratelimit-headers) and returns the refusal. The
// quota q is what may be called at once; it comes back evenly within the window w.
func describe(w http.ResponseWriter, c counted) error {
	if c.name == "" {
		return nil
	}
	item := func(header, first string, n int, second string, d time.Duration) {
		value := `"` + c.name + `";` + first + "=" + strconv.Itoa(n) + ";" + second + "=" + seconds(d)
		if before := w.Header().Get(header); before != "" {
			value = before + ", " + value
		}
		w.Header().Set(header, value)
	}
	item("RateLimit-Policy", "q", c.Limit, "w", c.Window)
	item("RateLimit", "r", c.Remaining, "t", c.ResetAfter)
	return c.err()
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
	return auth.BearerToken(values[0])
}
