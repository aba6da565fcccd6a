package openapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	// The document is compared with the descriptors that these register.
	_ "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	_ "github.com/beauty-salon/platform/gen/salon/notification/v1"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1"
	_ "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/binding"
)

// method is a method of the contract, as the running program knows it.
type method struct {
	desc     protoreflect.MethodDescriptor
	policy   *apiv1.MethodPolicy
	verb     string
	path     string // with variables in camel case
	pathVars []string
	hasBody  bool
	binding  binding.Binding
	creates  bool // what can be read elsewhere
}

// contractMethods returns the methods that REST carries.
func contractMethods(t *testing.T) []method {
	t.Helper()
	var methods []method
	protoregistry.GlobalFiles.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(f.Package()), "salon.") {
			return true
		}
		for i := range f.Services().Len() {
			for j := range f.Services().Get(i).Methods().Len() {
				if m := newMethod(t, f.Services().Get(i).Methods().Get(j)); m.verb != "" {
					methods = append(methods, m)
				}
			}
		}
		return true
	})
	for i, m := range methods {
		methods[i].creates = slices.ContainsFunc(methods, func(other method) bool { return other.binding.Locates(m.binding) })
	}
	if len(methods) < 60 {
		t.Fatalf("only %d methods are registered", len(methods))
	}
	return methods
}

func newMethod(t *testing.T, md protoreflect.MethodDescriptor) method {
	t.Helper()
	policy, _ := proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
	if policy.GetCaller() == apiv1.Caller_CALLER_SERVICE {
		return method{}
	}
	b, err := binding.Of(md)
	if err != nil {
		t.Fatal(err)
	}
	m := method{desc: md, policy: policy, verb: b.Verb, path: b.Template, hasBody: b.HasBody, binding: b}
	for i := range md.Input().Fields().Len() {
		fd := md.Input().Fields().Get(i)
		if variable := "{" + string(fd.Name()) + "}"; strings.Contains(m.path, variable) {
			m.path = strings.ReplaceAll(m.path, variable, "{"+fd.JSONName()+"}")
			m.pathVars = append(m.pathVars, fd.JSONName())
		}
	}
	return m
}

// otherFields are the JSON names of the request's fields that are not in the path.
func (m method) otherFields() []string {
	var names []string
	for i := range m.desc.Input().Fields().Len() {
		if name := m.desc.Input().Fields().Get(i).JSONName(); !slices.Contains(m.pathVars, name) {
			names = append(names, name)
		}
	}
	return names
}

func (m method) takes(field protoreflect.Name) bool {
	return m.desc.Input().Fields().ByName(field) != nil
}

func (m method) returns(field protoreflect.Name) bool {
	return m.desc.Output().Fields().ByName(field) != nil
}

// successStatus is what the gateway answers when all went well.
func (m method) successStatus() int {
	switch {
	case m.creates:
		return http.StatusCreated
	case m.desc.Output().FullName() == "google.protobuf.Empty":
		return http.StatusNoContent
	default:
		return http.StatusOK
	}
}
