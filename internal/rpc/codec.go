package rpc

import (
	"bytes"
	"context"

	"google.golang.org/grpc/encoding"
	grpcproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/validate"
)

// malformed is an unknown field, with the highest possible number, that marks a message which could not be read. A
// caller who sends this field gets the same answer as for any other unreadable message.
var malformed = protowire.AppendVarint(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.VarintType), 1)

// codec reads and writes protobuf. For a message that cannot be read, such as one with a string that is not UTF-8,
// gRPC answers INTERNAL with the parser's text before the interceptors run. This codec marks the message instead,
// so that the chain logs, counts and refuses it.
type codec struct {
	encoding.CodecV2
}

func newCodec() codec { return codec{encoding.GetCodecV2(grpcproto.Name)} }

// Unmarshal reads data into v.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	err := c.CodecV2.Unmarshal(data, v)
	m, ok := v.(proto.Message)
	if err == nil || !ok {
		return err
	}
	proto.Reset(m)
	m.ProtoReflect().SetUnknown(malformed)
	return nil
}

// checkMessage refuses messages that could not be read or break the contract's rules, and normalises all others in
// place.
func checkMessage(_ context.Context, m proto.Message) error {
	if bytes.Equal(m.ProtoReflect().GetUnknown(), malformed) {
		return errMalformed
	}
	return validate.Message(m)
}
