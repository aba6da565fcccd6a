package gateway

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// notATime describes a text that is given for a time.
const notATime = `must be a time as RFC 3339 writes it, such as "2027-03-01T10:00:00Z"`

// normalTime returns a time in the form that protojson and grpc-gateway read. Both accept texts that are no times of
// RFC 3339, so every text is checked here first.
func normalTime(text string) (string, error) {
	if _, err := protoconv.ParseTimestamp(text); err != nil {
		return "", err
	}
	return strings.ToUpper(text), nil
}

var timestampName = (&timestamppb.Timestamp{}).ProtoReflect().Descriptor().FullName()

func isTime(md protoreflect.MessageDescriptor) bool {
	return md != nil && md.FullName() == timestampName
}

// withNormalTimes checks the times among the query parameters of a request.
func withNormalTimes(route *route, r *http.Request, query url.Values) (*http.Request, error) {
	if len(query) == 0 || !holdsTimes(route.desc.Input()) {
		return r, nil
	}
	changed := false
	fields := route.desc.Input().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !isTime(fd.Message()) {
			continue
		}
		for _, name := range []string{fd.JSONName(), string(fd.Name())} {
			for j, text := range query[name] {
				normal, err := normalTime(text)
				if err != nil {
					return r, apierr.InvalidField(string(fd.Name()), notATime).WithCause(err)
				}
				changed = changed || normal != text
				query[name][j] = normal
			}
		}
	}
	if !changed {
		return r, nil
	}
	return withQuery(r, query), nil
}

var timesByMessage sync.Map // protoreflect.FullName → bool

// holdsTimes reports whether a message, or one inside of it, has a Timestamp.
func holdsTimes(md protoreflect.MessageDescriptor) bool {
	if known, ok := timesByMessage.Load(md.FullName()); ok {
		return known == true
	}
	found := searchTimes(md, nil)
	timesByMessage.Store(md.FullName(), found)
	return found
}

func searchTimes(md protoreflect.MessageDescriptor, outer []protoreflect.FullName) bool {
	if isTime(md) {
		return true
	}
	if slices.Contains(outer, md.FullName()) {
		return false
	}
	outer = append(outer, md.FullName())
	for i := range md.Fields().Len() {
		if inner := md.Fields().Get(i).Message(); inner != nil && searchTimes(inner, outer) {
			return true
		}
	}
	return false
}

// normalTimes checks the times in a JSON body and returns the body with their normal forms. A body that is not valid
// JSON, or that does not fit the message, is returned as it is: protojson refuses it. The error has the field of the
// first text that is no time.
func normalTimes(md protoreflect.MessageDescriptor, data []byte) ([]byte, error) {
	if !holdsTimes(md) {
		return data, nil
	}
	reader := &timeReader{tokens: json.NewDecoder(bytes.NewReader(data)), in: data}
	if err := reader.value(md, "", 0); err != nil {
		if bad, ok := errors.AsType[*apierr.Error](err); ok {
			return nil, bad
		}
		return data, nil
	}
	return append(reader.out, data[reader.done:]...), nil
}

// timeReader replaces the times of a JSON text, and keeps everything else byte by byte, so that protojson still sees
// duplicate keys and syntax errors.
type timeReader struct {
	tokens *json.Decoder
	in     []byte
	out    []byte
	done   int64 // up to where in was copied to out
}

// maxDepth is the nesting depth that protojson accepts.
const maxDepth = 10_000

var errTooDeep = errors.New("nested too deeply")

// value reads a value, or a list of values, of a message type; md is nil for other types.
func (r *timeReader) value(md protoreflect.MessageDescriptor, path string, depth int) error {
	if depth > maxDepth {
		return errTooDeep
	}
	before := r.tokens.InputOffset()
	token, err := r.tokens.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case string:
		if isTime(md) {
			return r.time(token, path, before)
		}
	case json.Delim:
		for i := 0; r.tokens.More(); i++ {
			inner, at := md, path+"["+strconv.Itoa(i)+"]"
			if token == '{' {
				if inner, at, err = r.key(md, path); err != nil {
					return err
				}
			}
			if err := r.value(inner, at, depth+1); err != nil {
				return err
			}
		}
		_, err = r.tokens.Token() // the end of the list or object
		return err
	}
	return nil
}

// key reads a key of an object. It returns the type of its value, nil unless that is a message, and the value's path.
func (r *timeReader) key(md protoreflect.MessageDescriptor, path string) (protoreflect.MessageDescriptor, string, error) {
	token, err := r.tokens.Token()
	name, ok := token.(string)
	if err != nil || !ok || md == nil {
		return nil, "", err
	}
	if md.IsMapEntry() {
		return md.Fields().ByName("value").Message(), path + "[" + strconv.Quote(printable(name)) + "]", nil
	}
	fd := fieldByKey(md, name)
	if fd == nil {
		return nil, "", nil
	}
	return fd.Message(), strings.TrimPrefix(path+"."+string(fd.Name()), "."), nil
}

// time checks a text that was read after the offset before, and copies its normal form.
func (r *timeReader) time(text, path string, before int64) error {
	normal, err := normalTime(text)
	if err != nil {
		return malformed("the body does not fit the request").WithField(path, notATime).WithCause(err)
	}
	start := before + int64(bytes.IndexByte(r.in[before:], '"'))
	r.out = append(append(r.out, r.in[r.done:start]...), strconv.Quote(normal)...)
	r.done = r.tokens.InputOffset()
	return nil
}
