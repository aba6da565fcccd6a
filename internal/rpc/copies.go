package rpc

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	// probePause is the time between two probes of an instance, and probeTime how long one may take. A copy that hangs is
	// left after both at the latest.
	probePause = time.Second
	probeTime  = 3 * time.Second
	// attemptTime is how long a read may take at one instance, while there is another one to try.
	attemptTime = 5 * time.Second
	// maxAttempts is how many instances get a call that the first did not answer. UNAVAILABLE answers of reads are retried by gRPC
	// within an attempt, see serviceConfig.
	maxAttempts = 2
)

// errSlow ends an attempt that takes longer than attemptTime.
var errSlow = errors.New("rpc: the copy of the service takes too long")

// copies is the connection to all copies of a service in other processes.
type copies struct {
	cc      *grpc.ClientConn
	group   *group
	reads   map[string]struct{} // by their full method
	stop    context.CancelFunc
	probing sync.WaitGroup
}

// dialCopies connects to a target. The connections are made at the first call.
func dialCopies(service, target string, cfg ConnsConfig) (*copies, error) {
	server, endpoints, err := parseTarget(target)
	if err != nil {
		return nil, err
	}
	c := &copies{group: newGroup(), reads: map[string]struct{}{}}
	reads := readMethods(service)
	for _, m := range reads {
		c.reads["/"+m.Service+"/"+m.Method] = struct{}{}
	}
	builder := &copiesBuilder{endpoints: endpoints, lookup: lookupAt(server), group: c.group}
	if c.cc, err = grpc.NewClient(resolverScheme+":///"+service, append(dialOptions(reads, cfg), grpc.WithResolvers(builder))...); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.stop = cancel
	c.probing.Go(func() { c.probe(ctx) })
	return c, nil
}

// Close ends all calls.
func (c *copies) Close() error {
	c.stop()
	c.probing.Wait()
	return c.cc.Close()
}

// Invoke makes a unary call. What can safely be repeated is tried at another instance when the first one hangs.
func (c *copies) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	_, read := c.reads[method]
	safe := read || hasRequestID(args)
	var tried []*instance
	for n := 1; ; n++ {
		again := safe && n < maxAttempts && len(c.group.readyInstances()) > 1
		limit := time.Duration(0)
		if read && again {
			limit = attemptTime
		}
		a := &attempt{tried: tried}
		err := c.try(ctx, a, limit, method, args, reply, opts...)
		// What was answered is final, with one exception: UNAVAILABLE, which gRPC itself tries again for reads.
		if err == nil || !again || ctx.Err() != nil || !errors.Is(err, errHung) && !errors.Is(err, errSlow) && (read || status.Code(err) != codes.Unavailable) {
			return err
		}
		tried = a.tried
	}
}

// try makes one attempt within a limit; 0 means that of ctx.
func (c *copies) try(ctx context.Context, a *attempt, limit time.Duration, method string, args, reply any, opts ...grpc.CallOption) error {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= limit {
		limit = 0
	}
	tryCtx, cancel := context.WithCancelCause(a.context(ctx))
	defer cancel(nil)
	a.cancel = cancel
	if limit > 0 {
		var stop context.CancelFunc
		tryCtx, stop = context.WithTimeout(tryCtx, limit)
		defer stop()
	}
	err := causeOf(tryCtx, c.cc.Invoke(tryCtx, method, args, reply, opts...))
	if limit > 0 && status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil { // as the instance or our own clock has noticed
		if len(a.tried) > 0 {
			a.tried[len(a.tried)-1].fail()
		}
		return instanceError{errSlow}
	}
	return err
}

// NewStream opens a stream. It ends when its instance hangs.
func (c *copies) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	a := &attempt{}
	ctx, a.cancel = context.WithCancelCause(a.context(ctx))
	s, err := c.cc.NewStream(ctx, desc, method, append(slices.Clip(opts), grpc.OnFinish(func(error) { a.cancel(nil) }))...)
	if err != nil {
		a.cancel(nil)
		return nil, causeOf(ctx, err)
	}
	return instanceStream{s, ctx}, nil
}

// instanceStream says why a stream has ended.
type instanceStream struct {
	grpc.ClientStream

	ctx context.Context //nolint:containedctx // the context of the stream, which has the cause of its end
}

// RecvMsg waits for a message.
func (s instanceStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if err == nil || err == io.EOF { //nolint:errorlint // the contract of grpc.ClientStream: exactly io.EOF
		return err
	}
	return causeOf(s.ctx, err)
}

// instanceError is UNAVAILABLE with a cause of ours.
type instanceError struct{ cause error }

// Error returns the text of the cause.
func (e instanceError) Error() string { return e.cause.Error() }

// Unwrap returns the cause.
func (e instanceError) Unwrap() error { return e.cause }

// GRPCStatus makes it UNAVAILABLE.
func (e instanceError) GRPCStatus() *status.Status {
	return status.New(codes.Unavailable, e.cause.Error())
}

// causeOf returns the error of a call, or why we have ended the call.
func causeOf(ctx context.Context, err error) error {
	if status.Code(err) == codes.Canceled && errors.Is(context.Cause(ctx), errHung) {
		return instanceError{errHung}
	}
	return err
}

// hasRequestID reports whether a request has the id by which its service recognizes a repetition.
func hasRequestID(request any) bool {
	m, ok := request.(proto.Message)
	if !ok {
		return false
	}
	r := m.ProtoReflect()
	field := r.Descriptor().Fields().ByName("request_id")
	return field != nil && field.Kind() == protoreflect.StringKind && !field.IsList() && r.Get(field).String() != ""
}

// probe asks all instances again and again whether they take calls. Only an answer proves that a process is alive: the system accepts
// and acknowledges what is sent to one that is stopped.
func (c *copies) probe(ctx context.Context) {
	tick := time.NewTicker(probePause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-c.group.wake:
		}
		for _, i := range c.group.readyInstances() {
			if i.probing.CompareAndSwap(false, true) {
				c.probing.Go(func() {
					defer i.probing.Store(false)
					c.ask(ctx, i)
				})
			}
		}
	}
}

// ask probes one instance.
func (c *copies) ask(ctx context.Context, i *instance) {
	a := &attempt{probe: i}
	timed, cancel := context.WithTimeout(a.context(ctx), probeTime)
	defer cancel()
	answer, err := healthv1.NewHealthClient(c.cc).Check(timed, &healthv1.HealthCheckRequest{})
	switch {
	case ctx.Err() != nil:
	case status.Code(err) == codes.DeadlineExceeded && a.sent:
		i.hang()
	case err == nil:
		i.serving.Store(answer.GetStatus() == healthv1.HealthCheckResponse_SERVING)
		i.hung.Store(false)
	default: // without a connection the instance gets no calls
	}
}
