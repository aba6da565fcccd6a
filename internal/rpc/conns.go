package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/internal/auth"
)

// ConnsConfig describes connections to services.
type ConnsConfig struct {
	// Services proves to other services that the calls come from one of ours. With nil no proof is sent, and internal
	// methods refuse the calls.
	Services *auth.ServiceCredential
	// Tracing records OpenTelemetry spans with the global TracerProvider.
	Tracing bool
}

// Conns reaches Salon's services by name, in this process or another one. It is safe for concurrent use. The lists and messages in an
// answer must not be changed or appended to: one of a service in this process shares them with its handler.
type Conns struct {
	cfg ConnsConfig

	mu    sync.Mutex
	conns map[string]*conn
}

// NewConns returns connections without targets. Local and Remote set the targets.
func NewConns(cfg ConnsConfig) *Conns {
	return &Conns{cfg: cfg, conns: make(map[string]*conn)}
}

// For returns the connection to the service with that name. For may be called before Local and Remote; calls are
// UNAVAILABLE until then. Errors of calls are *apierr.Error.
func (c *Conns) For(service string) grpc.ClientConnInterface { return c.conn(service) }

// Public returns the same connection for the gateway, which forwards the calls of others. Methods that are not in
// the contract, or are only for our own services, do not exist on it.
func (c *Conns) Public(service string) grpc.ClientConnInterface { return publicConn{c.conn(service)} }

func (c *Conns) conn(service string) *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.conns[service]
	if !ok {
		found = &conn{service: service, cfg: c.cfg}
		c.conns[service] = found
	}
	return found
}

// Local connects to a service that runs in this process. Calls are function calls through the same interceptors as
// calls over the network. register registers the handlers of the service. Local fails when the service is connected
// already or one of its methods has no policy.
func (c *Conns) Local(service string, cfg ServerConfig, register func(grpc.ServiceRegistrar)) error {
	chain, err := NewInterceptors(cfg)
	if err != nil {
		return err
	}
	channel := (&inprocgrpc.Channel{}).
		WithServerUnaryInterceptor(chain.unary()).
		WithServerStreamInterceptor(chain.streaming()).
		WithCloner(inprocgrpc.CopyFunc(copyMessage))
	if cfg.Tracing {
		channel.WithServerStatsHandler(ServerTracing())
	}
	if c.cfg.Tracing {
		channel.WithClientStatsHandler(clientTracing())
	}
	register(channel)
	if err := CheckPolicies(channel); err != nil {
		return err
	}
	return c.conn(service).connect(localChannel{channel}, nil)
}

// Remote connects to a service in other processes, at a target such as "user:9100" or "10.0.0.1:9100,10.0.0.2:9100". All addresses of
// all names are copies of the service, between which the calls are spread; names are looked up again and again.
// "dns://server/user:9100" asks a certain DNS server. Calls are not encrypted: the network must be secure. The connections are made
// on the first call. Remote fails when the service is connected already.
func (c *Conns) Remote(service, target string) error {
	remote, err := dialCopies(service, target, c.cfg)
	if err != nil {
		return fmt.Errorf("rpc: connect to %s at %s: %w", service, target, err)
	}
	if err := c.conn(service).connect(remote, remote); err != nil {
		return errors.Join(err, remote.Close())
	}
	return nil
}

// InProcess reports whether a service was connected by Local.
func (c *Conns) InProcess(service string) bool {
	t := c.conn(service).target.Load()
	return t != nil && !t.remote()
}

// Close disconnects all services. Calls are UNAVAILABLE from then on.
func (c *Conns) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var errs []error
	for _, conn := range c.conns {
		if closer := conn.disconnect(); closer != nil {
			errs = append(errs, closer.Close())
		}
	}
	return errors.Join(errs...)
}

// localChannel calls the handlers of a service in this process.
type localChannel struct{ *inprocgrpc.Channel }

// Invoke makes a unary call.
func (c localChannel) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return c.Channel.Invoke(ctx, method, args, answer{reply}, opts...)
}

// answer is a message for what a handler returns.
type answer struct{ message any }

// copyMessage copies a message between caller and handler, so that both may change theirs. An answer shares the lists and messages in it with
// what the handler has returned: neither side changes those, and to copy a large answer takes long.
func copyMessage(out, in any) error {
	a, isAnswer := out.(answer)
	if isAnswer {
		out = a.message
	}
	dst, okDst := out.(proto.Message)
	src, okSrc := in.(proto.Message)
	if !okDst || !okSrc || dst.ProtoReflect().Descriptor() != src.ProtoReflect().Descriptor() {
		return fmt.Errorf("rpc: cannot copy %T to %T", in, out)
	}
	proto.Reset(dst)
	if !isAnswer {
		proto.Merge(dst, src)
		return nil
	}
	from, to := src.ProtoReflect(), dst.ProtoReflect()
	from.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		to.Set(field, value)
		return true
	})
	to.SetUnknown(from.GetUnknown())
	return nil
}

// target is the connection behind a conn.
type target struct {
	grpc.ClientConnInterface
	closer io.Closer // nil in this process
}

func (t *target) remote() bool { return t.closer != nil }
