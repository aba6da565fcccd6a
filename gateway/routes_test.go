package gateway

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestRoutesAreTheContract(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	for name, r := range rs.byMethod {
		policy, _ := proto.GetExtension(r.desc.Options(), apiv1.E_Policy).(*apiv1.MethodPolicy)
		if policy.GetCaller() == apiv1.Caller_CALLER_SERVICE {
			t.Errorf("%s is for services among themselves", name)
		}
		if r.anonymous != (policy.GetCaller() == apiv1.Caller_CALLER_ANYBODY) {
			t.Errorf("%s: anonymous is %t, its policy says %s", name, r.anonymous, policy.GetCaller())
		}
		if r.Verb == "" || rs.byPattern[r.Verb+" "+r.Template] != r {
			t.Errorf("%s has no address of its own in REST", name)
			continue
		}
		if !slices.Contains([]string{"user", "appointment", "rating", "notification"}, r.service) {
			t.Errorf("%s belongs to service %q", name, r.service)
		}
		if !strings.HasPrefix(r.Template, "/v1/") && !strings.HasPrefix(r.Template, "/.well-known/") {
			t.Errorf("%s is at %s", name, r.Template)
		}
		// Every variable of the path is a field of the request.
		for _, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(r.Template, -1) {
			if !strings.Contains(string(r.desc.Input().FullName()), "Request") || !hasField(r, m[1]) {
				t.Errorf("%s: the path has {%s}, the request has not", name, m[1])
			}
		}
	}
	if _, ok := rs.byMethod[userv1.IdentityService_CheckSession_FullMethodName]; ok {
		t.Error("an internal method has a route")
	}
	if _, ok := rs.byMethod[userv1.UserService_GetMe_FullMethodName]; !ok {
		t.Error("GetMe has no route")
	}
	for _, sd := range rs.services {
		if sd.FullName() == "salon.user.v1.IdentityService" || sd.FullName() == "salon.appointment.v1.DirectoryService" {
			t.Errorf("%s, which has no public methods, is carried", sd.FullName())
		}
	}
}

// TestEveryRouteIsServed: what the contract offers, both REST and gRPC pass on.
func TestEveryRouteIsServed(t *testing.T) {
	t.Parallel()
	g := newIdleGateway(t, &strings.Builder{})
	mux, err := g.newMux()
	if err != nil {
		t.Fatal(err)
	}
	methods := g.GRPCServer().GetServiceInfo()
	served := 0
	for _, r := range g.routes.byMethod {
		target := regexp.MustCompile(`\{\w+\}`).ReplaceAllString(r.Template, "1")
		rec := &record{}
		req := request(r.Verb, target, "")
		req = req.WithContext(context.WithValue(req.Context(), recordKey{}, rec))
		mux.ServeHTTP(httptest.NewRecorder(), req)
		if rec.route != r {
			t.Errorf("%s %s does not reach %s", r.Verb, target, r.fullMethod)
		}
		if slices.ContainsFunc(methods[string(r.desc.Parent().FullName())].Methods, func(m grpc.MethodInfo) bool {
			return m.Name == string(r.desc.Name())
		}) {
			served++
		}
	}
	all := 0
	for name, info := range methods {
		if strings.HasPrefix(name, "salon.") {
			all += len(info.Methods)
		}
	}
	if served != len(g.routes.byMethod) || all != served {
		t.Errorf("gRPC serves %d of %d methods, and %d in all", served, len(g.routes.byMethod), all)
	}
}

func hasField(r *route, name string) bool {
	fields := r.desc.Input().Fields()
	for i := range fields.Len() {
		if string(fields.Get(i).Name()) == name {
			return true
		}
	}
	return false
}

// TestRouteQuery: a query parameter is a field that is neither in the path nor in a body.
func TestRouteQuery(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	for method, want := range map[string][]string{
		userv1.UserService_GetMe_FullMethodName:       {},
		userv1.MasterService_GetMaster_FullMethodName: {},
		userv1.AuthService_Login_FullMethodName:       {},
		appointmentv1.CatalogService_ListOfferings_FullMethodName: {
			"pageSize", "pageToken", "page_size", "page_token",
		},
		userv1.MasterService_DeleteMaster_FullMethodName: {"etag"},
	} {
		var got []string
		for name := range rs.byMethod[method].query {
			got = append(got, name)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%s takes %v, want %v", method, got, want)
		}
	}
}

// TestLocations: what is created can be read at its address, unless the answer has more in it than what was created.
func TestLocations(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	creates := 0
	for name, r := range rs.byMethod {
		switch {
		case r.location == "":
			if strings.HasPrefix(string(r.desc.Name()), "Create") && !strings.HasSuffix(string(r.desc.Output().Name()), "Response") {
				t.Errorf("what %s creates cannot be read", name)
			}
		case !r.Creates() || !strings.HasSuffix(r.location, "}"):
			t.Errorf("%s has the location %q", name, r.location)
		default:
			creates++
		}
	}
	for method, want := range map[string]string{
		userv1.AuthService_Register_FullMethodName:                        "/v1/users/x",
		userv1.MasterService_CreateMaster_FullMethodName:                  "/v1/masters/x",
		appointmentv1.CatalogService_CreateService_FullMethodName:         "/v1/services/x",
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName: "/v1/appointments/x",
		appointmentv1.SalonService_CreateSalon_FullMethodName:             "/v1/salons/x",
		appointmentv1.CustomerService_CreateCustomer_FullMethodName:       "/v1/customers/x",
		ratingv1.RatingService_CreateRating_FullMethodName:                "/v1/ratings/x",

		appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName: "/v1/appointmentSeries/x",
	} {
		creates--
		if got := locationOf(rs.byMethod[method].location, "x"); got != want {
			t.Errorf("%s: %s, want %s", method, got, want)
		}
	}
	if creates != 0 {
		t.Errorf("%d creates are not in this test", creates)
	}
}

func TestAllowed(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	for path, want := range map[string]string{
		"/v1/me":                           "DELETE GET HEAD PATCH",
		"/v1/masters":                      "GET HEAD POST",
		"/v1/masters/1":                    "DELETE GET HEAD PATCH",
		"/v1/auth:login":                   "POST",
		"/v1/appointments/1:cancel":        "POST",
		"/v1/appointments/1:frobnicate":    "",
		"/v1/appointments/1:cancel:cancel": "",
		"/v1/appointments/1:":              "",
		"/v1/appointments/urn:uuid:1-a":    "GET HEAD", // an id that is refused
		"/v1/appointments/:cancel":         "",
		"/v1/masters/1/offerings/2":        "DELETE PUT",
		"/v1/notifications:markRead":       "",
		"/v1/masters/":                     "",
		"/v1/masters/1/2":                  "",
		"/v1/masters/1/offerings/2/3":      "",
		"/v1/salons/1/openingHours":        "GET HEAD PUT",
		"/v1/masters/1/timeOff":            "GET HEAD POST",
		"/v1/timeOff/1":                    "DELETE",
		"/v1/salons/1/members":             "GET HEAD",
		"/v1/salons/1/members/2":           "DELETE GET HEAD PATCH",
		"/v1/salons/1/members:invite":      "POST",
		"/v1/appointments/1/ratings":       "GET HEAD POST",
		"/prefix/v1/me":                    "",
		"":                                 "",
	} {
		if got := strings.Join(rs.allowed(path), " "); got != want {
			t.Errorf("%q allows %q, want %q", path, got, want)
		}
	}
}

func TestMutates(t *testing.T) {
	t.Parallel()
	for _, r := range newTestRoutes(t).byMethod {
		name := string(r.desc.Name())
		reads := strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List") || strings.HasPrefix(name, "Watch") || strings.HasPrefix(name, "Export")
		searches := r.service == "appointment" && r.desc.Parent().Name() == "AvailabilityService"
		if r.mutates() == (reads || searches) || r.searches() != searches || reads != (r.Verb == http.MethodGet) {
			t.Errorf("%s: %s, mutates is %t, searches is %t", name, r.Verb, r.mutates(), r.searches())
		}
	}
}
