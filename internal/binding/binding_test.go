package binding_test

import (
	"net/http"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/binding"
)

func of(t *testing.T, file protoreflect.FileDescriptor, service, method protoreflect.Name) binding.Binding {
	t.Helper()
	b, err := binding.Of(file.Services().ByName(service).Methods().ByName(method))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBindings(t *testing.T) {
	t.Parallel()
	masters, users, auth := userv1.File_salon_user_v1_master_service_proto, userv1.File_salon_user_v1_user_service_proto, userv1.File_salon_user_v1_auth_service_proto
	offerings := appointmentv1.File_salon_appointment_v1_catalog_service_proto
	get, create := of(t, masters, "MasterService", "GetMaster"), of(t, masters, "MasterService", "CreateMaster")
	for _, tt := range []struct {
		name     string
		got      binding.Binding
		verb     string
		template string
		hasBody  bool
		creates  bool
	}{
		{"get", get, http.MethodGet, "/v1/masters/{master_id}", false, false},
		{"create", create, http.MethodPost, "/v1/masters", true, true},
		{"register", of(t, auth, "AuthService", "Register"), http.MethodPost, "/v1/auth:register", true, true},
		{"invite", of(t, userv1.File_salon_user_v1_member_service_proto, "MemberService", "InviteMember"), http.MethodPost, "/v1/salons/{salon_id}/members:invite", true, true},
		{"login", of(t, auth, "AuthService", "Login"), http.MethodPost, "/v1/auth:login", true, false},
		{"put", of(t, offerings, "CatalogService", "PutOffering"), http.MethodPut, "/v1/masters/{master_id}/offerings/{service_id}", true, false},
		{"patch", of(t, users, "UserService", "UpdateMe"), http.MethodPatch, "/v1/me", true, false},
		{"delete", of(t, masters, "MasterService", "DeleteMaster"), http.MethodDelete, "/v1/masters/{master_id}", false, false},
		{"internal", of(t, userv1.File_salon_user_v1_identity_service_proto, "IdentityService", "LookupUser"), "", "", false, false},
	} {
		if tt.got.Verb != tt.verb || tt.got.Template != tt.template || tt.got.HasBody != tt.hasBody || tt.got.Creates() != tt.creates {
			t.Errorf("%s: %+v, creates: %v", tt.name, tt.got, tt.got.Creates())
		}
	}
	ratings := ratingv1.File_salon_rating_v1_rating_service_proto
	for name, want := range map[protoreflect.Name]bool{"GetRating": true, "ListMasterRatings": true, "GetRatingSummary": false} {
		if got := of(t, ratings, "RatingService", name).Personal(); got != want {
			t.Errorf("%s is personal: %v", name, got)
		}
	}
	list, getUser := of(t, masters, "MasterService", "ListMasters"), of(t, users, "UserService", "GetUser")
	rate := of(t, ratings, "RatingService", "CreateRating")
	for name, reads := range map[string]bool{
		"what is created below something else":  of(t, ratings, "RatingService", "GetRating").Locates(rate),
		"the list that something is created in": !of(t, ratings, "RatingService", "ListAppointmentRatings").Locates(rate),
		"the resource":                          get.Locates(create),
		"a list":                                !list.Locates(create),
		"another resource":                      !getUser.Locates(create),
		"of an update":                          !get.Locates(of(t, masters, "MasterService", "UpdateMaster")),
	} {
		if !reads {
			t.Errorf("where to read what was created: wrong for %s", name)
		}
	}
}
