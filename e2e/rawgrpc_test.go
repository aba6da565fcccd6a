package e2e_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding/gzip"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// bytesCodec sends bytes as they are, where the real codec would refuse to.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) ([]byte, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("not bytes: %T", v)
	}
	return b, nil
}

func (bytesCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("not bytes: %T", v)
	}
	*b = bytes.Clone(data)
	return nil
}

// TestMalformedMessages sends bytes over gRPC that no message of ours is made of.
func TestMalformedMessages(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for name, message := range map[string][]byte{
		"no protobuf":    []byte("{}"),
		"cut off":        {0x0a, 0x20, 'a'},
		"invalid UTF-8":  {0x1a, 0x02, 0xff, 0xfe},
		"too deep":       bytes.Repeat([]byte{0xa3, 0x06}, 10_001), // groups in a field that is unknown
		"endless varint": bytes.Repeat([]byte{0xff}, 20),
	} {
		t.Run(name, func(t *testing.T) {
			var answer []byte
			err := s.Conn().Invoke(t.Context(), userv1.AuthService_Register_FullMethodName, message, &answer, grpc.ForceCodec(bytesCodec{}))
			salontest.GRPCResult(t, err).Want(t, codes.InvalidArgument, "MALFORMED_REQUEST")
		})
	}
}

// TestUnknownField: over gRPC a field that is not known yet is ignored, so that clients may be newer; it gives nobody a
// role.
func TestUnknownField(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	email := "new-" + salontest.Unique() + "@example.com"
	var message []byte
	for number, text := range map[byte]string{1: email, 2: salontest.Password, 3: "Customer", 15: "ROLE_ADMIN"} {
		message = append(append(message, number<<3|2, byte(len(text))), text...)
	}
	var answer []byte
	err := s.Conn().Invoke(t.Context(), userv1.AuthService_Register_FullMethodName, message, &answer, grpc.ForceCodec(bytesCodec{}))
	if err != nil {
		t.Fatal(err)
	}
	list := salontest.Do[*userv1.ListUsersResponse](t, s.GRPC(), s.Admin(), userv1.UserService_ListUsers_FullMethodName,
		&userv1.ListUsersRequest{Query: email})
	if len(list.GetUsers()) != 1 || list.GetUsers()[0].GetRole().String() != "ROLE_CUSTOMER" {
		t.Errorf("registered %v", list.GetUsers())
	}
}

// TestLargeMessages: what is too large is refused before it is read, compressed or not.
func TestLargeMessages(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for name, opts := range map[string][]grpc.CallOption{
		"plain":     nil,
		"gzip bomb": {grpc.UseCompressor(gzip.Name)},
	} {
		t.Run(name, func(t *testing.T) {
			req := registration(func(r *userv1.RegisterRequest) { r.DisplayName = strings.Repeat("a", 32<<20) })
			err := s.Conn().Invoke(t.Context(), userv1.AuthService_Register_FullMethodName, req, &userv1.User{},
				append(opts, grpc.MaxCallSendMsgSize(64<<20))...)
			salontest.GRPCResult(t, err).Want(t, codes.ResourceExhausted, "")
		})
	}
	body := `{"email":"x@example.com","password":"` + strings.Repeat("a", 2<<20) + `"}`
	got := rawHTTP(t, s, "POST /v1/auth:register HTTP/1.1\r\nHost: salon\r\nContent-Type: application/json\r\n"+
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)), body)
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("REST: %s", got.Status)
	}
	got = rawHTTP(t, s, "DELETE /v1/ratings/"+id.New()+" HTTP/1.1\r\nHost: salon\r\nContent-Type: application/json\r\n"+
		fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)), body)
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("REST, a method without a body: %s", got.Status)
	}
	got = rawHTTP(t, s, "POST /v1/auth:register HTTP/1.1\r\nHost: salon\r\nContent-Type: application/json\r\n"+
		"Transfer-Encoding: chunked\r\n\r\n"+fmt.Sprintf("%x\r\n", len(body)), body+"\r\n0\r\n\r\n")
	if got.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("REST in chunks: %s", got.Status)
	}
	got = rawHTTP(t, s, "GET /v1/me HTTP/1.1\r\nHost: salon\r\nAuthorization: Bearer ", strings.Repeat("a", 1<<20)+"\r\n\r\n")
	if got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a token of 1 MB: %s", got.Status)
	}
	got = rawHTTP(t, s, "GET /v1/masters/%zz HTTP/1.1\r\nHost: salon\r\n\r\n", "")
	if got.StatusCode != http.StatusBadRequest {
		t.Errorf("a malformed path: %s", got.Status)
	}
	got = rawHTTP(t, s, "GET /v1/masters HTTP/1.1\r\nHost: salon\r\nX-Request-Id: a\x01b\r\n\r\n", "")
	if got.StatusCode != http.StatusBadRequest || !strings.HasPrefix(got.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("a control character in a header: %s, %s", got.Status, got.Header.Get("Content-Type"))
	}
	token := salontest.Token(strings.Repeat("a", 1<<20))
	if got := s.GRPC().Call(t, token, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}); got.Code == codes.OK {
		t.Errorf("a token of 1 MB over gRPC: %v", got)
	}
	s.GRPC().Call(t, nil, userv1.AuthService_GetJwks_FullMethodName, &userv1.GetJwksRequest{}).Want(t, codes.OK, "")
}

// rawHTTP sends bytes and reads an answer, although the server may close before it has read everything.
func rawHTTP(t *testing.T, s *salontest.System, head, body string) *http.Response {
	t.Helper()
	conn := dial(t, strings.TrimPrefix(s.URL(), "http://"))
	go func() {
		_, _ = conn.Write([]byte(head)) // the answer says more than an error here
		_, _ = conn.Write([]byte(body))
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestTimeouts: a client may ask for less time than there is, and gets no more when it asks for more.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, timeout := range []string{"0S", "1n", "99999H", "-1S", "junk"} {
		r := salontest.NewRequest(http.MethodGet, "/v1/masters", "").With("Grpc-Timeout", timeout)
		if got := s.HTTP(t, r); got.StatusCode != http.StatusOK {
			t.Errorf("REST with Grpc-Timeout %s: %s", timeout, got.Status)
		}
	}
	for timeout, want := range map[string]codes.Code{"0S": codes.DeadlineExceeded, "99999H": codes.OK} {
		if got := rawGRPC(t, s, userv1.AuthService_GetJwks_FullMethodName, timeout); got != want {
			t.Errorf("gRPC with grpc-timeout %s: %s, want %s", timeout, got, want)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 1)
	defer cancel()
	_, err := userv1.NewAuthServiceClient(s.Conn()).GetJwks(ctx, &userv1.GetJwksRequest{})
	if got := salontest.GRPCResult(t, err); got.Code != codes.DeadlineExceeded {
		t.Errorf("gRPC with a nanosecond: %v", got)
	}
}

// TestMethodNames: a path that is none of ours is no method.
func TestMethodNames(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for _, path := range []string{
		strings.TrimPrefix(userv1.AuthService_GetJwks_FullMethodName, "/"), "", "/", "//", "/salon.user.v1.AuthService",
		"/salon.user.v1.AuthService/", "/salon.user.v1.AuthService/Nothing", "/salon.user.v1.AuthService/GetJwks/",
		userv1.IdentityService_CheckSession_FullMethodName,
	} {
		if got := rawGRPC(t, s, path, ""); got != codes.Unimplemented {
			t.Errorf("path %q: %s", path, got)
		}
	}
}

// TestBrokenFrames: frames that gRPC itself cannot read are the client's mistake. The library answers them, so without a
// reason; the access log does not count them as faults of ours.
func TestBrokenFrames(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	const method = userv1.AuthService_GetJwks_FullMethodName
	for name, tt := range map[string]struct {
		data   []byte
		status codes.Code
		reason string
	}{
		"compressed without an encoding": {[]byte{1, 0, 0, 0, 0}, codes.Internal, "MALFORMED_REQUEST"},
		"no message":                     {nil, codes.Internal, "MALFORMED_REQUEST"},
		"cut off":                        {[]byte{0, 0, 0, 0, 9, 1}, codes.Internal, "MALFORMED_REQUEST"},
		"two messages":                   {make([]byte, 10), codes.Internal, "MALFORMED_REQUEST"},
		"too large":                      {[]byte{0, 0xff, 0xff, 0xff, 0xff}, codes.ResourceExhausted, "MESSAGE_TOO_LARGE"},
	} {
		t.Run(name, func(t *testing.T) {
			id := "frame-" + salontest.Unique()
			if got := rawCall(t, s, method, tt.data, "x-request-id", id); got != tt.status {
				t.Errorf("answered %s, want %s", got, tt.status)
			}
			salontest.Eventually(t, func() error {
				log, err := s.AccessLog()
				if err != nil {
					return err
				}
				for line := range strings.Lines(log) {
					if strings.Contains(line, id) {
						if !strings.Contains(line, `"reason":"`+tt.reason+`"`) || strings.Contains(line, `"code":"Internal"`) {
							t.Errorf("logged as %s", line)
						}
						return nil
					}
				}
				return errors.New("the call is not in the access log")
			})
		})
	}
	if strings.Contains(s.Log(), "compressed flag") {
		t.Error("a broken frame is in the log of faults")
	}
}

// rawGRPC makes a call with an empty message over HTTP/2 without a client, and returns its status.
func rawGRPC(t *testing.T, s *salontest.System, path, timeout string) codes.Code {
	t.Helper()
	if timeout == "" {
		return rawCall(t, s, path, make([]byte, 5))
	}
	return rawCall(t, s, path, make([]byte, 5), "grpc-timeout", timeout)
}

// rawCall makes a call with these bytes over HTTP/2 without a client, and with more headers, as names and values. It returns
// the call's status.
func rawCall(t *testing.T, s *salontest.System, path string, data []byte, headers ...string) codes.Code {
	t.Helper()
	conn := dial(t, s.GRPCAddr())
	if _, err := conn.Write([]byte(http2.ClientPreface)); err != nil {
		t.Fatal(err)
	}
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	fields := append([]string{
		":method", "POST", ":scheme", "http", ":path", path, ":authority", "salon", "content-type", "application/grpc", "te", "trailers",
	}, headers...)
	for i := 0; i < len(fields); i += 2 {
		if err := encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	for _, write := range []func() error{
		func() error { return framer.WriteSettings() },
		func() error {
			return framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true})
		},
		func() error { return framer.WriteData(1, true, data) },
	} {
		if err := write(); err != nil {
			t.Fatal(err)
		}
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatalf("path %q: %v", path, err)
		}
		switch f := frame.(type) {
		case *http2.MetaHeadersFrame:
			for _, field := range f.Fields {
				if field.Name == "grpc-status" {
					var code int
					if _, err := fmt.Sscan(field.Value, &code); err != nil {
						t.Fatal(err)
					}
					return codes.Code(code)
				}
			}
		case *http2.RSTStreamFrame:
			t.Fatalf("path %q: the stream was reset: %s", path, f.ErrCode)
		}
	}
}
