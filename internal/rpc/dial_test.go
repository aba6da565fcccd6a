package rpc_test

import (
	"regexp"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Clients try again what the contract says has no side effects: all reads, and nothing else.
func TestReadsHaveNoSideEffects(t *testing.T) {
	t.Parallel()
	internalRead := regexp.MustCompile(`^(Check|Lookup|Find|Export)`)
	posted := regexp.MustCompile(`^(Search|Explain|Check)`) // questions that do not fit a URL
	reads := 0
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "salon.") {
			return true
		}
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				m := methods.Get(j)
				http, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
				want := http.GetGet() != "" || http.GetPattern() == nil && internalRead.MatchString(string(m.Name())) ||
					http.GetPost() != "" && posted.MatchString(string(m.Name()))
				options, _ := m.Options().(*descriptorpb.MethodOptions)
				got := options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
				if got != want {
					t.Errorf("%s: idempotency_level is %v", m.FullName(), options.GetIdempotencyLevel())
				}
				if got {
					reads++
				}
			}
		}
		return true
	})
	if reads == 0 {
		t.Error("no read found")
	}
}
