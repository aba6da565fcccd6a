package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// methods are the methods of the contract that admit callers of this kind, or any other kind.
func methods(admits func(apiv1.Caller) bool) []protoreflect.MethodDescriptor {
	var found []protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "salon.") {
			return true
		}
		for i := range file.Services().Len() {
			service := file.Services().Get(i)
			for j := range service.Methods().Len() {
				md := service.Methods().Get(j)
				policy, _ := proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
				if admits(policy.GetCaller()) {
					found = append(found, md)
				}
			}
		}
		return true
	})
	slices.SortFunc(found, func(a, b protoreflect.MethodDescriptor) int {
		return strings.Compare(string(a.FullName()), string(b.FullName()))
	})
	return found
}

func isInternal(a apiv1.Caller) bool { return a == apiv1.Caller_CALLER_SERVICE }
func isPublic(a apiv1.Caller) bool   { return !isInternal(a) }

// publicMethods are those that the gateway carries.
func publicMethods(t *testing.T) []protoreflect.MethodDescriptor {
	t.Helper()
	found := methods(isPublic)
	if len(found) < 40 {
		t.Fatalf("the contract has only %d public methods", len(found))
	}
	return found
}

// fullName is a method's name on the wire.
func fullName(md protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", md.Parent().FullName(), md.Name())
}

// newRequest makes an empty request of a method.
func newRequest(t *testing.T, md protoreflect.MethodDescriptor) proto.Message {
	t.Helper()
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.Input().FullName())
	if err != nil {
		t.Fatal(err)
	}
	return mt.New().Interface()
}

// setText sets a field of a request.
func setText(req proto.Message, field, text string) {
	m := req.ProtoReflect()
	m.Set(m.Descriptor().Fields().ByName(protoreflect.Name(field)), protoreflect.ValueOfString(text))
}
