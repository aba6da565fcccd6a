package rpc

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// conn is the client side of all calls to one service. It adds the metadata that the server's chain reads, and
// finds the service when it is called.
type conn struct {
	service string
	cfg     ConnsConfig
	target  atomic.Pointer[target]
}

func (c *conn) connect(cc grpc.ClientConnInterface, closer io.Closer) error {
	if !c.target.CompareAndSwap(nil, &target{cc, closer}) {
		return fmt.Errorf("rpc: %s is connected already", c.service)
	}
	return nil
}

func (c *conn) disconnect() io.Closer {
	if t := c.target.Swap(nil); t != nil {
		return t.closer
	}
	return nil
}

// Invoke makes a unary call.
func (c *conn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	t := c.target.Load()
	if t == nil {
		return c.notConnected()
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
	}
	return publicError(t.Invoke(c.outgoing(ctx, method, t.remote()), method, args, reply, opts...))
}

// NewStream opens a stream.
func (c *conn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	t := c.target.Load()
	if t == nil {
		return nil, c.notConnected()
	}
	s, err := t.NewStream(c.outgoing(ctx, method, t.remote()), desc, method, opts...)
	if err != nil {
		return nil, publicError(err)
	}
	return clientStream{s}, nil
}

func (c *conn) notConnected() error {
	return errNotConnected.WithCause(fmt.Errorf("rpc: %s is not connected", c.service))
}

// outgoing adds to the metadata. It keeps the metadata of the caller, such as the gateway's `authorization`, but
// overwrites our own keys.
func (c *conn) outgoing(ctx context.Context, method string, remote bool) context.Context {
	md, ok := metadata.FromOutgoingContext(ctx) // a copy
	if !ok {
		md = make(metadata.MD, 4)
	}
	set := func(key, value string) {
		if value = printable(value); value == "" {
			md.Delete(key)
		} else {
			md.Set(key, value)
		}
	}
	i := Info(ctx)
	if !ValidRequestID(i.ID) {
		i.ID = NewRequestID()
	}
	set(MDRequestID, i.ID)
	set(MDClientIP, i.ClientIP)
	set(MDUserAgent, i.UserAgent)
	md.Delete(MDServiceCredential)
	md.Delete(MDServiceToken)
	if c.cfg.Services != nil {
		policy, _ := Policy(method)
		md.Set(MDServiceCredential, c.cfg.Services.Mint(c.service, policy.GetServices()...))
		if remote { // where a process of the version before may answer
			set(MDServiceToken, c.cfg.Services.MintLegacy())
		}
	}
	return metadata.NewOutgoingContext(ctx, md)
}

// publicError returns the same *apierr.Error for a failure, whether the service runs in this process or not.
func publicError(err error) error {
	if err == nil {
		return nil
	}
	return apierr.From(err)
}

// clientStream returns errors of a stream in the form of errors of a call.
type clientStream struct {
	grpc.ClientStream
}

// SendMsg sends a message. io.EOF means that RecvMsg has the error.
func (s clientStream) SendMsg(m any) error { return streamError(s.ClientStream.SendMsg(m)) }

// RecvMsg waits for a message. io.EOF means that the stream has ended well.
func (s clientStream) RecvMsg(m any) error { return streamError(s.ClientStream.RecvMsg(m)) }

func streamError(err error) error {
	if err == io.EOF { //nolint:errorlint // the contract of grpc.ClientStream: exactly io.EOF
		return err
	}
	return publicError(err)
}

// publicConn is a conn without the methods for our own services.
type publicConn struct {
	conn *conn
}

// Invoke makes a unary call.
func (p publicConn) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	if !isPublic(method) {
		return errNoSuchMethod
	}
	return p.conn.Invoke(ctx, method, args, reply, opts...)
}

// NewStream opens a stream.
func (p publicConn) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if !isPublic(method) {
		return nil, errNoSuchMethod
	}
	return p.conn.NewStream(ctx, desc, method, opts...)
}

func isPublic(method string) bool {
	policy, ok := Policy(method)
	return ok && policy.GetCaller() != apiv1.Caller_CALLER_SERVICE
}
