// Package binding reads from the contract how methods are bound to REST, and whether they change something. The gateway serves
// what it says and the OpenAPI document describes it.
package binding

import (
	"fmt"
	"net/http"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
)

// Binding is the google.api.http rule of a method.
type Binding struct {
	// Verb is the HTTP method. It is empty when the method has no REST binding.
	Verb string
	// Template is the path, such as "/v1/masters/{master_id}".
	Template string
	// HasBody reports that all fields outside of the path are in the body. Otherwise they are query parameters.
	HasBody bool

	desc protoreflect.MethodDescriptor
}

// Mutates reports whether a method may change something. A search does not, although it is a POST.
func Mutates(md protoreflect.MethodDescriptor) bool {
	options, _ := md.Options().(*descriptorpb.MethodOptions)
	return options.GetIdempotencyLevel() != descriptorpb.MethodOptions_NO_SIDE_EFFECTS
}

// Of returns the binding of a method. A body that is a single field of the request is an error: no method of Salon
// has one.
func Of(md protoreflect.MethodDescriptor) (Binding, error) {
	b := Binding{desc: md}
	rule, _ := proto.GetExtension(md.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		b.Verb, b.Template = http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		b.Verb, b.Template = http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		b.Verb, b.Template = http.MethodPost, p.Post
	case *annotations.HttpRule_Patch:
		b.Verb, b.Template = http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		b.Verb, b.Template = http.MethodDelete, p.Delete
	}
	if body := rule.GetBody(); body != "" && body != "*" {
		return b, fmt.Errorf(`%s: only the body "*" is supported, not %q`, md.FullName(), body)
	}
	b.HasBody = rule.GetBody() != ""
	return b, nil
}

// Creates reports whether the method creates a resource: a POST that takes a request_id.
func (b Binding) Creates() bool {
	return b.Verb == http.MethodPost && b.desc.Input().Fields().ByName("request_id") != nil
}

// Locates reports whether a read returns what a method creates: a GET with one variable, the id, that returns the
// same message. Its path is the Location, and REST answers the create with 201. A verb of what is there already creates nothing.
func (b Binding) Locates(create Binding) bool {
	return create.Creates() && !strings.Contains(create.Template, "}:") && b.Verb == http.MethodGet && strings.Count(b.Template, "{") == 1 &&
		b.desc.Output().FullName() == create.desc.Output().FullName()
}

// InPath reports whether a field of the request is a variable of the path.
func (b Binding) InPath(fd protoreflect.FieldDescriptor) bool {
	return fd.Parent() == b.desc.Input() && strings.Contains(b.Template, "{"+string(fd.Name())+"}")
}

// Personal reports whether an answer has fields that only some callers receive.
func (b Binding) Personal() bool {
	return personal(b.desc.Output(), map[protoreflect.FullName]bool{})
}

func personal(md protoreflect.MessageDescriptor, seen map[protoreflect.FullName]bool) bool {
	if seen[md.FullName()] {
		return false
	}
	seen[md.FullName()] = true
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if set, _ := proto.GetExtension(fd.Options(), apiv1.E_Personal).(bool); set {
			return true
		}
		if fd.Message() != nil && personal(fd.Message(), seen) {
			return true
		}
	}
	return false
}
