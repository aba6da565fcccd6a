package appointment

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

func TestCreateService(t *testing.T) {
	f := newFixture(t)
	heard := f.Listen("services", "service.>")
	req := &appointmentv1.CreateServiceRequest{
		Name: " Cut and  blow-dry ", Description: "Wash,\ncut.", Category: "Hair", Price: euros(4500), DurationMinutes: 60,
		BufferBeforeMinutes: 5, BufferAfterMinutes: 10, RequestId: f.NewID(),
	}
	got, err := f.catalog.CreateService(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	wantMessage(t, got, &appointmentv1.Service{
		Id: got.GetId(), Name: "Cut and  blow-dry", Description: "Wash,\ncut.", Category: "Hair", Price: euros(4500),
		DurationMinutes: 60, BufferBeforeMinutes: 5, BufferAfterMinutes: 10, Active: true,
		CreateTime: now, UpdateTime: now, Etag: "1",
	})
	read, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: strings.ToUpper(got.GetId())})
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, read, got)
	again, err := f.catalog.CreateService(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, again, got)
	for _, e := range heard.Wait(2) {
		if e.AggregateID != got.GetId() {
			continue // the fixture's own
		}
		var body appointmentv1.ServiceEvent
		if err := e.Decode(&body); err != nil {
			t.Fatal(err)
		}
		wantMessage(t, &body, &appointmentv1.ServiceEvent{ServiceId: got.GetId(), Active: true})
	}
	req.Name = "Another"
	_, err = f.catalog.CreateService(f.As(f.admin), req)
	wantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
}

func TestCreateServiceIsRefused(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		change func(*appointmentv1.CreateServiceRequest)
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, nil, codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"a customer", f.ann, nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a master", f.mira, nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a name in use", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Name = "cut" }, codes.AlreadyExists, "SERVICE_NAME_TAKEN", "name"},
		{"an empty name", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Name = "\u200b" }, codes.InvalidArgument, "INVALID_FIELDS", "name"},
		{
			"a long name", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Name = strings.Repeat("n", 101) },
			codes.InvalidArgument, "INVALID_FIELDS", "name",
		},
		{
			"a negative price", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Price = euros(-1) },
			codes.InvalidArgument, "INVALID_FIELDS", "price.amount_minor",
		},
		{"no price", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Price = nil }, codes.InvalidArgument, "INVALID_FIELDS", "price"},
		{
			"an unknown currency", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.Price.CurrencyCode = "ZZZ" },
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
		{
			"no time at all", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = 0 },
			codes.InvalidArgument, "INVALID_FIELDS", "duration_minutes",
		},
		{
			"a long buffer", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.BufferAfterMinutes = 241 },
			codes.InvalidArgument, "INVALID_FIELDS", "buffer_after_minutes",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := &appointmentv1.CreateServiceRequest{Name: "New", Category: "Hair", Price: euros(100), DurationMinutes: 30}
			if tt.change != nil {
				tt.change(req)
			}
			_, err := f.catalog.CreateService(f.As(tt.as), req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
}

func TestUpdateService(t *testing.T) {
	f := newFixture(t)
	id, first := f.cut.GetId(), f.cut
	// Keeps it in every cache.
	if _, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: id}); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(time.Minute)
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	want := proto.CloneOf(first)
	for _, tt := range []struct {
		name   string
		req    *appointmentv1.UpdateServiceRequest
		expect func(*appointmentv1.Service)
	}{
		{"nothing", &appointmentv1.UpdateServiceRequest{}, nil},
		{"what it is", &appointmentv1.UpdateServiceRequest{Name: proto.String("Cut"), Price: euros(4500)}, nil},
		{"what is present", &appointmentv1.UpdateServiceRequest{Description: proto.String("Short."), Active: proto.Bool(false)}, func(s *appointmentv1.Service) {
			s.Description, s.Active, s.Etag = "Short.", false, "2"
		}},
		{"what the mask names", &appointmentv1.UpdateServiceRequest{
			Name: proto.String("ignored"), Price: &apiv1.Money{CurrencyCode: "JPY", AmountMinor: 500}, UpdateMask: mask("price", "description"),
		}, func(s *appointmentv1.Service) {
			s.Price, s.Description, s.Etag = &apiv1.Money{CurrencyCode: "JPY", AmountMinor: 500}, "", "3"
		}},
		{"all", &appointmentv1.UpdateServiceRequest{
			Name: proto.String("CUT"), Category: proto.String("Hair!"), Price: euros(1), DurationMinutes: proto.Int32(5), Active: proto.Bool(true),
			UpdateMask: mask("*"), Etag: "3",
		}, func(s *appointmentv1.Service) {
			s.Name, s.Category, s.Price, s.DurationMinutes, s.Active, s.Etag = "CUT", "Hair!", euros(1), 5, true, "4"
		}},
	} {
		tt.req.ServiceId = id
		if tt.expect != nil {
			tt.expect(want)
			want.UpdateTime = timestamppb.New(f.Clock.Now())
		}
		got, err := f.catalog.UpdateService(f.As(f.admin), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		wantMessage(t, got, want)
		read, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: id})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		wantMessage(t, read, want)
	}
}

func TestUpdateServiceIsRefused(t *testing.T) {
	f := newFixture(t)
	f.newService("Dye", 100)
	if _, err := f.catalog.PutOffering(f.As(f.mira), &appointmentv1.PutOfferingRequest{
		MasterId: f.mira.UserID, ServiceId: f.cut.GetId(), PriceOverride: euros(5000),
	}); err != nil {
		t.Fatal(err)
	}
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateServiceRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"a master", f.mira, &appointmentv1.UpdateServiceRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"unknown", f.admin, &appointmentv1.UpdateServiceRequest{ServiceId: f.NewID(), Name: proto.String("x")}, codes.NotFound, "NOT_FOUND", ""},
		{"a name in use", f.admin, &appointmentv1.UpdateServiceRequest{Name: proto.String("DYE")}, codes.AlreadyExists, "SERVICE_NAME_TAKEN", "name"},
		{"an older etag", f.admin, &appointmentv1.UpdateServiceRequest{Name: proto.String("x"), Etag: "0"}, codes.Aborted, "ETAG_MISMATCH", ""},
		{
			"nothing for active", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("active")},
			codes.InvalidArgument, "INVALID_FIELDS", "active",
		},
		{
			"the id in the mask", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("service_id")},
			codes.InvalidArgument, "INVALID_FIELDS", "update_mask",
		},
		{
			"an unknown field in the mask", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("role")},
			codes.InvalidArgument, "INVALID_FIELDS", "update_mask",
		},
		{"no name", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("name")}, codes.InvalidArgument, "INVALID_FIELDS", "name"},
		{"no price", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("price")}, codes.InvalidArgument, "INVALID_FIELDS", "price"},
		{
			"no time at all", f.admin, &appointmentv1.UpdateServiceRequest{UpdateMask: mask("duration_minutes")},
			codes.InvalidArgument, "INVALID_FIELDS", "duration_minutes",
		},
		{
			"an unknown currency", f.admin, &appointmentv1.UpdateServiceRequest{Price: &apiv1.Money{CurrencyCode: "ZZZ", AmountMinor: 1}},
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
		{
			"not the currency of prices of one's own", f.admin, &appointmentv1.UpdateServiceRequest{Price: &apiv1.Money{CurrencyCode: "JPY", AmountMinor: 1}},
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.ServiceId == "" {
				tt.req.ServiceId = f.cut.GetId()
			}
			_, err := f.catalog.UpdateService(f.As(tt.as), tt.req)
			wantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	read, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, read, f.cut)
}

func TestDeleteService(t *testing.T) {
	f := newFixture(t)
	visit := f.book(f.ann, f.in(time.Hour))
	heard := f.Listen("catalogue", "service.deleted")
	offerings := f.Listen("offerings", "offering.deleted")
	remove := func(tag string) error {
		_, err := f.catalog.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId(), Etag: tag})
		return err
	}
	wantError(t, remove("5"), codes.Aborted, "ETAG_MISMATCH", "")
	if _, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	if err := remove("1"); err != nil {
		t.Fatal(err)
	}
	_, err := f.catalog.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()})
	wantError(t, err, codes.NotFound, "NOT_FOUND", "")
	wantError(t, remove(""), codes.NotFound, "NOT_FOUND", "")
	wantMessage(t, f.get(f.ann, visit.GetId()), visit)
	if e := heard.Wait(1)[0]; e.AggregateVersion != 2 {
		t.Errorf("event %+v", e)
	}
	if e := offerings.Wait(1)[0]; e.AggregateVersion != 2 {
		t.Errorf("event %+v", e)
	}
	list, err := f.catalog.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: f.mira.UserID})
	if err != nil || len(list.GetOfferings()) != 0 {
		t.Errorf("still offered: %v, %v", list, err)
	}
	f.newService("Cut", 100)
}

func TestListServicesInPages(t *testing.T) {
	f := newFixture(t)
	want := []string{"Cut"}
	for n := range 6 {
		// The longest names there are must fit into a page token.
		want = append(want, f.newService(strings.Repeat("<", 99)+fmt.Sprint(n), 100).GetName())
	}
	slices.Sort(want)
	req := &appointmentv1.ListServicesRequest{PageSize: 2, Category: "Hair", Active: proto.Bool(true)}
	var got []string
	for {
		page, err := f.catalog.ListServices(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range page.GetServices() {
			got = append(got, s.GetName())
		}
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			break
		}
	}
	slices.Sort(got) // the order of the database is not that of Go
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	_, err := f.catalog.ListServices(t.Context(), &appointmentv1.ListServicesRequest{PageToken: "x"})
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
}
