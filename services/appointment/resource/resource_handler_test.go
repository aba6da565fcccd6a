package resource

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCreateResource(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	now := timestamppb.New(f.Clock.Now())
	before := f.rulesVersion()
	req := &appointmentv1.CreateResourceRequest{SalonId: id.FirstSalon, ResourceKindId: kind.GetId(), Name: " Chair 1 ", RequestId: f.NewID()}
	want := &appointmentv1.Resource{
		SalonId: id.FirstSalon, ResourceKindId: kind.GetId(), Name: "Chair 1", Active: true, CreateTime: now, UpdateTime: now, Etag: "1",
	}
	for range 2 {
		got, err := f.client.CreateResource(f.As(f.manager), req)
		if err != nil {
			t.Fatal(err)
		}
		if want.Id == "" {
			want.Id = got.GetId()
		}
		servicetest.WantMessage(t, got, want)
	}
	if f.rulesVersion() != before+1 {
		t.Errorf("the rules have version %d after one change of version %d", f.rulesVersion(), before)
	}
	broken, err := f.client.CreateResource(f.As(f.manager), &appointmentv1.CreateResourceRequest{
		SalonId: id.FirstSalon, ResourceKindId: kind.GetId(), Name: "Chair 2", Active: proto.Bool(false),
	})
	if err != nil || broken.GetActive() {
		t.Errorf("not active: %v, %v", broken, err)
	}
}

func TestCreateResourceIsRefused(t *testing.T) {
	f := newFixture(t)
	chair, room := f.newKind("Chair"), f.newKind("Room")
	f.newResource(chair, "Chair 1")
	foreign, err := f.client.CreateResourceKind(f.As(f.otherManager), &appointmentv1.CreateResourceKindRequest{SalonId: f.other, Name: "Chair"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.client.DeleteResourceKind(f.As(f.manager), &appointmentv1.DeleteResourceKindRequest{ResourceKindId: room.GetId()}); err != nil {
		t.Fatal(err)
	}
	both := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER),
		servicetest.Member(f.other, apiv1.SalonRole_SALON_ROLE_MANAGER))
	for _, tt := range []struct {
		name                  string
		as                    auth.Principal
		salonID, kindID, call string
		code                  codes.Code
		reason, field         string
	}{
		{"a customer", f.nobody, id.FirstSalon, chair.GetId(), "X", codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a receptionist", f.receptionist, id.FirstSalon, chair.GetId(), "X", codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager who sees nothing here", f.otherManager, id.FirstSalon, chair.GetId(), "X", codes.NotFound, "NOT_FOUND", ""},
		{"a manager elsewhere, master here", both, id.FirstSalon, chair.GetId(), "X", codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"an unknown salon", f.manager, f.NewID(), chair.GetId(), "X", codes.NotFound, "NOT_FOUND", ""},
		{"a name in use", f.manager, id.FirstSalon, chair.GetId(), "chair 1", codes.AlreadyExists, "NAME_TAKEN", "name"},
		{"an unknown kind", f.manager, id.FirstSalon, f.NewID(), "X", codes.InvalidArgument, "INVALID_FIELDS", "resource_kind_id"},
		{"a kind of another salon", f.manager, id.FirstSalon, foreign.GetId(), "X", codes.InvalidArgument, "INVALID_FIELDS", "resource_kind_id"},
		{"a deleted kind", f.manager, id.FirstSalon, room.GetId(), "X", codes.InvalidArgument, "INVALID_FIELDS", "resource_kind_id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.client.CreateResource(f.As(tt.as), &appointmentv1.CreateResourceRequest{SalonId: tt.salonID, ResourceKindId: tt.kindID, Name: tt.call})
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if names := f.names(); !slices.Equal(names, []string{"Chair 1"}) {
		t.Errorf("resources %q", names)
	}
}

func TestListResources(t *testing.T) {
	f := newFixture(t)
	room, chair := f.newKind("Room"), f.newKind("Chair")
	for _, name := range []string{"Window", "aisle", "Ecke"} {
		f.newResource(chair, name)
	}
	f.newResource(room, "Blue")
	gone := f.newResource(room, "Gone")
	if _, err := f.client.DeleteResource(f.As(f.manager), &appointmentv1.DeleteResourceRequest{ResourceId: gone.GetId()}); err != nil {
		t.Fatal(err)
	}
	list := func(as auth.Principal, salonID string, kindID *string) (names []string, err error) {
		req := &appointmentv1.ListResourcesRequest{SalonId: salonID, PageSize: 2, ResourceKindId: kindID}
		for {
			page, err := f.client.ListResources(f.As(as), req)
			if err != nil {
				return nil, err
			}
			for _, r := range page.GetResources() {
				names = append(names, r.GetName())
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return names, nil
			}
		}
	}
	for _, tt := range []struct {
		name   string
		kindID *string
		want   []string
	}{
		{"by kind and name", nil, []string{"aisle", "Ecke", "Window", "Blue"}},
		{"of a kind", proto.String(chair.GetId()), []string{"aisle", "Ecke", "Window"}},
		{"of an unknown kind", proto.String(f.NewID()), nil},
	} {
		if got, err := list(f.receptionist, id.FirstSalon, tt.kindID); err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
	if got, err := list(f.staff(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER), id.FirstSalon, nil); err != nil || len(got) != 4 {
		t.Errorf("a master: %q, %v", got, err)
	}
	_, err := list(f.otherManager, id.FirstSalon, nil)
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	_, err = list(f.nobody, id.FirstSalon, nil)
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	_, err = list(f.manager, f.NewID(), nil)
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

func TestUpdateResource(t *testing.T) {
	f := newFixture(t)
	want := f.newResource(f.newKind("Chair"), "Chair 1")
	f.Clock.Advance(time.Minute)
	for _, tt := range []struct {
		name   string
		req    *appointmentv1.UpdateResourceRequest
		expect func(*appointmentv1.Resource)
	}{
		{"nothing", &appointmentv1.UpdateResourceRequest{}, nil},
		{"what it is", &appointmentv1.UpdateResourceRequest{Active: proto.Bool(true)}, nil},
		{"name", &appointmentv1.UpdateResourceRequest{Name: proto.String("Chair A"), Etag: "1"}, func(r *appointmentv1.Resource) { r.Name, r.Etag = "Chair A", "2" }},
		{"not active", &appointmentv1.UpdateResourceRequest{Active: proto.Bool(false)}, func(r *appointmentv1.Resource) { r.Active, r.Etag = false, "3" }},
	} {
		tt.req.ResourceId = want.GetId()
		rules := f.rulesVersion()
		if tt.expect != nil {
			// What would be, first: it has the etag of what is.
			would := proto.CloneOf(want)
			tt.expect(would)
			would.Etag = want.GetEtag()
			tt.req.ValidateOnly = true
			got, err := f.client.UpdateResource(f.As(f.manager), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			servicetest.WantMessage(t, got, &appointmentv1.UpdateResourceResponse{Resource: would})
			if f.rulesVersion() != rules {
				t.Errorf("%s: only to validate it changed the rules", tt.name)
			}
			tt.expect(want)
			want.UpdateTime = timestamppb.New(f.Clock.Now())
			tt.req.ValidateOnly = false
			rules++
		}
		got, err := f.client.UpdateResource(f.As(f.manager), tt.req)
		if err != nil {
			t.Fatal(err)
		}
		servicetest.WantMessage(t, got, &appointmentv1.UpdateResourceResponse{Resource: want})
		if f.rulesVersion() != rules {
			t.Errorf("%s: the rules have version %d, want %d", tt.name, f.rulesVersion(), rules)
		}
	}
}

func TestUpdateResourceIsRefused(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	f.newResource(kind, "Chair 1")
	two := f.newResource(kind, "Chair 2")
	both := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER),
		servicetest.Member(f.other, apiv1.SalonRole_SALON_ROLE_MANAGER))
	for _, tt := range []struct {
		name          string
		as            auth.Principal
		req           *appointmentv1.UpdateResourceRequest
		code          codes.Code
		reason, field string
	}{
		{"a receptionist", f.receptionist, &appointmentv1.UpdateResourceRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager of another salon", f.otherManager, &appointmentv1.UpdateResourceRequest{}, codes.NotFound, "NOT_FOUND", ""},
		{"a manager elsewhere, master here", both, &appointmentv1.UpdateResourceRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"unknown", f.manager, &appointmentv1.UpdateResourceRequest{ResourceId: f.NewID()}, codes.NotFound, "NOT_FOUND", ""},
		{"a name in use", f.manager, &appointmentv1.UpdateResourceRequest{Name: proto.String("CHAIR 1")}, codes.AlreadyExists, "NAME_TAKEN", "name"},
		{
			"a name in use, only to validate", f.manager, &appointmentv1.UpdateResourceRequest{Name: proto.String("CHAIR 1"), ValidateOnly: true},
			codes.AlreadyExists, "NAME_TAKEN", "name",
		},
		{"an older etag", f.manager, &appointmentv1.UpdateResourceRequest{Name: proto.String("X"), Etag: "7"}, codes.Aborted, "ETAG_MISMATCH", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.ResourceId == "" {
				tt.req.ResourceId = two.GetId()
			}
			_, err := f.client.UpdateResource(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if names := f.names(); !slices.Equal(names, []string{"Chair 1", "Chair 2"}) {
		t.Errorf("resources %q", names)
	}
}

func TestDeleteResource(t *testing.T) {
	f := newFixture(t)
	chair := f.newResource(f.newKind("Chair"), "Chair 1")
	remove := func(as auth.Principal, req *appointmentv1.DeleteResourceRequest) error {
		req.ResourceId = chair.GetId()
		_, err := f.client.DeleteResource(f.As(as), req)
		return err
	}
	servicetest.WantError(t, remove(f.receptionist, &appointmentv1.DeleteResourceRequest{}), codes.PermissionDenied, "PERMISSION_DENIED", "")
	servicetest.WantError(t, remove(f.otherManager, &appointmentv1.DeleteResourceRequest{}), codes.NotFound, "NOT_FOUND", "")
	servicetest.WantError(t, remove(f.manager, &appointmentv1.DeleteResourceRequest{Etag: "7"}), codes.Aborted, "ETAG_MISMATCH", "")
	if err := remove(f.manager, &appointmentv1.DeleteResourceRequest{ValidateOnly: true}); err != nil || len(f.names()) != 1 {
		t.Errorf("only to validate: %v, left are %q", err, f.names())
	}
	rules := f.rulesVersion()
	if err := remove(f.manager, &appointmentv1.DeleteResourceRequest{Etag: "1"}); err != nil || len(f.names()) != 0 || f.rulesVersion() != rules+1 {
		t.Errorf("%v, left are %q", err, f.names())
	}
	servicetest.WantError(t, remove(f.manager, &appointmentv1.DeleteResourceRequest{}), codes.NotFound, "NOT_FOUND", "")
}
