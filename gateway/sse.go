package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/apierr"
)

// A server-streaming method with a GET binding is a stream of Server-Sent Events (HTML, section 9.2). The data of an event is a message as
// JSON. Three fields of the messages have a meaning of their own:
//
//   - the request's `resume_token` is taken from Last-Event-ID, or from the parameter last_event_id;
//   - the message's `resume_token` is the id of the event;
//   - the message's `type`, an enum, is the name of the event, in lower case. A heartbeat is a comment.
//
// The stream begins with the first message, which a service sends at once. Before it, errors are ordinary answers; after it, an event "error"
// with the problem.
const (
	lastEventID    = "last_event_id"
	resumeField    = protoreflect.Name("resume_token")
	eventTypeField = protoreflect.Name("type")
	// writeTime is how long a client may take to take an event.
	writeTime = 10 * time.Second
	// retryMillis is how long EventSource waits before it comes back.
	retryMillis = 1000
	// ticketSpent is the reason that is answered by 204: it ends the retries of EventSource.
	ticketSpent = "TICKET_SPENT"
)

var errEnding = apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE,
	"this part of the system stops; resume the stream with its last token").WithRetryAfter(time.Second)

// streams reports whether REST carries the method as a stream of events.
func (r *route) streams() bool { return r.Verb == http.MethodGet && r.desc.IsStreamingServer() }

// isStream reports whether a path is that of a stream. None has variables.
func (rs *routes) isStream(path string) bool {
	r, ok := rs.byPattern[http.MethodGet+" "+path]
	return ok && r.streams()
}

// EndStreams ends all streams at once; they are resumed elsewhere. It is called before the servers drain, which would wait for them.
func (g *Gateway) EndStreams() { g.endStreams() }

// untilEnding returns a context that ends with EndStreams too.
func (g *Gateway) untilEnding(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(g.ending, func() { cancel(errEnding) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// endOf returns why a stream has ended: because of EndStreams, or with the error err.
func endOf(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errEnding) {
		return errEnding
	}
	return err
}

// serveStream answers with a stream of events.
func (g *Gateway) serveStream(w http.ResponseWriter, r *http.Request, route *route, query url.Values, pathParams map[string]string) {
	req, err := streamRequest(r, route, query, pathParams)
	if err != nil {
		handleError(r.Context(), nil, nil, w, r, err)
		return
	}
	output, err := protoregistry.GlobalTypes.FindMessageByName(route.desc.Output().FullName())
	if err != nil {
		writeError(w, r, apierr.Internal(err))
		return
	}
	ctx, cancel := g.untilEnding(r.Context())
	defer cancel()
	if token := r.Header.Get("Authorization"); token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", token)
	}
	stream, err := g.conn(route.service).NewStream(ctx, &grpc.StreamDesc{StreamName: string(route.desc.Name()), ServerStreams: true}, route.fullMethod)
	if err == nil {
		if err = stream.SendMsg(req); err == nil || errors.Is(err, io.EOF) {
			err = stream.CloseSend()
		}
	}
	msg := output.New().Interface()
	if err == nil {
		err = stream.RecvMsg(msg)
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF), apierr.ReasonOf(err) == ticketSpent:
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNoContent)
		return
	default:
		writeError(w, r, endOf(ctx, err))
		return
	}
	out := newEventWriter(w)
	if aw, ok := w.(*answerWriter); ok && aw.head {
		return
	}
	for err == nil {
		if err := out.message(msg.ProtoReflect()); err != nil {
			return // the client has left, or does not read
		}
		proto.Reset(msg)
		err = stream.RecvMsg(msg)
	}
	if !errors.Is(err, io.EOF) {
		_ = out.problem(r, endOf(ctx, err))
	}
}

// streamRequest makes the request of a stream from path, query and Last-Event-ID. Browsers send the header when they come back by themselves,
// with the old query; so it comes first.
func streamRequest(r *http.Request, route *route, query url.Values, pathParams map[string]string) (proto.Message, error) {
	input, err := protoregistry.GlobalTypes.FindMessageByName(route.desc.Input().FullName())
	if err != nil {
		return nil, apierr.Internal(err)
	}
	req := input.New()
	for name, value := range pathParams {
		if err := runtime.PopulateFieldFromPath(req.Interface(), name, value); err != nil {
			return nil, apierr.InvalidField(name, "is not valid").WithCause(err)
		}
	}
	from := query.Get(lastEventID)
	if len(query[lastEventID]) > 1 {
		return nil, apierr.InvalidField(lastEventID, "is given more than once")
	}
	delete(query, lastEventID)
	if err := runtime.PopulateQueryParameters(req.Interface(), query, utilities.NewDoubleArray(nil)); err != nil {
		return nil, parameterError(err.Error(), route.desc.Input())
	}
	if header := r.Header.Get("Last-Event-ID"); header != "" {
		from = header
	}
	if field := req.Descriptor().Fields().ByName(resumeField); field != nil && from != "" {
		req.Set(field, protoreflect.ValueOfString(from))
	}
	return req.Interface(), nil
}

// eventWriter writes events to a client, each at once.
type eventWriter struct {
	w       http.ResponseWriter
	control *http.ResponseController
	json    *jsonMarshaler
}

// newEventWriter sends the headers with the first event.
func newEventWriter(w http.ResponseWriter) *eventWriter {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h["Cache-Control"] = noStore
	h.Set("X-Accel-Buffering", "no") // nginx passes on what it gets
	e := &eventWriter{w: w, control: http.NewResponseController(w), json: newJSONMarshaler()}
	// The server's limits are for ordinary requests. The end of the read limit would look as if the client had left.
	_ = e.control.SetReadDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	_ = e.write([]byte(fmt.Sprintf("retry: %d\n\n", retryMillis)))
	return e
}

// message writes a message as an event.
func (e *eventWriter) message(m protoreflect.Message) error {
	var b bytes.Buffer
	id := stringField(m, resumeField)
	name := eventName(m)
	if name == "heartbeat" {
		b.WriteString(": heartbeat\n")
	} else {
		data, err := e.json.Marshal(m.Interface())
		if err != nil {
			return err
		}
		writeField(&b, "event", name)
		writeField(&b, "data", string(data))
	}
	if id != "" {
		writeField(&b, "id", id)
	}
	b.WriteByte('\n')
	return e.write(b.Bytes())
}

// problem ends a stream with an error, in the form that an answer would have.
func (e *eventWriter) problem(r *http.Request, err error) error {
	answer := &bodyWriter{header: http.Header{}}
	writeError(answer, r, err)
	var b bytes.Buffer
	writeField(&b, "event", "error")
	writeField(&b, "data", strings.TrimSpace(answer.body.String()))
	b.WriteByte('\n')
	return e.write(b.Bytes())
}

// bodyWriter keeps the body of an answer.
type bodyWriter struct {
	header http.Header
	body   bytes.Buffer
}

// Header is not sent.
func (w *bodyWriter) Header() http.Header { return w.header }

// WriteHeader does nothing: the body names the status.
func (w *bodyWriter) WriteHeader(int) {}

// Write appends to the body.
func (w *bodyWriter) Write(b []byte) (int, error) { return w.body.Write(b) }

func (e *eventWriter) write(b []byte) error {
	if err := e.control.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return err
	}
	if _, err := e.w.Write(b); err != nil {
		return err
	}
	return e.control.Flush()
}

// writeField writes a field of an event. Values are JSON, tokens or names, in one line.
func writeField(b *bytes.Buffer, name, value string) {
	if value != "" {
		b.WriteString(name + ": " + value + "\n")
	}
}

// eventName is the name of a message's type without the prefix of its enum: "created".
func eventName(m protoreflect.Message) string {
	fd := m.Descriptor().Fields().ByName(eventTypeField)
	if fd == nil || fd.Enum() == nil {
		return ""
	}
	value := fd.Enum().Values().ByNumber(m.Get(fd).Enum())
	if value == nil { // of a service that is newer than the gateway
		return ""
	}
	zero := strings.TrimSuffix(string(fd.Enum().Values().ByNumber(0).Name()), "UNSPECIFIED")
	return strings.ToLower(strings.TrimPrefix(string(value.Name()), zero))
}
