package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// get makes a GET request.
func get(path string) *salontest.Request { return salontest.NewRequest(http.MethodGet, path, "") }

// TestCreated: what was made has an address, at which it can be read.
func TestCreated(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	appointment := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
	for method, create := range map[string]struct {
		as  salontest.Identity
		req proto.Message
		got proto.Message
	}{
		userv1.AuthService_Register_FullMethodName: {cast.Admin, registration(func(*userv1.RegisterRequest) {}), &userv1.User{}},
		userv1.MasterService_CreateMaster_FullMethodName: {
			cast.Admin, &userv1.CreateMasterRequest{UserId: s.NewCustomer(t, "New").ID, DisplayName: "New"}, &userv1.Master{},
		},
		appointmentv1.CatalogService_CreateService_FullMethodName: {
			cast.Admin, newService(func(*appointmentv1.CreateServiceRequest) {}), &appointmentv1.Service{},
		},
		appointmentv1.SalonService_CreateSalon_FullMethodName: {
			cast.Admin, newSalon(func(*appointmentv1.CreateSalonRequest) {}), &appointmentv1.Salon{},
		},
		appointmentv1.CustomerService_CreateCustomer_FullMethodName: {
			cast.Master1, &appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller"}, &appointmentv1.Customer{},
		},
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName: {
			cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, s.NextStart()), &appointmentv1.Appointment{},
		},
		ratingv1.RatingService_CreateRating_FullMethodName: {
			cast.CustomerA, &ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 5}, &ratingv1.Rating{},
		},
	} {
		t.Run(method[strings.LastIndex(method, "/")+1:], func(t *testing.T) {
			r := salontest.RESTRequest(t, method, create.req).With("Idempotency-Key", uuid.NewString()).As(t, create.as)
			made := s.HTTP(t, r)
			if made.StatusCode != http.StatusCreated {
				t.Fatalf("created with %s %s", made.Status, made.Bytes)
			}
			location := made.Header.Get("Location")
			read := s.HTTP(t, get(location).As(t, create.as))
			if read.StatusCode != http.StatusOK || string(read.Bytes) != string(made.Bytes) {
				t.Errorf("at %q there is %s %s, want %s", location, read.Status, read.Bytes, made.Bytes)
			}
			if err := protojson.Unmarshal(read.Bytes, create.got); err != nil {
				t.Error(err)
			}
			// The same key again: the same answer, with the same address.
			again := s.HTTP(t, r)
			if again.StatusCode != http.StatusCreated || again.Header.Get("Location") != location || string(again.Bytes) != string(made.Bytes) {
				t.Errorf("again: %s at %q: %s", again.Status, again.Header.Get("Location"), again.Bytes)
			}
		})
	}
}

// TestIdempotencyKey: the forms of the header, and what it must not be.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	key := uuid.NewString()
	upper := strings.ToUpper(key)
	req := registration(func(*userv1.RegisterRequest) {})
	send := func(requestID string, lines ...string) *salontest.Result {
		req.RequestId = requestID
		r := salontest.RESTRequest(t, userv1.AuthService_Register_FullMethodName, req)
		r.Header["Idempotency-Key"] = lines
		return s.HTTP(t, r).Result(t, &userv1.User{})
	}
	first := send("", key)
	first.Want(t, codes.OK, "")
	for name, again := range map[string]*salontest.Result{
		"upper case": send("", upper), "quoted": send("", `"`+key+`"`), "twice": send("", key, `"`+upper+`"`),
		"in the body": send(upper, key), "only in the body": send(upper),
		"gRPC": s.GRPC().Call(t, nil, userv1.AuthService_Register_FullMethodName, req),
	} {
		if again.Code != codes.OK || !proto.Equal(again.Message, first.Message) {
			t.Errorf("%s: %v, want %v", name, again, first)
		}
	}
	other := uuid.NewString()
	for name, refused := range map[string]*salontest.Result{
		"empty": send("", ""), "blank": send("", " "), "empty in quotes": send("", `""`), "and an empty one": send("", key, ""),
		"two": send("", key, other), "two in a line": send("", key+", "+key), "no UUID": send("", "key"),
		"a UUID in braces": send("", "{"+key+"}"), "another in the body": send(other, key), "no text": send("", "\xff"),
	} {
		if refused.Reason != "INVALID_FIELDS" || !slices.Equal(refused.Fields, []string{"Idempotency-Key"}) {
			t.Errorf("%s: %v", name, refused)
		}
	}
	// Over gRPC, the same key may be metadata.
	overGRPC := func(requestID string, lines ...string) *salontest.Result {
		req.RequestId = requestID
		ctx := t.Context()
		for _, line := range lines {
			ctx = metadata.AppendToOutgoingContext(ctx, "idempotency-key", line)
		}
		user, err := userv1.NewAuthServiceClient(s.Conn()).Register(ctx, req)
		got := salontest.GRPCResult(t, err)
		got.Message = user
		return got
	}
	for _, again := range []*salontest.Result{overGRPC("", key), overGRPC("", upper, key), overGRPC(upper, key)} {
		if again.Code != codes.OK || !proto.Equal(again.Message, first.Message) {
			t.Errorf("metadata: %v, want %v", again, first)
		}
	}
	for _, refused := range []*salontest.Result{overGRPC("", "key"), overGRPC("", ""), overGRPC(other, key), overGRPC("", key, other)} {
		if refused.Reason != "INVALID_FIELDS" || !slices.Equal(refused.Fields, []string{"Idempotency-Key"}) {
			t.Errorf("metadata: %v", refused)
		}
	}
	// Ids in the request are compared without regard to case as well.
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := people(t)
		booking := salontest.Booking(cast.Master1, cast.Service, s.NextStart())
		booking.RequestId = uuid.NewString()
		first := salontest.Do[proto.Message](t, c, cast.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName, booking)
		booking.RequestId = strings.ToUpper(booking.GetRequestId())
		booking.Segments[0].MasterId = new(strings.ToUpper(booking.GetSegments()[0].GetMasterId()))
		booking.Segments[0].ServiceId = strings.ToUpper(booking.GetSegments()[0].GetServiceId())
		salontest.Same(t, salontest.Do[proto.Message](t, c, cast.CustomerA,
			appointmentv1.AppointmentService_CreateAppointment_FullMethodName, booking), first)
	})
}

// TestPreconditions: a change is refused when somebody was faster, and a read that would bring nothing new is short.
func TestPreconditions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	service := s.NewService(t)
	path := "/v1/services/" + service.GetId()
	patch := func(ifMatch, body string) *salontest.Response {
		r := salontest.NewRequest(http.MethodPatch, path, body).As(t, s.Admin())
		if ifMatch != "" {
			r.With("If-Match", ifMatch)
		}
		return s.HTTP(t, r)
	}
	tag := s.HTTP(t, get(path)).Header.Get("ETag")
	if want := `"` + service.GetEtag() + `"`; tag != want {
		t.Fatalf("ETag is %s, want %s", tag, want)
	}
	changed := patch(tag, `{"description":"First."}`)
	if changed.StatusCode != http.StatusOK || changed.Header.Get("ETag") == tag {
		t.Fatalf("with the right If-Match: %s, ETag %s", changed.Status, changed.Header.Get("ETag"))
	}
	for name, r := range map[string]*salontest.Response{
		"patch with a stale If-Match": patch(tag, `{"description":"Second."}`),
		"patch with a stale etag":     patch("", `{"description":"Second.","etag":`+tag+`}`),
		"delete with a stale If-Match": s.HTTP(t, salontest.NewRequest(http.MethodDelete, path, "").
			As(t, s.Admin()).With("If-Match", tag)),
		"delete with a stale etag": s.HTTP(t, salontest.NewRequest(http.MethodDelete, path+"?etag="+strings.Trim(tag, `"`), "").As(t, s.Admin())),
	} {
		if r.StatusCode != http.StatusPreconditionFailed || r.Problem(t).Reason != "ETAG_MISMATCH" {
			t.Errorf("%s: %s %s", name, r.Status, r.Bytes)
		}
	}
	if got := patch("*", `{"description":"With *"}`); got.StatusCode != http.StatusOK {
		t.Errorf("If-Match *: %s", got.Status)
	}

	for _, readPath := range []string{path, "/v1/me"} { // one of them from the gateway's memory
		current := s.HTTP(t, get(readPath).As(t, s.Admin())).Header.Get("ETag")
		for _, candidates := range []string{current, "W/" + current, `"0", ` + current, "*"} {
			got := s.HTTP(t, get(readPath).As(t, s.Admin()).With("If-None-Match", candidates))
			if got.StatusCode != http.StatusNotModified || len(got.Bytes) > 0 || got.Header.Get("ETag") != current {
				t.Errorf("%s If-None-Match %s: %s %q, ETag %s", readPath, candidates, got.Status, got.Bytes, got.Header.Get("ETag"))
			}
		}
		if got := s.HTTP(t, get(readPath).As(t, s.Admin()).With("If-None-Match", `"0"`)); got.StatusCode != http.StatusOK {
			t.Errorf("%s If-None-Match of an old one: %s", readPath, got.Status)
		}
	}
	gone := s.HTTP(t, salontest.NewRequest(http.MethodDelete, path, "").As(t, s.Admin()))
	if gone.StatusCode != http.StatusNoContent || len(gone.Bytes) > 0 || gone.Header.Get("Content-Type") != "" {
		t.Errorf("delete: %s %q %q", gone.Status, gone.Bytes, gone.Header.Get("Content-Type"))
	}
	s.HTTP(t, get(path)).Result(t, nil).Want(t, codes.NotFound, "NOT_FOUND")
}

// TestPatch writes what the body has, and no more.
func TestPatch(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	master := s.NewMaster(t, "Patched")
	path := "/v1/masters/" + master.ID
	for _, step := range []struct {
		body        string
		bio         string
		specialties int
		years       int32
	}{
		{`{"bio":"Colour.","experienceYears":3}`, "Colour.", 1, 3},
		{`{"experience_years":4}`, "Colour.", 1, 4},
		{`{"specialties":[]}`, "Colour.", 0, 4},
		{`{"specialties":["cuts","balayage"],"bio":"Not written.","updateMask":"specialties"}`, "Colour.", 2, 4},
		{`{"bio":"","experienceYears":0}`, "", 2, 0},
		{`{"bio":"Back."}`, "Back.", 2, 0},
		{`{"bio":null}`, "", 2, 0},
		{`{}`, "", 2, 0},
	} {
		got := s.HTTP(t, salontest.NewRequest(http.MethodPatch, path, step.body).As(t, master)).Result(t, &userv1.Master{})
		got.Want(t, codes.OK, "")
		m := got.Message.(*userv1.Master)
		if m.GetBio() != step.bio || len(m.GetSpecialties()) != step.specialties || m.GetExperienceYears() != step.years {
			t.Errorf("after %s: %v", step.body, m)
		}
	}
}

// TestLink walks a list by its Link headers.
func TestLink(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	category := "Links & more " + salontest.Unique()
	for range 5 {
		salontest.Do[*appointmentv1.Service](t, s.REST(), s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) { r.Category = category }))
	}
	query := salontest.RESTRequest(t, appointmentv1.CatalogService_ListServices_FullMethodName,
		&appointmentv1.ListServicesRequest{Category: category, PageSize: 2})
	pages, seen := 0, map[string]bool{}
	for path := query.Path; path != ""; pages++ {
		got := s.HTTP(t, get(path))
		for _, service := range got.Result(t, &appointmentv1.ListServicesResponse{}).Message.(*appointmentv1.ListServicesResponse).GetServices() {
			seen[service.GetId()] = true
		}
		link := got.Header.Get("Link")
		if path = strings.TrimSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`); link != "" && path == link {
			t.Fatalf("Link is %q", link)
		}
	}
	if pages != 3 || len(seen) != 5 {
		t.Errorf("%d pages with %d services, want 3 with 5", pages, len(seen))
	}
}

// TestCachedRead: a read that the gateway keeps in memory shows a change at once, whichever way the change came.
func TestCachedRead(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	master := s.NewMaster(t, "Cached")
	path := "/v1/masters/" + master.ID
	for i := range 20 {
		writer := s.Callers()[i%2]
		for range 3 {
			s.HTTP(t, get(path)).Result(t, &userv1.Master{}).Want(t, codes.OK, "")
			s.GRPC().Call(t, nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: master.ID}).
				Want(t, codes.OK, "")
		}
		changed := salontest.Do[*userv1.Master](t, writer, master, userv1.MasterService_UpdateMaster_FullMethodName,
			&userv1.UpdateMasterRequest{MasterId: master.ID, ExperienceYears: new(int32(i + 1))})
		salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
			salontest.Same(t, salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
				&userv1.GetMasterRequest{MasterId: master.ID}), changed)
		})
	}
}
