package catalog

import (
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
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCreateService(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("services", "service.>")
	req := &appointmentv1.CreateServiceRequest{
		Name: " Cut and  blow-dry ", Description: "Wash,\ncut.", Category: "Hair", Price: euros(4500), DurationMinutes: proto.Int32(60),
		BufferBeforeMinutes: 5, BufferAfterMinutes: 10, RequestId: f.NewID(),
	}
	got, err := f.client.CreateService(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	servicetest.WantMessage(t, got, &appointmentv1.Service{
		Id: got.GetId(), SalonId: id.FirstSalon, Name: "Cut and  blow-dry", Description: "Wash,\ncut.", Category: "Hair", Price: euros(4500),
		DurationMinutes: 60, BufferBeforeMinutes: 5, BufferAfterMinutes: 10, Active: true, OnlineBookable: true,
		Phases: []*appointmentv1.Phase{work(60)}, Capacity: 1,
		CreateTime: now, UpdateTime: now, Etag: "1",
	})
	read, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: strings.ToUpper(got.GetId())})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, read, got)
	again, err := f.client.CreateService(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	for _, e := range listener.Wait(2) {
		if e.AggregateID != got.GetId() {
			continue // the fixture's own
		}
		var body appointmentv1.ServiceEvent
		if err := e.Decode(&body); err != nil {
			t.Fatal(err)
		}
		servicetest.WantMessage(t, &body, &appointmentv1.ServiceEvent{ServiceId: got.GetId(), SalonId: id.FirstSalon, Active: true})
	}
	req.Name = "Another"
	_, err = f.client.CreateService(f.As(f.admin), req)
	servicetest.WantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")
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
		{
			"a manager of another salon", f.otherManager,
			func(r *appointmentv1.CreateServiceRequest) { r.SalonId = new(id.FirstSalon) }, codes.PermissionDenied, "PERMISSION_DENIED", "",
		},
		{
			"no such salon", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.SalonId = new(f.NewID()) },
			codes.InvalidArgument, "INVALID_FIELDS", "salon_id",
		},
		{
			"not the salon's currency", f.manager, func(r *appointmentv1.CreateServiceRequest) { r.Price = yen(100) },
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
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
			"no time at all", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = proto.Int32(0) },
			codes.InvalidArgument, "INVALID_FIELDS", "duration_minutes",
		},
		{
			"a long buffer", f.admin, func(r *appointmentv1.CreateServiceRequest) { r.BufferAfterMinutes = 241 },
			codes.InvalidArgument, "INVALID_FIELDS", "buffer_after_minutes",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := &appointmentv1.CreateServiceRequest{Name: "New", Category: "Hair", Price: euros(100), DurationMinutes: proto.Int32(30)}
			if tt.change != nil {
				tt.change(req)
			}
			_, err := f.client.CreateService(f.As(tt.as), req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
}

func TestUpdateService(t *testing.T) {
	f := newFixture(t)
	id, first := f.cut.GetId(), f.cut
	// Keeps it in every cache.
	if _, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: id}); err != nil {
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
			Name: proto.String("ignored"), Price: euros(500), UpdateMask: mask("price", "description"),
		}, func(s *appointmentv1.Service) {
			s.Price, s.Description, s.Etag = euros(500), "", "3"
		}},
		{"all", &appointmentv1.UpdateServiceRequest{
			Name: proto.String("CUT"), Category: proto.String("Hair!"), Price: euros(1), DurationMinutes: proto.Int32(5), Active: proto.Bool(true),
			OnlineBookable: proto.Bool(false), LeadTimeOverrideMinutes: proto.Int32(0), HorizonOverrideDays: proto.Int32(30), BufferBeforeMinutes: proto.Int32(0), BufferAfterMinutes: proto.Int32(0), UpdateMask: mask("*"), Etag: "3",
		}, func(s *appointmentv1.Service) {
			s.Name, s.Category, s.Price, s.DurationMinutes, s.Active, s.Etag = "CUT", "Hair!", euros(1), 5, true, "4"
			s.Phases, s.OnlineBookable = []*appointmentv1.Phase{work(5)}, false
			s.LeadTimeOverrideMinutes, s.HorizonOverrideDays = proto.Int32(0), proto.Int32(30)
		}},
		{"away with numbers", &appointmentv1.UpdateServiceRequest{
			HorizonOverrideDays: proto.Int32(31), UpdateMask: mask("lead_time_override_minutes", "horizon_override_days", "slot_step_override_minutes"),
		}, func(s *appointmentv1.Service) {
			s.LeadTimeOverrideMinutes, s.HorizonOverrideDays, s.Etag = nil, proto.Int32(31), "5"
		}},
	} {
		tt.req.ServiceId = id
		if tt.expect != nil {
			tt.expect(want)
			want.UpdateTime = timestamppb.New(f.Clock.Now())
		}
		got, err := f.client.UpdateService(f.As(f.admin), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, got, want)
		read, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: id})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, read, want)
	}
}

func TestUpdateServiceIsRefused(t *testing.T) {
	f := newFixture(t)
	f.newService("Dye", 100)
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
		{"a manager of another salon", f.otherManager, &appointmentv1.UpdateServiceRequest{Name: proto.String("x")}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"unknown to a manager", f.manager, &appointmentv1.UpdateServiceRequest{ServiceId: f.NewID(), Name: proto.String("x")}, codes.NotFound, "NOT_FOUND", ""},
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
			"an unknown currency", f.admin, &appointmentv1.UpdateServiceRequest{Price: &apiv1.Money{CurrencyCode: "ZZZ", AmountMinor: new(int32(1))}},
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
		{
			"not the salon's currency", f.manager, &appointmentv1.UpdateServiceRequest{Price: yen(1)},
			codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.ServiceId == "" {
				tt.req.ServiceId = f.cut.GetId()
			}
			_, err := f.client.UpdateService(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	read, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, read, f.cut)
}

func TestDeleteService(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("catalogue", "service.deleted")
	offerings := f.Listen("offerings", "offering.deleted")
	remove := func(tag string) error {
		_, err := f.client.DeleteService(f.As(f.admin), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId(), Etag: tag})
		return err
	}
	servicetest.WantError(t, remove("5"), codes.Aborted, "ETAG_MISMATCH", "")
	for _, caller := range []auth.Principal{f.mira, f.otherManager} {
		_, err := f.client.DeleteService(f.As(caller), &appointmentv1.DeleteServiceRequest{ServiceId: f.cut.GetId()})
		servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")
	}
	if _, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()}); err != nil {
		t.Fatal(err)
	}
	if err := remove("1"); err != nil {
		t.Fatal(err)
	}
	_, err := f.client.GetService(t.Context(), &appointmentv1.GetServiceRequest{ServiceId: f.cut.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	servicetest.WantError(t, remove(""), codes.NotFound, "NOT_FOUND", "")
	if e := listener.Wait(1)[0]; e.AggregateVersion != 2 {
		t.Errorf("event %+v", e)
	}
	if e := offerings.Wait(1)[0]; e.AggregateVersion != 2 {
		t.Errorf("event %+v", e)
	}
	list, err := f.client.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: f.mira.UserID})
	if err != nil || len(list.GetOfferings()) != 0 {
		t.Errorf("still offered: %v, %v", list, err)
	}
	f.newService("Cut", 100)
}

// Prices that were in another currency before salons had one can change to the salon's, unless masters have
// prices of their own in the old one.
func TestCurrencyOfFormerPrices(t *testing.T) {
	f := newFixture(t)
	f.exec("UPDATE services SET currency = 'JPY' WHERE id = ?", f.cut.GetId())
	f.exec("UPDATE offerings SET price_override_minor = 700")
	update := func(req *appointmentv1.UpdateServiceRequest) error {
		req.ServiceId = f.cut.GetId()
		_, err := f.client.UpdateService(f.As(f.manager), req)
		return err
	}
	if err := update(&appointmentv1.UpdateServiceRequest{Description: proto.String("Short.")}); err != nil {
		t.Errorf("the price stays: %v", err)
	}
	servicetest.WantError(t, update(&appointmentv1.UpdateServiceRequest{Price: euros(1)}),
		codes.InvalidArgument, "INVALID_FIELDS", "price.currency_code")
	f.exec("UPDATE offerings SET price_override_minor = NULL")
	if err := update(&appointmentv1.UpdateServiceRequest{Price: euros(1)}); err != nil {
		t.Error(err)
	}
}
