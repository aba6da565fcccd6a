package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/gzip" // lets clients compress
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	invalidArgument = codes.InvalidArgument
)

// registerProxy registers every public method of the contract on a gRPC server and forwards its calls to the
// service. The services have their own names, so reflection shows them, and unary methods take gRPC's fast path.
// Other methods are not registered and so are UNIMPLEMENTED.
//
// Messages are decoded by the generated types, which keep unknown fields: a service may be newer than the gateway.
func (g *Gateway) registerProxy(server grpc.ServiceRegistrar) error {
	for _, sd := range g.routes.services {
		desc := &grpc.ServiceDesc{
			ServiceName: string(sd.FullName()),
			HandlerType: (*any)(nil),
			Metadata:    sd.ParentFile().Path(),
		}
		for i := range sd.Methods().Len() {
			md := sd.Methods().Get(i)
			r, ok := g.routes.byMethod[fmt.Sprintf("/%s/%s", sd.FullName(), md.Name())]
			if !ok {
				continue
			}
			input, err := protoregistry.GlobalTypes.FindMessageByName(md.Input().FullName())
			if err != nil {
				return fmt.Errorf("proxy %s: %w", r.fullMethod, err)
			}
			output, err := protoregistry.GlobalTypes.FindMessageByName(md.Output().FullName())
			if err != nil {
				return fmt.Errorf("proxy %s: %w", r.fullMethod, err)
			}
			if md.IsStreamingClient() || md.IsStreamingServer() {
				desc.Streams = append(desc.Streams, g.streamDesc(r, input, output))
			} else {
				desc.Methods = append(desc.Methods, g.methodDesc(r, input, output))
			}
		}
		server.RegisterService(desc, struct{}{})
	}
	return nil
}

func (g *Gateway) methodDesc(r *route, input, output protoreflect.MessageType) grpc.MethodDesc {
	info := &grpc.UnaryServerInfo{FullMethod: r.fullMethod}
	return grpc.MethodDesc{
		MethodName: string(r.desc.Name()),
		Handler: func(_ any, ctx context.Context, dec func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
			return interceptor(ctx, nil, info, func(ctx context.Context, _ any) (any, error) {
				in := &incoming{msg: input.New().Interface()}
				if r.cache != nil { // a cached answer is not counted, and its key is in the message
					if err := dec(in); err != nil {
						return nil, unreadable(err)
					}
					if in.err == nil {
						return g.cachedCall(ctx, r, in.msg, output)
					}
				}
				if err := g.admitRPC(ctx, r); err != nil {
					return nil, err
				}
				if r.cache == nil {
					if err := dec(in); err != nil {
						return nil, unreadable(err)
					}
				}
				if in.err != nil {
					return nil, malformed(notRead).WithCause(in.err)
				}
				keys := metadata.ValueFromIncomingContext(ctx, keyHeader)
				if err := applyKey(in.msg.ProtoReflect(), keys); err != nil {
					return nil, err
				}
				return g.call(ctx, r, in.msg, output)
			})
		},
	}
}

// notRead is the message of errors about what gRPC or protobuf could not decode.
const notRead = "the message could not be read"

// unreadable returns the error of a call whose message gRPC itself could not read, as when a frame is broken or missing.
// grpc-go has answered the client before it returns err, with INTERNAL and without details. The client sent the frame, so
// the access log and the metrics must not count a fault of ours.
func unreadable(err error) error {
	if status.Code(err) == codes.Internal {
		return malformed(notRead).WithCause(err)
	}
	return err
}

// cachedCall answers from the response cache, or makes the call and keeps its answer.
func (g *Gateway) cachedCall(ctx context.Context, r *route, req proto.Message, output protoreflect.MessageType) (any, error) {
	key := frameKey(r, r.idOf(req))
	if entry, ok := g.cache.get(key); ok && !severalTokens(ctx) {
		return &encodedMessage{data: entry.body}, nil
	}
	generation := g.cache.generation.Load()
	if err := g.admitRPC(ctx, r); err != nil {
		return nil, err
	}
	resp, err := g.call(ctx, r, req, output)
	if err != nil {
		return nil, err
	}
	data, err := proto.Marshal(resp)
	if err != nil {
		return nil, apierr.Internal(err)
	}
	g.cache.put(generation, key, cachedResponse{route: r, body: data})
	return &encodedMessage{data: data}, nil
}

// call makes one unary call.
func (g *Gateway) call(ctx context.Context, r *route, req proto.Message, output protoreflect.MessageType) (proto.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.RequestTimeout)
	defer cancel()
	resp := output.New().Interface()
	err := g.conn(r.service).Invoke(outgoing(ctx), r.fullMethod, req, resp)
	if r.mutates() {
		g.cache.dropService(r)
	}
	if err != nil {
		return nil, err
	}
	return resp, nil
}

func (g *Gateway) streamDesc(r *route, input, output protoreflect.MessageType) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    string(r.desc.Name()),
		ClientStreams: r.desc.IsStreamingClient(),
		ServerStreams: r.desc.IsStreamingServer(),
		Handler: func(_ any, in grpc.ServerStream) error {
			if err := g.admitRPC(in.Context(), r); err != nil {
				return err
			}
			ctx, cancel := g.untilEnding(outgoing(in.Context()))
			defer cancel()
			out, err := g.conn(r.service).NewStream(ctx, &grpc.StreamDesc{
				StreamName:    string(r.desc.Name()),
				ClientStreams: r.desc.IsStreamingClient(),
				ServerStreams: r.desc.IsStreamingServer(),
			}, r.fullMethod)
			if err != nil {
				return err
			}
			go pump(in, out, input)
			for {
				msg := output.New().Interface()
				if err := out.RecvMsg(msg); err != nil {
					err = endOf(ctx, err)
					cancel() // the service has ended the stream: stop reading from the client
					if errors.Is(err, io.EOF) {
						return nil
					}
					return err
				}
				if err := in.SendMsg(msg); err != nil {
					cancel()
					return err
				}
			}
		},
	}
}

// pump forwards the client's messages to the service until the client closes the stream. The receiving side returns
// the errors. pump ends with the stream.
func pump(in grpc.ServerStream, out grpc.ClientStream, input protoreflect.MessageType) {
	for {
		msg := input.New().Interface()
		if in.RecvMsg(msg) != nil {
			_ = out.CloseSend()
			return
		}
		if out.SendMsg(msg) != nil {
			return
		}
	}
}

// unknownMethod answers calls of services and methods that do not exist or are not public. They are counted too.
func (g *Gateway) unknownMethod(_ any, ss grpc.ServerStream) error {
	if err := g.admitRPC(ss.Context(), nil); err != nil {
		return err
	}
	return apierr.New(codes.Unimplemented, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "there is no such method")
}

// severalTokens reports whether the call has more than one token. The service refuses such calls.
func severalTokens(ctx context.Context) bool {
	return len(metadata.ValueFromIncomingContext(ctx, "authorization")) > 1
}

// outgoing passes on the caller's token and no other metadata of the caller.
func outgoing(ctx context.Context) context.Context {
	in, _ := metadata.FromIncomingContext(ctx)
	md := metadata.MD{}
	if tokens := in.Get("authorization"); len(tokens) > 0 {
		md["authorization"] = tokens
	}
	return metadata.NewOutgoingContext(ctx, md)
}

// frameCodec is protobuf's codec. It also accepts messages that are encoded already.
type frameCodec struct{ encoding.CodecV2 }

func newFrameCodec() frameCodec { return frameCodec{encoding.GetCodecV2(protocodec.Name)} }

// incoming is a request and the error of its decoding. grpc-go answers an error of the codec with INTERNAL and the
// text of the parser, and without a line in the log; so the codec keeps the error here.
type incoming struct {
	msg proto.Message
	err error
}

// Unmarshal decodes a message.
func (c frameCodec) Unmarshal(data mem.BufferSlice, v any) error {
	if in, ok := v.(*incoming); ok {
		in.err = c.CodecV2.Unmarshal(data, in.msg)
		return nil
	}
	return c.CodecV2.Unmarshal(data, v)
}

// Marshal encodes a message, or passes an encoded one on.
func (c frameCodec) Marshal(v any) (mem.BufferSlice, error) {
	if e, ok := v.(*encodedMessage); ok {
		return e.buffers(), nil
	}
	return c.CodecV2.Marshal(v)
}
