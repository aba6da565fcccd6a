package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/known/anypb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/rpc"
)

// problem is an error in REST: problem details for HTTP APIs (RFC 9457) with Salon's reason and fields.
type problem struct {
	Type     string         `json:"type"`
	Title    string         `json:"title"`
	Status   int            `json:"status"`
	Detail   string         `json:"detail,omitempty"`
	Instance string         `json:"instance,omitempty"` // the request id, as in the log
	Reason   string         `json:"reason"`
	Errors   []problemField `json:"errors,omitempty"`
	// Details are messages of the contract, each with its type in "@type".
	Details []json.RawMessage `json:"details,omitempty"`
}

type problemField struct {
	Field       string `json:"field"`
	Description string `json:"description"`
}

// problemTypes is the page that explains the reasons. The fragment is the reason in kebab case.
const problemTypes = "/docs/errors#"

// reasonStatus has the reasons with a more precise HTTP status than that of their code.
var reasonStatus = map[string]int{
	"ETAG_MISMATCH":          http.StatusPreconditionFailed,
	"MESSAGE_TOO_LARGE":      http.StatusRequestEntityTooLarge,
	"UNSUPPORTED_MEDIA_TYPE": http.StatusUnsupportedMediaType,
}

// writeError answers with a problem that describes the public part of an error. It is the most of what a refusal costs while there is too much to
// do, so it makes no status on the way.
func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := apierr.From(err)
	p := problem{Status: runtime.HTTPStatusFromCode(e.Code()), Detail: inJSON(e.Message()), Reason: e.ReasonName()}
	if e.Code() == codes.Canceled {
		p.Status = 499 // nginx's "client closed request"; only the log shows it
	}
	for _, v := range e.Fields() {
		p.Errors = append(p.Errors, fieldInJSON(v))
	}
	if delay := e.RetryAfter(); delay > 0 {
		seconds := int64((delay + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(max(seconds, 1), 10))
	}
	for _, detail := range e.Details() {
		p.Details = append(p.Details, detailJSON(detail)...)
	}
	if s, ok := reasonStatus[p.Reason]; ok {
		p.Status = s
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="salon"`)
	}
	writeProblem(w, r, p)
}

// detailJSON encodes a detail of an error; nothing when that fails.
func detailJSON(m proto.Message) []json.RawMessage {
	packed, err := anypb.New(m)
	if err != nil {
		return nil
	}
	encoded, err := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(packed)
	if err != nil {
		return nil
	}
	return []json.RawMessage{encoded}
}

// jsonPath converts the path of a field in the contract (segments[0].master_id) to its path in JSON
// (segments[0].masterId).
func jsonPath(path string) string {
	var b strings.Builder
	upper := false
	for _, r := range path {
		switch {
		case r == '_':
			upper = true
		case upper:
			b.WriteRune(unicode.ToUpper(r))
			upper = false
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fieldInJSON is a field that is not valid, in the words of JSON. In an update_mask the values are names of fields.
func fieldInJSON(v *errdetails.BadRequest_FieldViolation) problemField {
	text := inJSON(v.GetDescription())
	if v.GetField() == "update_mask" {
		text = quoted.ReplaceAllStringFunc(text, jsonPath)
	}
	return problemField{jsonPath(v.GetField()), text}
}

// quoted is a value in a text.
var quoted = regexp.MustCompile(`"[^"]*"`)

// severalWords are what can be the name of a field in the contract that JSON writes in another way, and values in quotes, which are not.
var severalWords = regexp.MustCompile(quoted.String() + `|\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b`)

// inJSON writes the names of the contract's fields in a text as JSON has them: "must be after start_time" is "must be after startTime". What the
// text has in quotes is a value and stays: an order_by must be "start_time" in JSON too.
func inJSON(text string) string {
	if !strings.Contains(text, "_") {
		return text
	}
	return severalWords.ReplaceAllStringFunc(text, func(word string) string {
		if fieldNames()[word] {
			return jsonPath(word)
		}
		return word
	})
}

// fieldNames are the names of the fields of Salon's messages.
var fieldNames = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	protoregistry.GlobalTypes.RangeMessages(func(message protoreflect.MessageType) bool {
		if strings.HasPrefix(string(message.Descriptor().FullName()), "salon.") {
			fields := message.Descriptor().Fields()
			for i := range fields.Len() {
				names[string(fields.Get(i).Name())] = true
			}
		}
		return true
	})
	return names
})

// writeStatus answers with a problem that exists only in HTTP.
func writeStatus(w http.ResponseWriter, r *http.Request, httpStatus int, reason apiv1.ErrorReason, detail string) {
	writeProblem(w, r, problem{
		Status: httpStatus, Detail: detail, Reason: strings.TrimPrefix(reason.String(), "ERROR_REASON_"),
	})
}

func writeProblem(w http.ResponseWriter, r *http.Request, p problem) {
	p.Title = http.StatusText(p.Status)
	p.Type = problemTypes + strings.ReplaceAll(strings.ToLower(p.Reason), "_", "-")
	p.Instance = "urn:request:" + rpc.RequestID(r.Context())
	if rec := recordOf(r.Context()); rec != nil {
		rec.reason = p.Reason
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // an error means that the client has left
}

// handleError is grpc-gateway's error handler.
func handleError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request,
	err error,
) {
	if body, ok := r.Body.(*requestBody); ok && body.err != nil {
		err = body.err
	} else if st, ok := status.FromError(err); ok && st.Code() == codes.InvalidArgument && len(st.Details()) == 0 {
		var request protoreflect.MessageDescriptor
		if c, ok := r.Context().Value(callKey{}).(*call); ok {
			request = c.route.desc.Input()
		}
		err = parameterError(st.Message(), request)
	}
	writeError(w, r, err)
}

var parameterNames = []*regexp.Regexp{
	regexp.MustCompile(`parameter: ([\w.]+)`),
	regexp.MustCompile(`too many values for field "([\w.]+)"`),
	regexp.MustCompile(`parsing (?:field|list|map) "([\w.]+)"`),
	regexp.MustCompile(`field "([\w.]+)"`),
}

// parameterError replaces the text with which grpc-gateway refuses a path or query parameter, and keeps the name of
// the parameter. The request may be nil.
func parameterError(text string, request protoreflect.MessageDescriptor) error {
	for _, pattern := range parameterNames {
		if m := pattern.FindStringSubmatch(text); m != nil {
			if strings.Contains(text, "too many values") || strings.Contains(text, "duplicate field") {
				return apierr.InvalidField(m[1], "is given more than once")
			}
			if request != nil {
				if fd := fieldByKey(request, m[1]); fd != nil && fd.Enum() != nil {
					return apierr.InvalidField(m[1], "must be one of "+enumNames(fd.Enum()))
				}
			}
			return apierr.InvalidField(m[1], "has a value of the wrong type or out of range")
		}
	}
	return malformed("a parameter has a value of the wrong type or out of range")
}

// enumNames lists the values of an enum but for the one that means none.
func enumNames(ed protoreflect.EnumDescriptor) string {
	var names []string
	for i := range ed.Values().Len() {
		if v := ed.Values().Get(i); v.Number() != 0 {
			names = append(names, string(v.Name()))
		}
	}
	return strings.Join(names, ", ")
}

// handleRoutingError answers for paths and methods that the contract does not have.
func (g *Gateway) handleRoutingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler,
	w http.ResponseWriter, r *http.Request, httpStatus int,
) {
	if httpStatus == http.StatusBadRequest {
		writeStatus(w, r, httpStatus, apiv1.ErrorReason_ERROR_REASON_MALFORMED_REQUEST, "the path is malformed")
		return
	}
	g.writeNoRoute(w, r)
}

// writeNoRoute answers 405 with Allow when the path takes other methods, else 404.
func (g *Gateway) writeNoRoute(w http.ResponseWriter, r *http.Request) {
	allow := strings.Join(g.routes.allowed(r.URL.Path), ", ")
	if allow == "" {
		writeStatus(w, r, http.StatusNotFound, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "there is nothing at this path")
		return
	}
	w.Header().Set("Allow", allow)
	writeStatus(w, r, http.StatusMethodNotAllowed, apiv1.ErrorReason_ERROR_REASON_NO_SUCH_METHOD, "this path takes "+allow)
}
