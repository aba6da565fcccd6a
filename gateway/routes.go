package gateway

import (
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/binding"
	"github.com/beauty-salon/platform/internal/service"
)

// route is one method of the contract with all that the gateway needs.
type route struct {
	fullMethod string // "/salon.user.v1.MasterService/GetMaster"
	service    string // "user": the name of its connection
	desc       protoreflect.MethodDescriptor
	binding.Binding
	path      func() *regexp.Regexp // only needed where a path or its method does not exist
	query     map[string]bool       // the query parameters that it takes, by JSON and by proto name
	cache     *apiv1.ResponseCache
	location  string // for creates: the template of the path of what was created, if it can be read
	anonymous bool   // callers need not be signed in
	personal  bool   // some callers receive more fields than others
}

// mutates reports whether the method may change something.
func (r *route) mutates() bool { return binding.Mutates(r.desc) }

// searches reports whether the method is a read that is a POST, because what it looks for is in the body.
func (r *route) searches() bool { return r.Verb == http.MethodPost && !r.mutates() }

// routes are the public methods of the contract.
type routes struct {
	byPattern map[string]*route // "GET /v1/masters/{master_id}"
	byMethod  map[string]*route // by full method
	services  []protoreflect.ServiceDescriptor
}

// newRoutes reads the contract of the services. It leaves out methods that only Salon's own services may call.
func newRoutes(services []service.Definition) (*routes, error) {
	rs := &routes{byPattern: map[string]*route{}, byMethod: map[string]*route{}}
	for _, d := range services {
		for _, api := range d.APIs {
			found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(api.Desc.ServiceName))
			if err != nil {
				return nil, fmt.Errorf("service %s: %s: %w", d.Name, api.Desc.ServiceName, err)
			}
			sd, ok := found.(protoreflect.ServiceDescriptor)
			if !ok {
				return nil, fmt.Errorf("service %s: %s is not a gRPC service", d.Name, api.Desc.ServiceName)
			}
			if err := rs.addService(d.Name, sd); err != nil {
				return nil, err
			}
		}
	}
	sort.Slice(rs.services, func(i, j int) bool { return rs.services[i].FullName() < rs.services[j].FullName() })
	rs.linkLocations()
	return rs, nil
}

func (rs *routes) addService(name string, sd protoreflect.ServiceDescriptor) error {
	carried := false
	for i := range sd.Methods().Len() {
		md := sd.Methods().Get(i)
		policy, _ := proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
		switch policy.GetCaller() {
		case apiv1.Caller_CALLER_UNSPECIFIED:
			return fmt.Errorf("method %s has no policy", md.FullName())
		case apiv1.Caller_CALLER_SERVICE:
			continue
		}
		r, err := newRoute(name, sd, md)
		if err != nil {
			return err
		}
		r.anonymous = policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY
		rs.byMethod[r.fullMethod] = r
		if r.Verb != "" {
			rs.byPattern[r.Verb+" "+r.Template] = r
		}
		carried = true
	}
	if carried {
		rs.services = append(rs.services, sd)
	}
	return nil
}

func newRoute(service string, sd protoreflect.ServiceDescriptor, md protoreflect.MethodDescriptor) (*route, error) {
	b, err := binding.Of(md)
	if err != nil {
		return nil, err
	}
	r := &route{
		Binding:    b,
		personal:   b.Personal(),
		fullMethod: fmt.Sprintf("/%s/%s", sd.FullName(), md.Name()),
		service:    service,
		desc:       md,
		query:      map[string]bool{},
	}
	r.cache, _ = proto.GetExtension(md.Options(), apiv1.E_Cache).(*apiv1.ResponseCache)
	if r.Verb == "" {
		return r, nil
	}
	r.path = sync.OnceValue(func() *regexp.Regexp { return templateRegexp(r.Template) })
	if !r.HasBody {
		fields := md.Input().Fields()
		for i := range fields.Len() {
			if f := fields.Get(i); !r.InPath(f) {
				r.query[f.JSONName()], r.query[string(f.Name())] = true, true
			}
		}
		if r.streams() {
			r.query[lastEventID] = true
		}
	}
	return r, nil
}

var templateVar = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

// pathValue is the value of a variable. A colon and letters at its end would be a verb.
const pathValue = `(?:[^/:]+|[^/]*:[^/:]*[^/:A-Za-z][^/:]*)`

var validPathValue = regexp.MustCompile("^" + pathValue + "$")

func templateRegexp(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + templateVar.ReplaceAllString(regexp.QuoteMeta(template), pathValue) + "$")
}

// linkLocations finds, for each create, the path at which its result can be read.
func (rs *routes) linkLocations() {
	for _, c := range rs.byPattern {
		for _, g := range rs.byPattern {
			if g.Locates(c.Binding) {
				c.location = g.Template
			}
		}
	}
}

// locationOf fills the id into a template such as "/v1/masters/{master_id}".
func locationOf(template, id string) string {
	before, rest, _ := strings.Cut(template, "{")
	_, after, _ := strings.Cut(rest, "}")
	return before + id + after
}

// allowed lists the methods that a path takes, for the Allow header.
func (rs *routes) allowed(path string) []string {
	seen := map[string]bool{}
	for _, r := range rs.byPattern {
		if r.path().MatchString(path) {
			seen[r.Verb] = true
		}
	}
	if seen[http.MethodGet] {
		seen[http.MethodHead] = true
	}
	methods := make([]string, 0, len(seen))
	for m := range seen {
		methods = append(methods, m)
	}
	sort.Strings(methods)
	return methods
}
