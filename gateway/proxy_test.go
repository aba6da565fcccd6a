package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

// newIdleGateway is a gateway to services that are nowhere, whose logs go to out.
func newIdleGateway(t *testing.T, out *strings.Builder) *Gateway {
	t.Helper()
	log := zerolog.New(out)
	conns := rpc.NewConns(rpc.ConnsConfig{})
	t.Cleanup(func() { _ = conns.Close() })
	g, err := New(Config{}, Deps{
		Services: testServices, Conns: conns, Log: log, AccessLog: log, Metrics: prometheus.NewRegistry(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// serveGRPC runs a gateway and connects to it.
func serveGRPC(t *testing.T, g *Gateway) *grpc.ClientConn {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	done := make(chan error, 1)
	go func() { done <- g.GRPCServer().Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///gateway", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close()
		g.GRPCServer().Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return conn
}

// rawCodec sends bytes as they are.
type rawCodec struct{}

func (rawCodec) Name() string { return protocodec.Name }

func (rawCodec) Marshal(v any) ([]byte, error) {
	data, ok := v.([]byte)
	if !ok {
		return nil, errors.New("not bytes")
	}
	return data, nil
}

func (rawCodec) Unmarshal([]byte, any) error { return nil }

// TestMalformedMessage: an unreadable message is the client's fault. The error has our own words and is logged.
func TestMalformedMessage(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	conn := serveGRPC(t, newIdleGateway(t, &out))
	err := conn.Invoke(t.Context(), userv1.AuthService_Register_FullMethodName, []byte{0xff}, nil, grpc.ForceCodec(rawCodec{}))
	wantError(t, apierr.From(err), "MALFORMED_REQUEST")
	if status.Code(err) != codes.InvalidArgument || strings.Contains(err.Error(), "wire-format") {
		t.Errorf("got %v", err)
	}
	if !strings.Contains(out.String(), `"route":"`+userv1.AuthService_Register_FullMethodName+`","code":"InvalidArgument"`) {
		t.Errorf("logged %s", &out)
	}
}

// TestServiceAway: 503 says when to come back, over REST and gRPC, and the gRPC error has the request's id.
func TestServiceAway(t *testing.T) {
	t.Parallel()
	g := newIdleGateway(t, &strings.Builder{})
	w := httptest.NewRecorder()
	g.Handler().ServeHTTP(w, request(http.MethodGet, "/v1/masters", ""))
	if p := problemOf(t, w); p.Status != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" {
		t.Errorf("REST: %+v, Retry-After %q", p, w.Header().Get("Retry-After"))
	}
	w = httptest.NewRecorder()
	g.Handler().ServeHTTP(w, request(http.MethodGet, "/readyz", ""))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("/readyz: %d %v", w.Code, w.Header())
	}
	var header metadata.MD
	err := serveGRPC(t, g).Invoke(t.Context(), userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{},
		&userv1.ListMastersResponse{}, grpc.Header(&header))
	e := apierr.From(err)
	if e.ReasonName() != "UNAVAILABLE" || e.RetryAfter() == 0 {
		t.Errorf("gRPC: %v", err)
	}
	for _, d := range e.GRPCStatus().Details() {
		if info, ok := d.(*errdetails.RequestInfo); ok && slices.Equal(header.Get("x-request-id"), []string{info.GetRequestId()}) {
			return
		}
	}
	t.Errorf("gRPC: header %v, details %v", header, e.GRPCStatus().Details())
}

// TestUnknownMethods: their errors have the usual form, and they share one label, because clients can invent names.
func TestUnknownMethods(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	conn := serveGRPC(t, newIdleGateway(t, &out))
	for _, method := range []string{
		"/salon.user.v1.UserService/Nothing", "/nothing.v1.Nothing/Do", userv1.IdentityService_CheckSession_FullMethodName,
	} {
		err := conn.Invoke(t.Context(), method, &userv1.GetMeRequest{}, &userv1.User{})
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", method, err)
		}
		wantError(t, apierr.From(err), "NO_SUCH_METHOD")
	}
	if strings.Count(out.String(), `"route":"none"`) != 3 || strings.Contains(out.String(), "nothing.v1") {
		t.Errorf("logged %s", &out)
	}
}

func TestFrameCodec(t *testing.T) {
	t.Parallel()
	codec := newFrameCodec()
	want := &userv1.User{Id: "7f", DisplayName: "Anna"}
	data, err := proto.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for name, v := range map[string]any{"message": want, "encoded": &encodedMessage{data: data}} {
		frame, err := codec.Marshal(v)
		if err != nil || string(frame.Materialize()) != string(data) {
			t.Errorf("%s: %q, %v", name, frame.Materialize(), err)
		}
	}
	in := &incoming{msg: &userv1.User{}}
	if err := codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(data)}, in); err != nil || in.err != nil || !proto.Equal(in.msg, want) {
		t.Errorf("decoded %v, %v, %v", in.msg, in.err, err)
	}
	in = &incoming{msg: &userv1.User{}}
	if err := codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer{0xff}}, in); err != nil || in.err == nil {
		t.Errorf("decoded junk: %v, %v", in.err, err)
	}
	if encoding.GetCodecV2(codec.Name()) == nil {
		t.Error("the codec has another name than protobuf's")
	}
}
