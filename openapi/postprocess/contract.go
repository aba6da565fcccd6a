package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/binding"
)

// contract is what the gateway carries of the contract, with its comments.
type contract struct {
	services []protoreflect.ServiceDescriptor // in the order in which the document shows them
	methods  []*method                        // those with REST bindings, by service, as declared
	areas    []area
}

// method is one method that REST carries.
type method struct {
	binding.Binding
	desc     protoreflect.MethodDescriptor
	policy   *apiv1.MethodPolicy
	location string // for creates: the template of the path of what was created, if it can be read
}

// packages is their order in the document: what everybody needs comes first.
var packages = []string{"salon.api.v1", "salon.user.v1", "salon.appointment.v1", "salon.rating.v1", "salon.notification.v1"}

// newContract reads the contract. Linking gen/ makes Salon's own options readable.
func newContract(set *descriptorpb.FileDescriptorSet) (*contract, error) {
	registry, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	var files []protoreflect.FileDescriptor
	registry.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(f.Package()), "salon.") {
			files = append(files, f)
		}
		return true
	})
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a.Path(), b.Path())
	})
	c := &contract{}
	for _, f := range files {
		if err := c.addFile(f); err != nil {
			return nil, err
		}
	}
	c.linkLocations()
	if err := c.checkReasons(); err != nil {
		return nil, err
	}
	return c, nil
}

// rank is the place of a file's package in the document; what packages does not name come last.
func rank(f protoreflect.FileDescriptor) int {
	if i := slices.Index(packages, string(f.Package())); i >= 0 {
		return i
	}
	return len(packages)
}

func (c *contract) addFile(f protoreflect.FileDescriptor) error {
	for i := range f.Services().Len() {
		sd := f.Services().Get(i)
		before := len(c.methods)
		for j := range sd.Methods().Len() {
			m, err := newMethod(sd.Methods().Get(j))
			if err != nil {
				return err
			}
			if m != nil {
				c.methods = append(c.methods, m)
			}
		}
		if len(c.methods) > before {
			c.services = append(c.services, sd)
		}
	}
	for i := range f.Enums().Len() {
		if ed := f.Enums().Get(i); ed.Name() == "ErrorReason" {
			a, err := newArea(ed)
			if err != nil {
				return err
			}
			c.areas = append(c.areas, a)
		}
	}
	return nil
}

// newMethod returns nil for a method that REST does not carry.
func newMethod(md protoreflect.MethodDescriptor) (*method, error) {
	m := &method{desc: md}
	m.policy, _ = proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
	switch m.policy.GetCaller() {
	case apiv1.Caller_CALLER_UNSPECIFIED:
		return nil, fmt.Errorf("%s has no policy", md.FullName())
	case apiv1.Caller_CALLER_SERVICE:
		return nil, nil
	}
	var err error
	if m.Binding, err = binding.Of(md); err != nil || m.Verb == "" {
		return nil, err
	}
	return m, nil
}

// linkLocations finds, for each create, where its result can be read.
func (c *contract) linkLocations() {
	for _, m := range c.methods {
		for _, g := range c.methods {
			if g.Locates(m.Binding) {
				m.location = camelPath(g.Template)
			}
		}
	}
}

func (m *method) public() bool { return m.policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY }

func (m *method) takes(field protoreflect.Name) bool {
	return m.desc.Input().Fields().ByName(field) != nil
}

// namesOthers reports whether the body can name something that exists, such as a salon.
func (m *method) namesOthers() bool {
	for i := range m.desc.Input().Fields().Len() {
		if fd := m.desc.Input().Fields().Get(i); m.HasBody && !m.InPath(fd) && isID(fd) && fd.Name() != "request_id" {
			return true
		}
	}
	return false
}

func (m *method) returns(field protoreflect.Name) bool {
	return m.desc.Output().Fields().ByName(field) != nil
}

// camelPath renames the variables of a path as JSON names its fields: {master_id} becomes {masterId}.
func camelPath(template string) string {
	var b strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, _ := strings.Cut(after, "}")
		b.WriteString("{" + camel(name) + "}")
		rest = tail
	}
	return b.String()
}

func camel(name string) string {
	words := strings.Split(name, "_")
	for i, w := range words {
		if i > 0 && w != "" {
			words[i] = strings.ToUpper(w[:1]) + w[1:]
		}
	}
	return strings.Join(words, "")
}

// commentOf is the comment above a declaration, one line a paragraph.
func commentOf(d protoreflect.Descriptor) string {
	return paragraphs(d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments)
}

// paragraphs joins the lines of each paragraph: where the contract's lines break means nothing.
func paragraphs(comment string) string {
	var out []string
	for p := range strings.SplitSeq(strings.TrimSpace(comment), "\n\n") {
		out = append(out, strings.Join(strings.Fields(p), " "))
	}
	return strings.Join(out, "\n\n")
}
