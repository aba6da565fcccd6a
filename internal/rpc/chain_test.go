package rpc_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

// runUnary runs a chain without a server.
func runUnary(ctx context.Context, chain rpc.Interceptors, method string, req any, handler grpc.UnaryHandler) error {
	if handler == nil {
		handler = func(context.Context, any) (any, error) { return &userv1.Master{}, nil }
	}
	info := &grpc.UnaryServerInfo{FullMethod: method}
	for _, interceptor := range slices.Backward(chain.Unary) {
		inner := handler
		handler = func(ctx context.Context, req any) (any, error) { return interceptor(ctx, req, info, inner) }
	}
	_, err := handler(ctx, req)
	return err
}

// The order of the chain, seen from outside.
func TestOrder(t *testing.T) {
	t.Parallel()
	authn := authenticator{before: func(ctx context.Context) {
		if _, ok := ctx.Deadline(); !ok || rpc.RequestID(ctx) == "" {
			t.Error("authentication runs without a deadline or a request id")
		}
	}}
	tests := []struct {
		name   string
		header string
		req    *userv1.CreateMasterRequest
		want   string
	}{
		{"authentication before validation", "", &userv1.CreateMasterRequest{}, unauthenticated},
		{"authorization before validation", "Bearer customer", &userv1.CreateMasterRequest{}, denied},
		{"validation before the handler", "Bearer admin", &userv1.CreateMasterRequest{}, "InvalidArgument INVALID_FIELDS"},
		{"handler", "Bearer admin", &userv1.CreateMasterRequest{UserId: someID, DisplayName: "A"}, "Internal INTERNAL"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var handled atomic.Int32
			m := &masters{create: func(context.Context, *userv1.CreateMasterRequest) (*userv1.Master, error) {
				handled.Add(1)
				panic("boom")
			}}
			inBoth(t, rpc.ServerConfig{Auth: authn}, m, func(t *testing.T, e *env) {
				ctx := t.Context()
				if tt.header != "" {
					ctx = metadata.AppendToOutgoingContext(ctx, "authorization", tt.header)
				}
				_, err := e.masters().CreateMaster(ctx, tt.req)
				check(t, err, tt.want)
				// Whichever stage refused the call, it was logged and counted once, with the code that the caller got.
				line := e.log.lines(t, 1)[0]
				if code := apierr.From(err).Code().String(); line["code"] != code || counted(t, e, "CreateMaster", code) != 1 {
					t.Errorf("log %v, count %v", line, counted(t, e, "CreateMaster", code))
				}
				if reached := handled.Load() > 0; reached != (tt.want == "Internal INTERNAL") {
					t.Errorf("reached the handler: %v", reached)
				}
			})
		})
	}
}

// A panic anywhere inside of the log is INTERNAL for the caller and a line with a stack in our log.
func TestPanics(t *testing.T) {
	t.Parallel()
	boom := func() { panic(errors.New("hunter2")) }
	for name, cfg := range map[string]rpc.ServerConfig{
		"in the handler":        {},
		"in the authentication": {Auth: authenticator{before: func(context.Context) { boom() }}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := &masters{get: func(context.Context, *userv1.GetMasterRequest) (*userv1.Master, error) {
				boom()
				return nil, nil
			}}
			inBoth(t, cfg, m, func(t *testing.T, e *env) {
				ctx := rpc.WithRequestInfo(t.Context(), rpc.RequestInfo{ID: "req-1"})
				ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer master")
				_, err := e.masters().GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
				check(t, err, "Internal INTERNAL")
				if strings.Contains(apierr.From(err).GRPCStatus().Proto().String(), "hunter2") {
					t.Errorf("the panic is sent: %v", err)
				}
				line := e.log.lines(t, 1)[0]
				stack, _ := line["stack"].(string)
				if line["level"] != "error" || line["error"] != "panic: hunter2" || line["request_id"] != "req-1" ||
					!strings.Contains(stack, "chain_test.go") {
					t.Errorf("got %v", line)
				}
				if n := counted(t, e, "GetMaster", "Internal"); n != 1 {
					t.Errorf("counted %v times", n)
				}
			})
		})
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	const most = time.Minute
	tests := map[string]struct {
		ctx  func(context.Context) (context.Context, context.CancelFunc)
		want time.Duration // at most
	}{
		"none": {func(ctx context.Context) (context.Context, context.CancelFunc) { return ctx, func() {} }, most},
		"huge": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 99999*time.Hour)
		}, most},
		"short": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 20*time.Second)
		}, 20 * time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			left := make(chan time.Duration, 2)
			m := &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
				d, _ := ctx.Deadline()
				left <- time.Until(d)
				return &userv1.Master{}, nil
			}}
			inBoth(t, rpc.ServerConfig{MaxTimeout: most}, m, func(t *testing.T, e *env) {
				ctx, cancel := tt.ctx(t.Context())
				defer cancel()
				_, err := e.masters().GetMaster(ctx, &userv1.GetMasterRequest{MasterId: someID})
				check(t, err, "")
				if d := <-left; d <= 0 || d > tt.want {
					t.Errorf("the handler has %v, want at most %v", d, tt.want)
				}
			})
		})
	}
}

func TestTimeIsUp(t *testing.T) {
	t.Parallel()
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	handler := func(context.Context, any) (any, error) {
		t.Error("a call whose caller has gone was begun")
		return nil, nil
	}
	past, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	check(t, runUnary(past, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID}, handler),
		"DeadlineExceeded DEADLINE_EXCEEDED")
	gone, leave := context.WithCancel(t.Context())
	leave()
	check(t, runUnary(gone, chain, "/salon.user.v1.MasterService/GetMaster", &userv1.GetMasterRequest{MasterId: someID}, handler),
		"Canceled CANCELLED")
}

func TestSlowHandler(t *testing.T) {
	t.Parallel()
	m := &masters{get: func(ctx context.Context, _ *userv1.GetMasterRequest) (*userv1.Master, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	inBoth(t, rpc.ServerConfig{MaxTimeout: 20 * time.Millisecond}, m, func(t *testing.T, e *env) {
		_, err := e.masters().GetMaster(t.Context(), &userv1.GetMasterRequest{MasterId: someID})
		check(t, err, "DeadlineExceeded DEADLINE_EXCEEDED")
	})
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	if _, err := rpc.NewInterceptors(rpc.ServerConfig{MaxTimeout: -1}); err == nil {
		t.Error("a negative timeout is accepted")
	}
	if _, err := rpc.NewServer(rpc.ServerConfig{MaxTimeout: -1}); err == nil {
		t.Error("a negative timeout is accepted")
	}
}
