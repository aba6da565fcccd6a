package e2e_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

var errNoLine = errors.New("a request has left no line yet")

// TestGatewaySettings starts a system with what an operator may set: small limits, a trusted proxy, an origin.
func TestGatewaySettings(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithBookingLimit(), salontest.WithArgs("--limit-user=1", "--limit-address=2", "--limit-auth=1",
		"--trusted-proxies=127.0.0.0/8", "--cors-origins=https://app.example"))
	t.Run("limits", func(t *testing.T) { testLimits(t, s) })
	t.Run("proxies", func(t *testing.T) { testTrustedProxy(t, s) })
	t.Run("origins", func(t *testing.T) { testOrigins(t, s) })
}

// from is a request of a client behind the proxy. Each case has an address of its own, and so an allowance of its own.
func from(address string, r *salontest.Request) *salontest.Request {
	return r.With("X-Forwarded-For", address)
}

// flood sends a request many times at once.
func flood(t *testing.T, s *salontest.System, r *salontest.Request) []*salontest.Response {
	t.Helper()
	responses := make([]*salontest.Response, 40)
	var calls sync.WaitGroup
	for i := range responses {
		calls.Go(func() { responses[i] = s.HTTP(t, r) })
	}
	calls.Wait()
	return responses
}

func testLimits(t *testing.T, s *salontest.System) {
	admin := s.HTTP(t, from("192.0.2.1", salontest.NewRequest(http.MethodPost, "/v1/auth:login",
		`{"email":"`+salontest.AdminEmail+`","password":"`+salontest.AdminPassword+`"}`))).
		Result(t, &userv1.TokenPair{}).Message.(*userv1.TokenPair)
	for _, c := range []struct {
		name, policy string
		request      *salontest.Request
	}{
		{"address", `"address";q=8;w=4`, from("192.0.2.2", get("/v1/masters"))},
		{"user", `"user";q=4;w=4`, from("192.0.2.3", get("/v1/me")).With("Authorization", "Bearer "+admin.GetAccessToken())},
		{"auth", `"address";q=8;w=4, "auth";q=4;w=4`, from("192.0.2.4", salontest.NewRequest(http.MethodPost, "/v1/auth:logout", `{"refreshToken":"x"}`))},
	} {
		t.Run(c.name, func(t *testing.T) {
			admitted, refused := 0, 0
			for _, r := range flood(t, s, c.request) {
				if r.StatusCode != http.StatusTooManyRequests {
					admitted++
					if r.Header.Get("RateLimit-Policy") != c.policy || r.StatusCode >= http.StatusBadRequest || !strings.HasPrefix(r.Header.Get("RateLimit"), `"`) {
						t.Errorf("%s, RateLimit %q of %q", r.Status, r.Header.Get("RateLimit"), r.Header.Get("RateLimit-Policy"))
					}
					continue
				}
				refused++
				if r.Problem(t).Reason != "RATE_LIMITED" || r.Header.Get("Retry-After") == "" ||
					!strings.HasPrefix(c.policy, r.Header.Get("RateLimit-Policy")) || !strings.Contains(r.Header.Get("RateLimit"), ";r=0;") {
					t.Errorf("refused %s with %v", r.Bytes, r.Header)
				}
			}
			if admitted < 4 || refused == 0 {
				t.Errorf("%d were admitted and %d refused", admitted, refused)
			}
			// Others are not concerned.
			if r := s.HTTP(t, from("192.0.2.99", get("/v1/masters"))); r.StatusCode != http.StatusOK {
				t.Errorf("somebody else: %s", r.Status)
			}
		})
	}
	t.Run("network", func(t *testing.T) { testNetworkLimit(t, s) })
	for address, r := range map[string]*salontest.Request{
		"192.0.2.40": get("/v1/nothing"),
		"192.0.2.41": salontest.NewRequest(http.MethodPut, "/v1/me", "{}"),
		"192.0.2.42": get("/v1/masters?unknown=1"),
		"192.0.2.43": salontest.NewRequest(http.MethodPost, "/v1/appointments", "<a/>").With("Content-Type", "text/xml"),
		"192.0.2.44": get("/v1/users%2F1"),
		"192.0.2.45": get("/v1/masters?query=" + strings.Repeat("a", 9000)),
		"192.0.2.46": get("/openapi.json"),
		"192.0.2.47": get("/v1/masters").With("Authorization", "Bearer junk"),
	} {
		t.Run(r.Method+" "+r.Path[:min(len(r.Path), 30)], func(t *testing.T) {
			if !slices.ContainsFunc(flood(t, s, from(address, r)), func(r *salontest.Response) bool {
				return r.StatusCode == http.StatusTooManyRequests && r.Problem(t).Reason == "RATE_LIMITED"
			}) {
				t.Error("none was refused")
			}
		})
	}
	for _, probe := range flood(t, s, from("192.0.2.48", get("/livez"))) {
		if probe.StatusCode != http.StatusOK {
			t.Errorf("a probe: %s", probe.Status)
		}
	}
	for _, method := range []string{"/salon.user.v1.MasterService/Nothing", userv1.MasterService_ListMasters_FullMethodName} {
		testRPCLimit(t, s, method)
	}
}

func testRPCLimit(t *testing.T, s *salontest.System, method string) {
	t.Run("gRPC "+method, func(t *testing.T) {
		results := make([]*salontest.Result, 40)
		var calls sync.WaitGroup
		for i := range results {
			calls.Go(func() {
				err := s.Conn().Invoke(t.Context(), method, &userv1.ListMastersRequest{}, &userv1.ListMastersResponse{})
				results[i] = salontest.GRPCResult(t, err)
			})
		}
		calls.Wait()
		i := slices.IndexFunc(results, func(r *salontest.Result) bool { return r.Code == codes.ResourceExhausted })
		if i < 0 {
			t.Fatal("none was refused")
		}
		results[i].Want(t, codes.ResourceExhausted, "RATE_LIMITED")
		if !results[i].RetryAfter {
			t.Error("the error does not say when to come back")
		}
	})
}

// testNetworkLimit: all addresses of an IPv6 /64 have one allowance, over both protocols.
func testNetworkLimit(t *testing.T, s *salontest.System) {
	calls := map[string]func(address string) *salontest.Result{
		"REST": func(address string) *salontest.Result {
			return s.HTTP(t, from(address, get("/v1/masters"))).Result(t, &userv1.ListMastersResponse{})
		},
		"gRPC": func(address string) *salontest.Result {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-forwarded-for", address)
			_, err := userv1.NewMasterServiceClient(s.Conn()).ListMasters(ctx, &userv1.ListMastersRequest{})
			return salontest.GRPCResult(t, err)
		},
	}
	prefixes := map[string]string{"REST": "1", "gRPC": "2"} // each protocol has allowances of its own
	for name, call := range calls {
		prefix := prefixes[name]
		t.Run(name, func(t *testing.T) {
			refused := func(format string) (n int) {
				results := make([]*salontest.Result, 40)
				var wg sync.WaitGroup
				for i := range results {
					wg.Go(func() { results[i] = call(fmt.Sprintf(format, i)) })
				}
				wg.Wait()
				for _, r := range results {
					if r.Code != codes.OK {
						r.Want(t, codes.ResourceExhausted, "RATE_LIMITED")
						n++
					}
				}
				return n
			}
			if refused("2001:db8:"+prefix+":64:%x::1") == 0 {
				t.Error("addresses of one network have an allowance each")
			}
			if n := refused("2001:db8:" + prefix + ":%x::1"); n > 0 {
				t.Errorf("of 40 networks %d were refused", n)
			}
		})
	}
}

// testTrustedProxy: the proxy is believed about the last hop before it, and the client about nothing.
func testTrustedProxy(t *testing.T, s *salontest.System) {
	login := from("203.0.113.66, 198.51.100.7, 127.0.0.9", salontest.NewRequest(http.MethodPost, "/v1/auth:login",
		`{"email":"`+salontest.AdminEmail+`","password":"`+salontest.AdminPassword+`"}`))
	pair := s.HTTP(t, login).Result(t, &userv1.TokenPair{}).Message.(*userv1.TokenPair)
	var list *userv1.ListSessionsResponse
	salontest.Eventually(t, func() error { // the account's allowance may be used up for a moment
		r := s.HTTP(t, get("/v1/me/sessions").With("Authorization", "Bearer "+pair.GetAccessToken()))
		if r.StatusCode != http.StatusOK {
			return errors.New(r.Status)
		}
		list = r.Result(t, &userv1.ListSessionsResponse{}).Message.(*userv1.ListSessionsResponse)
		return nil
	})
	if got := list.GetSessions()[0].GetIpAddress(); got != "198.51.100.7" {
		t.Errorf("the session's address is %q", got)
	}
}

func testOrigins(t *testing.T, s *salontest.System) {
	preflight := func(origin, method, headers string) *salontest.Response {
		return s.HTTP(t, salontest.NewRequest(http.MethodOptions, "/v1/me", "").With("Origin", origin).
			With("Access-Control-Request-Method", method).With("Access-Control-Request-Headers", headers))
	}
	const headers = "authorization,baggage,content-type,if-match,traceparent,tracestate"
	good := preflight("https://app.example", http.MethodPatch, headers)
	if good.StatusCode != http.StatusNoContent || good.Header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		good.Header.Get("Access-Control-Allow-Methods") != http.MethodPatch ||
		good.Header.Get("Access-Control-Allow-Headers") != headers ||
		good.Header.Get("Access-Control-Max-Age") != "600" {
		t.Errorf("preflight: %s %v", good.Status, good.Header)
	}
	for name, r := range map[string]*salontest.Response{
		"another origin": preflight("https://evil.example", http.MethodPatch, "authorization"),
		"the same host":  preflight("http://app.example", http.MethodPatch, "authorization"),
		"a longer name":  preflight("https://app.example.evil.example", http.MethodPatch, "authorization"),
		"null":           preflight("null", http.MethodPatch, "authorization"),
		"another method": preflight("https://app.example", "TRACE", "authorization"),
		"another header": preflight("https://app.example", http.MethodPatch, "x-user-id"),
	} {
		if got := r.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("preflight with %s allows %q", name, got)
		}
	}
	allowed := s.HTTP(t, from("192.0.2.20", get("/v1/masters")).With("Origin", "https://app.example"))
	if allowed.Header.Get("Access-Control-Allow-Origin") != "https://app.example" ||
		!strings.Contains(strings.ToLower(allowed.Header.Get("Access-Control-Expose-Headers")), "etag") ||
		allowed.Header.Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("allowed origin: %v", allowed.Header)
	}
	other := s.HTTP(t, from("192.0.2.21", get("/v1/masters")).With("Origin", "https://evil.example"))
	if got := other.Header.Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("another origin is allowed: %q", got)
	}
	if !slices.Contains(other.Header.Values("Vary"), "Origin") {
		t.Errorf("Vary is %v", other.Header.Values("Vary"))
	}
}
