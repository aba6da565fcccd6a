package gateway

import (
	"bytes"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/etag"
)

// The conditional headers of RFC 9110, section 13. A change carries its condition in the request's field `etag`, which
// the services check, so that gRPC has the same conditions. Reads are compared with their answer.

var (
	errNoETag      = apierr.InvalidField("If-Match", "has nothing to compare with: this method has no etag")
	errIfNoneMatch = apierr.InvalidField("If-None-Match", "is for reads; before a change only * is taken, with PUT")
	errNoneToMatch = apierr.InvalidField("If-None-Match", "has nothing to compare with: this method has no etag")
)

// conditionOf returns the condition in the headers of a change, "" when there is none. A condition that cannot be
// checked is refused, because ignoring it would make the change.
func conditionOf(r *http.Request, route *route) (string, error) {
	condition, err := etag.FromIfMatch(r.Header["If-Match"])
	if err != nil || route.Verb == http.MethodGet {
		return "", err
	}
	hasETag := route.desc.Input().Fields().ByName("etag") != nil
	if condition != "" && condition != etag.Any && !hasETag {
		return "", errNoETag
	}
	if lines := r.Header["If-None-Match"]; len(lines) > 0 {
		if route.Verb != http.MethodPut || len(lines) > 1 || strings.TrimSpace(lines[0]) != etag.Any {
			return "", errIfNoneMatch
		}
		if !hasETag {
			return "", errNoneToMatch
		}
		return etag.Both(condition, etag.Absent)
	}
	return condition, nil
}

// withCondition passes a condition to a change without a body: together with the etag in the query and the one in the
// body that a client may send all the same. All of them must be met.
func withCondition(
	w http.ResponseWriter, r *http.Request, route *route, query url.Values, condition string,
) (*http.Request, error) {
	if route.HasBody || route.Verb == http.MethodGet {
		return r, nil
	}
	inBody, err := etagInBody(w, r, route)
	if err != nil {
		return r, err
	}
	if len(query["etag"]) > 1 || !route.query["etag"] {
		return r, nil // grpc-gateway refuses repeated parameters
	}
	given := query.Get("etag")
	if condition, err = etag.Both(condition, inBody); err != nil {
		return r, err
	}
	if condition, err = etag.Both(condition, given); err != nil || condition == given {
		return r, err
	}
	query.Set("etag", condition)
	return withQuery(r, query), nil
}

// etagInBody returns the etag in the body of a change that takes none otherwise.
func etagInBody(w http.ResponseWriter, r *http.Request, route *route) (string, error) {
	data, err := readBody(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		return "", err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return "", nil
	}
	msg := dynamicpb.NewMessage(route.desc.Input())
	if err := protojson.Unmarshal(data, msg); err != nil {
		return "", bodyError(err, data, route.desc.Input())
	}
	var bad error
	msg.Range(func(fd protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
		if fd.Name() != "etag" {
			bad = apierr.InvalidField(string(fd.Name()), "belongs into the URL, not into the body")
		}
		return bad == nil
	})
	return stringField(msg, "etag"), bad
}

// matchRead checks the If-Match of a read against the etag of its answer, "" when it has none.
func matchRead(lines []string, tag string) error {
	switch matches, err := etag.MatchRead(lines, tag); {
	case err != nil:
		return err
	case !matches:
		return apierr.ErrEtagMismatch
	}
	return nil
}
