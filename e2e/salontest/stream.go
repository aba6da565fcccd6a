package salontest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// eventsType is the type of a stream of Server-Sent Events.
const eventsType = "text/event-stream"

// Event is an event of a stream of Server-Sent Events.
type Event struct {
	// ID, Name and Data are its fields; empty for those that it has not.
	ID, Name, Data string
	// Comment is whether it has a comment, as a heartbeat.
	Comment bool
}

// ReadEvent reads the next event.
func ReadEvent(r *bufio.Reader) (Event, error) {
	var e Event
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return e, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "":
			if e != (Event{}) {
				return e, nil
			}
			e.Comment = value != ""
		case "id":
			e.ID = value
		case "event":
			e.Name = value
		case "data":
			e.Data = value
		}
	}
}

// readBody reads an answer; of a stream, which has no end, the data of the first event.
func readBody(resp *http.Response) ([]byte, error) {
	if resp.Header.Get("Content-Type") != eventsType || resp.Request.Method == http.MethodHead {
		return io.ReadAll(resp.Body)
	}
	events := bufio.NewReader(resp.Body)
	for {
		e, err := ReadEvent(events)
		if err != nil || e.Data != "" {
			return []byte(e.Data), err
		}
	}
}

// firstMessage opens a stream over gRPC and reads its header and its first message.
func (s *System) firstMessage(ctx context.Context, md protoreflect.MethodDescriptor, req, answer proto.Message, header *metadata.MD) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	method := fmt.Sprintf("/%s/%s", md.Parent().FullName(), md.Name())
	stream, err := s.Conn().NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, method)
	if err == nil {
		err = stream.SendMsg(req)
	}
	if err == nil {
		err = stream.CloseSend()
	}
	if err == nil {
		err = stream.RecvMsg(answer)
		*header, _ = stream.Header() // there is none after an error of the library
	}
	s.Declared(method, err)
	return err
}

// OpenEvents opens a stream of events with a request. It is closed at the end of the test, or by stop. An answer that is none fails the test.
func (s *System) OpenEvents(t testing.TB, r *Request) (events *bufio.Reader, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, r.Method, s.URL()+r.Path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = r.Header.Clone()
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatalf("%s: %v", r.Path, err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != eventsType {
		body, _ := io.ReadAll(resp.Body)
		t.Fatalf("%s: %s %s", r.Path, resp.Status, body)
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Encoding": ""} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q, want %q", r.Path, name, got, want)
		}
	}
	return bufio.NewReader(resp.Body), cancel
}
