package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	// The options of the services' packages become readable.
	_ "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1"
	_ "github.com/beauty-salon/platform/gen/salon/user/v1"
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

// readingOrder is the order of the services in the document: what a newcomer needs first comes first. A service that it
// does not name comes last.
var readingOrder = []protoreflect.Name{
	"AuthService", "UserService", "SalonService", "MasterService", "CatalogService", "ResourceService", "ScheduleService",
	"AvailabilityService", "HoldService", "AppointmentService", "AppointmentSeriesService", "DeskService", "GroupService", "WaitlistService", "WatchService", "RatingService",
	"NotificationService", "CustomerService", "MemberService",
}

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
	slices.SortFunc(files, func(a, b protoreflect.FileDescriptor) int { return strings.Compare(a.Path(), b.Path()) })
	c := &contract{}
	for _, f := range files {
		if err := c.addFile(f); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(c.services, func(a, b protoreflect.ServiceDescriptor) int { return serviceRank(a) - serviceRank(b) })
	slices.SortStableFunc(c.methods, func(a, b *method) int { return serviceRank(a.desc.Parent()) - serviceRank(b.desc.Parent()) })
	slices.SortStableFunc(c.areas, func(a, b area) int { return c.areaRank(a) - c.areaRank(b) })
	c.linkLocations()
	return c, errors.Join(c.checkUnique(), c.checkReasons())
}

// areaRank is the place of an area: that of its first service. The general reasons have no service and come first.
func (c *contract) areaRank(a area) int {
	return slices.IndexFunc(c.services, func(sd protoreflect.ServiceDescriptor) bool { return areaName(sd) == a.Area })
}

// serviceRank is the place of a service in the document.
func serviceRank(sd protoreflect.Descriptor) int {
	if i := slices.Index(readingOrder, sd.Name()); i >= 0 {
		return i
	}
	return len(readingOrder)
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

// hasPath reports whether some method has this path.
func (c *contract) hasPath(path string) bool {
	return slices.ContainsFunc(c.methods, func(m *method) bool { return camelPath(m.Template) == path })
}

func (m *method) public() bool { return m.policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY }

func (m *method) takes(field protoreflect.Name) bool {
	return m.desc.Input().Fields().ByName(field) != nil
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
