package rpc_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/rpc"
)

// fakeStream delivers messages.
type fakeStream struct {
	grpc.ServerStream
	ctx context.Context
	in  []proto.Message
}

func (f *fakeStream) Context() context.Context { return f.ctx }

func (f *fakeStream) RecvMsg(m any) error {
	if len(f.in) == 0 {
		return io.EOF
	}
	dst, ok := m.(proto.Message)
	if !ok {
		return fmt.Errorf("cannot receive %T", m)
	}
	proto.Merge(dst, f.in[0])
	f.in = f.in[1:]
	return nil
}

// The contract has no streams yet; when it gets one, the chain treats it as it treats unary calls.
func TestStreams(t *testing.T) {
	t.Parallel()
	chain, err := rpc.NewInterceptors(rpc.ServerConfig{Auth: authenticator{}, Services: credential(t)})
	if err != nil {
		t.Fatal(err)
	}
	if len(chain.Unary) != len(chain.Stream) {
		t.Fatalf("%d unary interceptors, %d for streams", len(chain.Unary), len(chain.Stream))
	}
	good := &userv1.CreateMasterRequest{UserId: someID, DisplayName: " A "}
	bad := &userv1.CreateMasterRequest{UserId: someID}
	tests := []struct {
		name, method, token string
		in                  []proto.Message
		panics              bool
		want                string
		received            int
	}{
		{"good", "CreateMaster", "admin", []proto.Message{good, good}, false, "", 2},
		{"not signed in", "CreateMaster", "", []proto.Message{good}, false, unauthenticated, 0},
		{"another role", "CreateMaster", "customer", []proto.Message{good}, false, denied, 0},
		{"second message is bad", "CreateMaster", "admin", []proto.Message{good, bad}, false, "InvalidArgument INVALID_FIELDS", 1},
		{"panic", "CreateMaster", "admin", nil, true, "Internal INTERNAL", 0},
		{"no such method", "Nope", "admin", nil, false, "Unimplemented NO_SUCH_METHOD", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			if tt.token != "" {
				ctx = metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", "Bearer "+tt.token))
			}
			received := 0
			handler := func(_ any, s grpc.ServerStream) error {
				if tt.panics {
					panic("boom")
				}
				if p, ok := auth.FromContext(s.Context()); !ok || p.UserID != "user-admin" || rpc.RequestID(s.Context()) == "" {
					t.Errorf("the handler's context has %v and the id %q", p, rpc.RequestID(s.Context()))
				}
				if _, ok := s.Context().Deadline(); ok {
					t.Error("a stream has a deadline")
				}
				for {
					m := &userv1.CreateMasterRequest{}
					if err := s.RecvMsg(m); err == io.EOF { //nolint:errorlint // the contract of grpc.ServerStream
						return nil
					} else if err != nil {
						return err
					}
					if m.GetDisplayName() != "A" {
						t.Errorf("not normalised: %v", m)
					}
					received++
				}
			}
			info := &grpc.StreamServerInfo{FullMethod: "/salon.user.v1.MasterService/" + tt.method, IsClientStream: true}
			for _, interceptor := range slices.Backward(chain.Stream) {
				inner := handler
				handler = func(srv any, s grpc.ServerStream) error { return interceptor(srv, s, info, inner) }
			}
			check(t, handler(nil, &fakeStream{ctx: ctx, in: tt.in}), tt.want)
			if received != tt.received {
				t.Errorf("received %d messages, want %d", received, tt.received)
			}
		})
	}
}
