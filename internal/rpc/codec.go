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

// malformed marks a message that could not be read: an unknown field with the highest number that there is. A caller who
// sends it gets the same answer as for any other message that cannot be read.
var malformed = protowire.AppendVarint(protowire.AppendTag(nil, protowire.MaxValidNumber, protowire.VarintType), 1)

// codec reads and writes protobuf. gRPC answers INTERNAL, with the parser's text, to a message that cannot be read (a
// string that is not UTF-8, say), and does so before the interceptors. Our codec marks such a message instead, so that
// the chain logs, counts and refuses it as what it is.
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

// checkMessage refuses what could not be read or breaks the contract's rules, and normalises the rest in place.
func checkMessage(_ context.Context, m proto.Message) error {
	if bytes.Equal(m.ProtoReflect().GetUnknown(), malformed) {
		return errMalformed
	}
	return validate.Message(m)
}
