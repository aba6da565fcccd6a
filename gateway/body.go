package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
)

// maxBodyBytes bounds a REST body and a gRPC message.
const maxBodyBytes = 1 << 20

// requestBody is the body of a REST request. The generated code of grpc-gateway passes it to the decoder, which so
// has access to the request's headers. It keeps the decoder's error, which the generated code turns into text.
type requestBody struct {
	io.ReadCloser
	request   *http.Request
	inPath    map[string]string // the fields that the path has, by their names in the contract
	condition string            // of the headers, for the field etag
	err       error
}

// jsonMarshaler is the encoding of the REST API. It reads strictly and writes every field.
type jsonMarshaler struct{ runtime.JSONPb }

func newJSONMarshaler() *jsonMarshaler {
	return &jsonMarshaler{runtime.JSONPb{
		// Typed clients expect every field, and null for no field.
		MarshalOptions:   protojson.MarshalOptions{EmitDefaultValues: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: false},
	}}
}

// NewDecoder returns a decoder that reads the whole body, so that no data can follow the message unnoticed.
func (m *jsonMarshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		body, ok := r.(*requestBody)
		if !ok {
			return m.JSONPb.NewDecoder(r).Decode(v)
		}
		body.err = decodeBody(body, v)
		return body.err
	})
}

func decodeBody(body *requestBody, v any) error {
	msg, ok := v.(proto.Message)
	if !ok {
		return apierr.Internal(errors.New("the body's target is no protobuf message"))
	}
	data, err := readBody(body)
	if err != nil {
		return err
	}
	// A method such as :confirm needs no body. Where fields are required, validation names them.
	if len(strings.TrimSpace(string(data))) > 0 {
		if data, err = normalTimes(msg.ProtoReflect().Descriptor(), data); err != nil {
			return err
		}
		if err := (protojson.UnmarshalOptions{}).Unmarshal(data, msg); err != nil {
			return bodyError(err, data, msg.ProtoReflect().Descriptor())
		}
	}
	if err := checkPath(body.inPath, msg.ProtoReflect()); err != nil {
		return err
	}
	return applyHeaders(body, data, msg)
}

// checkPath returns INVALID_FIELDS for a body that names another resource than the path does, which would win.
func checkPath(inPath map[string]string, m protoreflect.Message) error {
	for name, value := range inPath {
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(name))
		if fd != nil && m.Has(fd) && !strings.EqualFold(m.Get(fd).String(), value) {
			return apierr.InvalidField(name, "must be that of the URL, or absent")
		}
	}
	return nil
}

func malformed(message string) *apierr.Error {
	return apierr.New(codes.InvalidArgument, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST, message)
}

var duplicateField = regexp.MustCompile(`duplicate field "([^"]*)"`)

// bodyError describes the error of a body in our own words: the library may change its texts.
func bodyError(err error, data []byte, md protoreflect.MessageDescriptor) error {
	misfit := malformed("the body does not fit the request")
	if m := duplicateField.FindStringSubmatch(err.Error()); m != nil {
		return misfit.WithField(printable(m[1]), "is given twice")
	}
	if path, known := invalidField(md, data); path != "" && known {
		return misfit.WithField(path, "has a value of the wrong type or form, or out of range")
	} else if path != "" {
		return misfit.WithField(path, "is not a field of this request")
	}
	if first, second := alternatives(md, data); second != "" {
		return misfit.WithField(second, "must be absent where "+first+" is given")
	}
	return malformed("the body is not one valid JSON object").WithCause(err)
}

// invalidField finds the first value of an object that does not fit a message, by decoding each value alone. It
// reports whether the message has such a field. The path is empty when the error is not in a single value.
func invalidField(md protoreflect.MessageDescriptor, data []byte) (path string, known bool) {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return "", false
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		fd := fieldByKey(md, key)
		if fd == nil {
			return printable(key), false
		}
		if fits(md, fd, object[key]) {
			continue
		}
		var items []json.RawMessage
		if !fd.IsList() || json.Unmarshal(object[key], &items) != nil {
			return within(string(fd.Name()), fd, object[key])
		}
		for i, item := range items {
			if !fits(md, fd, slices.Concat([]byte("["), item, []byte("]"))) {
				return within(fmt.Sprintf("%s[%d]", fd.Name(), i), fd, item)
			}
		}
		return string(fd.Name()), true
	}
	return "", false
}

// alternatives returns two fields of an object of which only one may be given, empty when there are none.
func alternatives(md protoreflect.MessageDescriptor, data []byte) (first, second string) {
	var object map[string]json.RawMessage
	if json.Unmarshal(data, &object) != nil {
		return "", ""
	}
	given := map[protoreflect.Name]protoreflect.FieldDescriptor{}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		fd := fieldByKey(md, key)
		if fd == nil || fd.ContainingOneof() == nil {
			continue
		}
		choice := fd.ContainingOneof().Name()
		if other := given[choice]; other != nil {
			return other.JSONName(), string(fd.Name())
		}
		given[choice] = fd
	}
	return "", ""
}

// within looks for the invalid field inside a value that does not fit.
func within(path string, fd protoreflect.FieldDescriptor, value []byte) (string, bool) {
	// Google's own types, such as Timestamp, are encoded as one string.
	if fd.Message() == nil || fd.Message().ParentFile().Package() == "google.protobuf" {
		return path, true
	}
	if inner, known := invalidField(fd.Message(), value); inner != "" {
		return path + "." + inner, known
	}
	return path, true
}

func fits(md protoreflect.MessageDescriptor, fd protoreflect.FieldDescriptor, value []byte) bool {
	alone := slices.Concat([]byte(`{"`+fd.JSONName()+`":`), value, []byte("}"))
	return protojson.Unmarshal(alone, dynamicpb.NewMessage(md)) == nil
}

// fieldByKey returns the field that a key of a JSON object names, by its JSON name or its name in the contract; nil for
// none.
func fieldByKey(md protoreflect.MessageDescriptor, key string) protoreflect.FieldDescriptor {
	if fd := md.Fields().ByJSONName(key); fd != nil {
		return fd
	}
	return md.Fields().ByName(protoreflect.Name(key))
}

// readBody reads a body that [http.MaxBytesReader] bounds.
func readBody(body io.Reader) ([]byte, error) {
	data, err := io.ReadAll(body)
	if err == nil {
		return data, nil
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, apierr.New(codes.ResourceExhausted, apiv1.ErrorReason_ERROR_REASON_MESSAGE_TOO_LARGE,
			"the body is larger than 1 MiB")
	}
	return nil, malformed("the body could not be read").WithCause(err)
}

// printable shortens a name from the client and removes control characters, before the name is sent back.
func printable(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return -1
		}
		return r
	}, name)
	if runes := []rune(clean); len(runes) > 64 {
		return string(runes[:64])
	}
	return clean
}

// applyHeaders sets the fields that REST transports in headers (Idempotency-Key, If-Match) and, for PATCH, the
// field mask from the keys of the body.
func applyHeaders(body *requestBody, data []byte, msg proto.Message) error {
	m := msg.ProtoReflect()
	if err := applyKey(m, body.request.Header[keyHeader]); err != nil {
		return err
	}
	if err := applyCondition(m, body.condition); err != nil {
		return err
	}
	mask := m.Descriptor().Fields().ByName("update_mask")
	if body.request.Method != http.MethodPatch || mask == nil {
		return nil
	}
	if given, ok := m.Get(mask).Message().Interface().(*fieldmaskpb.FieldMask); ok && len(given.GetPaths()) > 0 {
		return nil
	}
	var keys map[string]json.RawMessage
	if len(data) > 0 {
		if err := json.Unmarshal(data, &keys); err != nil {
			return malformed("the body is not one valid JSON object").WithCause(err)
		}
	}
	paths := &fieldmaskpb.FieldMask{}
	for key := range keys {
		fd := fieldByKey(m.Descriptor(), key)
		if fd == nil || fieldmask.Controls(fd.Name()) {
			continue
		}
		paths.Paths = append(paths.Paths, string(fd.Name()))
	}
	if len(paths.Paths) > 0 {
		m.Set(mask, protoreflect.ValueOfMessage(paths.ProtoReflect()))
	}
	return nil
}

// applyCondition adds the condition of the headers to the one in the field etag: both must be met.
func applyCondition(m protoreflect.Message, condition string) error {
	fd := m.Descriptor().Fields().ByName("etag")
	if fd == nil || condition == "" {
		return nil
	}
	both, err := etag.Both(condition, m.Get(fd).String())
	if err != nil {
		return err
	}
	m.Set(fd, protoreflect.ValueOfString(both))
	return nil
}

// uuidLen is the length of a UUID with hyphens. The uuid package accepts other forms too.
const uuidLen = 36

// keyHeader is the header of a client's id for a create, and without regard to case the metadata over gRPC.
const keyHeader = "Idempotency-Key"

// notAUUID describes a malformed id in the words of protovalidate.
const notAUUID = "must be a valid UUID"

// applyKey sets request_id to the value of Idempotency-Key, whose lines it is given. The key may be in quotes, as in
// draft-ietf-httpapi-idempotency-key-header. It may be given twice, and in the message too, when it is the same UUID. An
// error names the header, because the client did not write request_id.
func applyKey(m protoreflect.Message, lines []string) error {
	fd := m.Descriptor().Fields().ByName("request_id")
	if fd == nil || len(lines) == 0 {
		return nil
	}
	var key string
	for _, line := range lines {
		one := strings.TrimSpace(line)
		if inner, ok := strings.CutPrefix(one, `"`); ok && strings.HasSuffix(inner, `"`) {
			one = strings.TrimSuffix(inner, `"`)
		}
		switch {
		case one == "":
			return apierr.InvalidField(keyHeader, "must not be empty")
		case len(one) != uuidLen || uuid.Validate(one) != nil:
			return apierr.InvalidField(keyHeader, notAUUID)
		case key != "" && !strings.EqualFold(key, one):
			return apierr.InvalidField(keyHeader, "is given twice and differs")
		}
		key = one
	}
	if given := m.Get(fd).String(); given != "" && !strings.EqualFold(given, key) {
		return apierr.InvalidField(keyHeader, "must be the same as the request id of the message")
	}
	m.Set(fd, protoreflect.ValueOfString(key))
	return nil
}
