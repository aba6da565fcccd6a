package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// loginFrom signs in with headers that say that the client is at an address.
type loginFrom func(t *testing.T, address, email, password string) *salontest.Result

// loginsFrom returns loginFrom for each protocol. The address is in all of the headers.
func loginsFrom(s *salontest.System, headers ...string) map[string]loginFrom {
	return map[string]loginFrom{
		"REST": func(t *testing.T, address, email, password string) *salontest.Result {
			body, err := protojson.Marshal(&userv1.LoginRequest{Email: email, Password: password})
			if err != nil {
				t.Fatal(err)
			}
			r := salontest.NewRequest(http.MethodPost, "/v1/auth:login", string(body))
			for _, h := range headers {
				r.With(h, address)
			}
			return s.HTTP(t, r).Result(t, &userv1.TokenPair{})
		},
		"gRPC": func(t *testing.T, address, email, password string) *salontest.Result {
			md := metadata.MD{}
			for _, h := range headers {
				md.Set(h, address)
			}
			_, err := userv1.NewAuthServiceClient(s.Conn()).Login(metadata.NewOutgoingContext(t.Context(), md),
				&userv1.LoginRequest{Email: email, Password: password})
			return salontest.GRPCResult(t, err)
		},
	}
}

// TestSignInCeilings: failed sign-ins are bounded for an account and for an address, and strangers cannot lock an owner
// out.
func TestSignInCeilings(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithArgs("--trusted-proxies=127.0.0.0/8"))
	const wrong = "a wrong password"
	wantThrottled := func(t *testing.T, got *salontest.Result) {
		t.Helper()
		got.Want(t, codes.ResourceExhausted, "LOGIN_THROTTLED")
		if !got.RetryAfter {
			t.Error("the error does not say when to come back")
		}
	}
	networks := map[string]string{"REST": "1", "gRPC": "2"} // each protocol has addresses of its own
	for name, login := range loginsFrom(s, "X-Forwarded-For") {
		n := networks[name]
		t.Run(name+"/account", func(t *testing.T) {
			t.Parallel()
			owner := s.NewCustomer(t, "Owner")
			home, abroad := "2001:db8:"+n+":aaaa::1", "2001:db8:"+n+":bbbb::1"
			login(t, home, owner.Email, owner.Password).Want(t, codes.OK, "")
			for _, email := range []string{owner.Email, "nobody-" + salontest.Unique() + "@example.com"} {
				for i := range 50 {
					stranger := fmt.Sprintf("2001:db8:%s:%x::%x", n, i/5, i)
					login(t, stranger, email, wrong).Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
				}
				wantThrottled(t, login(t, abroad, email, wrong))
				wantThrottled(t, login(t, abroad, email, owner.Password))
			}
			// The owner is at home in the whole network.
			login(t, "2001:db8:"+n+":aaaa:ffff::2", owner.Email, wrong).Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
			login(t, home, owner.Email, owner.Password).Want(t, codes.OK, "")
		})
		t.Run(name+"/address", func(t *testing.T) {
			t.Parallel()
			known, other := s.NewCustomer(t, "Known"), s.NewCustomer(t, "Other")
			address := func(i int) string { return fmt.Sprintf("2001:db8:%s:cccc::%x", n, i) }
			login(t, address(0), known.Email, known.Password).Want(t, codes.OK, "")
			for i := range 100 {
				login(t, address(i), "nobody-"+salontest.Unique()+"@example.com", wrong).Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
			}
			wantThrottled(t, login(t, address(200), "nobody-"+salontest.Unique()+"@example.com", wrong))
			wantThrottled(t, login(t, address(200), other.Email, other.Password))
			login(t, address(200), known.Email, known.Password).Want(t, codes.OK, "")
			login(t, "2001:db8:"+n+":dddd::1", other.Email, other.Password).Want(t, codes.OK, "")
		})
	}
}

// TestForgedAddresses: nobody gets more guesses by naming another address, without a trusted proxy.
func TestForgedAddresses(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for name, login := range loginsFrom(s, "X-Forwarded-For", "Forwarded", "X-Real-Ip", "Salon-Client-Ip") {
		t.Run(name, func(t *testing.T) {
			customer := s.NewCustomer(t, "Customer")
			failures := 0
			for ; failures < 10; failures++ {
				got := login(t, fmt.Sprintf("198.51.100.%d", failures), customer.Email, "a wrong password")
				if got.Reason == "LOGIN_THROTTLED" {
					break
				}
				got.Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
			}
			if failures < 5 || failures == 10 {
				t.Errorf("throttled after %d failures", failures)
			}
		})
	}
}

// TestPasswordsAreNormalised: a password is the same however a device writes its letters and spaces.
func TestPasswordsAreNormalised(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		forms := []string{"gru\u0308ne\u00a0Ba\u0308ume", "gr\u00fcne B\u00e4ume"}
		for _, registered := range forms {
			r := registration(func(r *userv1.RegisterRequest) { r.Password = registered })
			salontest.Do[*userv1.User](t, c, nil, userv1.AuthService_Register_FullMethodName, r)
			for _, typed := range forms {
				c.Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: r.GetEmail(), Password: typed}).
					Want(t, codes.OK, "")
			}
		}
		for password, reason := range map[string]string{
			"u\u0308o\u0308a\u0308e\u0301": "INVALID_FIELDS", // eight characters as typed, four when composed
			"contrasen\u0303a":             "WEAK_PASSWORD",
		} {
			got := c.Call(t, nil, userv1.AuthService_Register_FullMethodName,
				registration(func(r *userv1.RegisterRequest) { r.Password = password }))
			got.Want(t, codes.InvalidArgument, reason)
		}
	})
}
