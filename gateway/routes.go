package gateway

import (
	"fmt"
	"net/http"
	"regexp"
	"sort"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	// The services that the gateway carries; importing them is what puts them into the registry of descriptors.
	_ "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	_ "github.com/beauty-salon/platform/gen/salon/notification/v1"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1"
	_ "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// route is one method of the contract, with all that the gateway has to know of it.
type route struct {
	fullMethod string // "/salon.user.v1.MasterService/GetMaster"
	service    string // "user": the name that connections go by
	desc       protoreflect.MethodDescriptor
	httpMethod string // "" for a method without a REST binding
	template   string // "/v1/masters/{master_id}"
	path       *regexp.Regexp
	query      map[string]bool // the query parameters that it takes, by JSON and by proto name
	hasBody    bool
	cache      *apiv1.ResponseCache
	location   string // for creates: the template of the path of what was created
	public     bool
}

// creates reports whether the method makes a resource, so that REST answers 201 with a Location.
func (r *route) creates() bool {
	name := string(r.desc.Name())
	return r.httpMethod == http.MethodPost && (strings.HasPrefix(name, "Create") || name == "Register")
}

// mutates reports whether the method may change something: over REST, everything but GET.
func (r *route) mutates() bool { return r.httpMethod != http.MethodGet }

// routes are all public methods of the contract.
type routes struct {
	byPattern map[string]*route // "GET /v1/masters/{master_id}"
	byMethod  map[string]*route // by full method
	services  []protoreflect.ServiceDescriptor
}

// newRoutes reads the contract. Methods for Salon's own services only are left out: the gateway does not know them.
func newRoutes() (*routes, error) {
	rs := &routes{byPattern: map[string]*route{}, byMethod: map[string]*route{}}
	var err error
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "salon.") {
			return true
		}
		for i := range file.Services().Len() {
			if err = rs.addService(file.Services().Get(i)); err != nil {
				return false
			}
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	sort.Slice(rs.services, func(i, j int) bool { return rs.services[i].FullName() < rs.services[j].FullName() })
	rs.linkLocations()
	return rs, nil
}

func (rs *routes) addService(sd protoreflect.ServiceDescriptor) error {
	carried := false
	for i := range sd.Methods().Len() {
		md := sd.Methods().Get(i)
		policy, _ := proto.GetExtension(md.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
		switch policy.GetAccess() {
		case apiv1.Access_ACCESS_UNSPECIFIED:
			return fmt.Errorf("method %s has no policy", md.FullName())
		case apiv1.Access_ACCESS_INTERNAL:
			continue
		}
		r := newRoute(sd, md)
		r.public = policy.GetAccess() == apiv1.Access_ACCESS_PUBLIC
		rs.byMethod[r.fullMethod] = r
		if r.httpMethod != "" {
			rs.byPattern[r.httpMethod+" "+r.template] = r
		}
		carried = true
	}
	if carried {
		rs.services = append(rs.services, sd)
	}
	return nil
}

func newRoute(sd protoreflect.ServiceDescriptor, md protoreflect.MethodDescriptor) *route {
	r := &route{
		fullMethod: fmt.Sprintf("/%s/%s", sd.FullName(), md.Name()),
		service:    strings.Split(string(sd.FullName()), ".")[1],
		desc:       md,
		query:      map[string]bool{},
	}
	r.cache, _ = proto.GetExtension(md.Options(), apiv1.E_Cache).(*apiv1.ResponseCache)
	rule, _ := proto.GetExtension(md.Options(), annotations.E_Http).(*annotations.HttpRule)
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		r.httpMethod, r.template = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		r.httpMethod, r.template = http.MethodPost, p.Post
	case *annotations.HttpRule_Put:
		r.httpMethod, r.template = http.MethodPut, p.Put
	case *annotations.HttpRule_Patch:
		r.httpMethod, r.template = http.MethodPatch, p.Patch
	case *annotations.HttpRule_Delete:
		r.httpMethod, r.template = http.MethodDelete, p.Delete
	default:
		return r
	}
	r.path = templateRegexp(r.template)
	r.hasBody = rule.GetBody() != ""
	if !r.hasBody {
		fields := md.Input().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			if !strings.Contains(r.template, "{"+string(f.Name())+"}") {
				r.query[f.JSONName()], r.query[string(f.Name())] = true, true
			}
		}
	}
	return r
}

var templateVar = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

func templateRegexp(template string) *regexp.Regexp {
	return regexp.MustCompile("^" + templateVar.ReplaceAllString(regexp.QuoteMeta(template), `[^/]+`) + "$")
}

// linkLocations finds, for each create, where its result can be read: the GET with one variable that returns the same
// message.
func (rs *routes) linkLocations() {
	for _, c := range rs.byPattern {
		if !c.creates() {
			continue
		}
		for _, g := range rs.byPattern {
			if g.httpMethod == http.MethodGet && g.desc.Output().FullName() == c.desc.Output().FullName() &&
				strings.Count(g.template, "{") == 1 {
				c.location = g.template
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
		if r.path.MatchString(path) {
			seen[r.httpMethod] = true
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
