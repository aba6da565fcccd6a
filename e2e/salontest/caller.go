package salontest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Identity is who makes a call: an *Account, a Token, or nil for nobody.
type Identity interface {
	token(t testing.TB) string
}

// Token is an access token as it is sent, valid or not.
type Token string

func (tk Token) token(testing.TB) string { return string(tk) }

// Caller makes calls over one of the two protocols.
type Caller interface {
	// Name is "REST" or "gRPC".
	Name() string
	// System is what is called.
	System() *System
	// Call makes one call. The method is a full name such as userv1.UserService_GetMe_FullMethodName. It fails the test
	// when there is no answer, or one that does not follow the rules of its protocol; errors of the contract are results.
	Call(t testing.TB, as Identity, method string, req proto.Message) *Result
}

// Callers are both ways to call a system.
func (s *System) Callers() []Caller { return []Caller{s.REST(), s.GRPC()} }

// Both runs a test over REST and over gRPC.
func Both(t *testing.T, s *System, test func(t *testing.T, c Caller)) {
	t.Helper()
	for _, c := range s.Callers() {
		t.Run(c.Name(), func(t *testing.T) { test(t, c) })
	}
}

// Do makes a call that has to succeed and returns its answer.
func Do[T proto.Message](t testing.TB, c Caller, as Identity, method string, req proto.Message) T {
	t.Helper()
	r := c.Call(t, as, method, req)
	if r.Code != codes.OK {
		t.Fatalf("%s %s: %v", c.Name(), method, r)
	}
	return r.Message.(T)
}

// Result is an answer in the same terms for both protocols.
type Result struct {
	// Code is the gRPC code. Over REST it follows from the reason.
	Code codes.Code
	// Reason is the contract's reason, such as "SLOT_UNAVAILABLE"; empty for OK.
	Reason string
	// Detail is the error's sentence for people.
	Detail string
	// Fields are the fields that are named as wrong, in the contract's spelling, "segments[0].master_id", or headers. Sorted.
	Fields []string
	// Details are the messages of the contract that came with an error, such as NotBookable.
	Details []proto.Message
	// Message is the answer; nil after an error.
	Message proto.Message
	// RetryAfter reports whether the error said when to come back.
	RetryAfter bool
	// RequestID is the request's id in an error of gRPC; "" over REST, which has it in a header and in `instance`.
	RequestID string
	// Status is REST's; 0 over gRPC.
	Status int
	// Header are the response's headers, or metadata.
	Header http.Header
}

// String describes the result for a failure's message.
func (r *Result) String() string {
	if r.Code == codes.OK {
		return fmt.Sprintf("OK %v", r.Message)
	}
	return fmt.Sprintf("%s %s %q %v (HTTP %d)", r.Code, r.Reason, r.Detail, r.Fields, r.Status)
}

// HasField reports whether a field, or something inside of it, is named as wrong.
func (r *Result) HasField(field string) bool {
	return slices.ContainsFunc(r.Fields, func(f string) bool {
		rest, ok := strings.CutPrefix(f, field)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

var upperCase = regexp.MustCompile(`[A-Z]`)

// protoPath turns a field's path in JSON into the one in the contract. The name of a header stays.
func protoPath(path string) string {
	if strings.Contains(path, "-") {
		return path
	}
	return upperCase.ReplaceAllStringFunc(path, func(s string) string { return "_" + strings.ToLower(s) })
}

// methodOf finds a method in the contract.
func methodOf(t testing.TB, fullMethod string) protoreflect.MethodDescriptor {
	t.Helper()
	name := protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(name)
	if err != nil {
		t.Fatalf("method %s: %v", fullMethod, err)
	}
	return d.(protoreflect.MethodDescriptor)
}

// answerOf makes an empty answer of a method.
func answerOf(t testing.TB, md protoreflect.MethodDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.Output().FullName())
	if err != nil {
		t.Fatalf("answer of %s: %v", md.FullName(), err)
	}
	return mt.New().Interface()
}

// NewAnswer makes an empty answer of a method.
func NewAnswer(t testing.TB, method string) proto.Message {
	t.Helper()
	return answerOf(t, methodOf(t, method))
}
