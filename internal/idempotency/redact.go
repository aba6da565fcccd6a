package idempotency

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// withoutRequestID returns req without its request_id, which is all that may differ between attempts.
// It does not change req.
func withoutRequestID(req proto.Message) proto.Message {
	field := req.ProtoReflect().Descriptor().Fields().ByName("request_id")
	if field == nil || !req.ProtoReflect().Has(field) {
		return req
	}
	clone := proto.Clone(req)
	clone.ProtoReflect().Clear(field)
	return clone
}

// withoutSecrets returns a copy of m without the fields that are marked
// debug_redact, at any depth.
func withoutSecrets(m proto.Message) proto.Message {
	clone := proto.Clone(m)
	clearSecrets(clone.ProtoReflect())
	return clone
}

func clearSecrets(m protoreflect.Message) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case isSecret(field):
			m.Clear(field)
		case field.IsMap():
			if field.MapValue().Message() != nil {
				value.Map().Range(func(_ protoreflect.MapKey, entry protoreflect.Value) bool {
					clearSecrets(entry.Message())
					return true
				})
			}
		case field.Message() == nil:
		case field.IsList():
			for i := range value.List().Len() {
				clearSecrets(value.List().Get(i).Message())
			}
		default:
			clearSecrets(value.Message())
		}
		return true
	})
}

func isSecret(field protoreflect.FieldDescriptor) bool {
	options, ok := field.Options().(*descriptorpb.FieldOptions)
	return ok && options.GetDebugRedact()
}
