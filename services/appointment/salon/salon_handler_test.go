package salon

import (
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

func TestCreateSalon(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("salons", "salon.>")
	req := &appointmentv1.CreateSalonRequest{
		Name: " Salon Lumen ", Slug: "lumen", Description: "Hair.\nNails.", Address: "Lindenweg 1", Phone: "+4930123456",
		Email: "hello@lumen.example", WebsiteUrl: "https://lumen.example", TimeZone: "America/New_York", CurrencyCode: "USD",
		RequestId: f.NewID(),
	}
	got, err := f.client.CreateSalon(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	servicetest.WantMessage(t, got, &appointmentv1.Salon{
		Id: got.GetId(), Name: "Salon Lumen", Slug: "lumen", Description: "Hair.\nNails.", Address: "Lindenweg 1",
		Phone: "+4930123456", Email: "hello@lumen.example", WebsiteUrl: "https://lumen.example", TimeZone: "America/New_York",
		CurrencyCode: "USD", CreateTime: now, UpdateTime: now, Etag: "1",
	})
	servicetest.WantMessage(t, f.get(got.GetId()), got)

	again, err := f.client.CreateSalon(f.As(f.admin), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	req.Name = "Another"
	_, err = f.client.CreateSalon(f.As(f.admin), req)
	servicetest.WantError(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "")

	// The first event is that of the salon that the migration makes.
	for i, e := range listener.Wait(2) {
		var body appointmentv1.SalonEvent
		if err := e.Decode(&body); err != nil {
			t.Fatal(err)
		}
		want := &appointmentv1.SalonEvent{SalonId: id.FirstSalon, IsDefault: true}
		if i == 1 {
			want = &appointmentv1.SalonEvent{SalonId: got.GetId()}
		}
		servicetest.WantMessage(t, &body, want)
	}
}

func TestCreateSalonIsRefused(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		change func(*appointmentv1.CreateSalonRequest)
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, nil, codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"a customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager", f.manager(id.FirstSalon), nil, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{
			"a slug in use", f.admin, func(r *appointmentv1.CreateSalonRequest) { r.Slug = "salon" },
			codes.AlreadyExists, "SLUG_TAKEN", "slug",
		},
		{
			"a bad slug", f.admin, func(r *appointmentv1.CreateSalonRequest) { r.Slug = "a--b" },
			codes.InvalidArgument, "INVALID_FIELDS", "slug",
		},
		{
			"no such zone", f.admin, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "Europe/Atlantis" },
			codes.InvalidArgument, "INVALID_FIELDS", "time_zone",
		},
		{
			"no such currency", f.admin, func(r *appointmentv1.CreateSalonRequest) { r.CurrencyCode = "ZZZ" },
			codes.InvalidArgument, "INVALID_FIELDS", "currency_code",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req := &appointmentv1.CreateSalonRequest{Name: "New", Slug: "new", TimeZone: "UTC", CurrencyCode: "EUR"}
			if tt.change != nil {
				tt.change(req)
			}
			_, err := f.client.CreateSalon(f.As(tt.as), req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
}

func TestUpdateSalon(t *testing.T) {
	f := newFixture(t)
	want := f.create("one")
	manager := f.manager(want.GetId())
	f.Clock.Advance(time.Minute)
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateSalonRequest
		expect func(*appointmentv1.Salon)
	}{
		{"nothing", manager, &appointmentv1.UpdateSalonRequest{}, nil},
		{"what it is", manager, &appointmentv1.UpdateSalonRequest{Slug: proto.String("one")}, nil},
		{"what is present", manager, &appointmentv1.UpdateSalonRequest{
			Phone: proto.String("+4930123456"), Description: proto.String(""),
		}, func(s *appointmentv1.Salon) { s.Phone, s.Etag = "+4930123456", "2" }},
		{"what the mask names", f.admin, &appointmentv1.UpdateSalonRequest{
			Name: proto.String("ignored"), TimeZone: proto.String("Asia/Tokyo"), UpdateMask: mask("time_zone", "phone"), Etag: "2",
		}, func(s *appointmentv1.Salon) { s.TimeZone, s.Phone, s.Etag = "Asia/Tokyo", "", "3" }},
		{"all", manager, &appointmentv1.UpdateSalonRequest{
			Name: proto.String("N"), Slug: proto.String("n"), Description: proto.String("D"), Address: proto.String("A"),
			Email: proto.String("n@n.example"), WebsiteUrl: proto.String("https://n.example"), TimeZone: proto.String("UTC"),
			CurrencyCode: proto.String("JPY"), UpdateMask: mask("*"),
		}, func(s *appointmentv1.Salon) {
			s.Name, s.Slug, s.Description, s.Address, s.Email = "N", "n", "D", "A", "n@n.example"
			s.WebsiteUrl, s.TimeZone, s.CurrencyCode, s.Etag = "https://n.example", "UTC", "JPY", "4"
		}},
	} {
		tt.req.SalonId = want.GetId()
		if tt.expect != nil {
			tt.expect(want)
			want.UpdateTime = timestamppb.New(f.Clock.Now())
		}
		if _, err := f.salons.Get(t.Context(), want.GetId()); err != nil { // keeps it in memory
			t.Fatal(err)
		}
		got, err := f.client.UpdateSalon(f.As(tt.as), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, got, want)
		servicetest.WantMessage(t, f.get(want.GetId()), want)
		if known, err := f.salons.Get(t.Context(), want.GetId()); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else {
			servicetest.WantMessage(t, toProto(known), want)
		}
	}
}

func TestUpdateSalonIsRefused(t *testing.T) {
	f := newFixture(t)
	one, two := f.create("one"), f.create("two")
	f.addService(one.GetId())
	manager, other := f.manager(one.GetId()), f.manager(two.GetId())
	receptionist := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(one.GetId(), apiv1.SalonRole_SALON_ROLE_RECEPTIONIST))
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateSalonRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"a customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), &appointmentv1.UpdateSalonRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a receptionist", receptionist, &appointmentv1.UpdateSalonRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager of another salon", other, &appointmentv1.UpdateSalonRequest{Name: proto.String("x")}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"unknown", other, &appointmentv1.UpdateSalonRequest{SalonId: f.NewID()}, codes.NotFound, "NOT_FOUND", ""},
		{"an older etag", manager, &appointmentv1.UpdateSalonRequest{Name: proto.String("x"), Etag: "7"}, codes.Aborted, "ETAG_MISMATCH", ""},
		{"a slug in use", manager, &appointmentv1.UpdateSalonRequest{Slug: proto.String("two")}, codes.AlreadyExists, "SLUG_TAKEN", "slug"},
		{
			"no such zone", manager, &appointmentv1.UpdateSalonRequest{TimeZone: proto.String("Mars/Base")},
			codes.InvalidArgument, "INVALID_FIELDS", "time_zone",
		},
		{
			"another currency, with services", manager, &appointmentv1.UpdateSalonRequest{CurrencyCode: proto.String("JPY")},
			codes.InvalidArgument, "INVALID_FIELDS", "currency_code",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.SalonId == "" {
				tt.req.SalonId = one.GetId()
			}
			_, err := f.client.UpdateSalon(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	servicetest.WantMessage(t, f.get(one.GetId()), one)
}

func TestDeleteSalon(t *testing.T) {
	f := newFixture(t)
	listener := f.Listen("salons", "salon.deleted")
	s := f.create("one")
	remove := func(id, tag string) error {
		_, err := f.client.DeleteSalon(f.As(f.admin), &appointmentv1.DeleteSalonRequest{SalonId: id, Etag: tag})
		return err
	}
	if _, err := f.salons.Get(t.Context(), s.GetId()); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, remove(s.GetId(), "5"), codes.Aborted, "ETAG_MISMATCH", "")
	servicetest.WantError(t, remove(id.FirstSalon, ""), codes.FailedPrecondition, "DEFAULT_SALON", "")
	_, err := f.client.DeleteSalon(f.As(f.manager(s.GetId())), &appointmentv1.DeleteSalonRequest{SalonId: s.GetId()})
	servicetest.WantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "")

	if err := remove(s.GetId(), "1"); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, remove(s.GetId(), ""), codes.NotFound, "NOT_FOUND", "")
	_, err = f.client.GetSalon(t.Context(), &appointmentv1.GetSalonRequest{SalonId: s.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	if _, err := f.salons.Get(t.Context(), s.GetId()); err == nil {
		t.Error("still in memory")
	}
	if e := listener.Wait(1)[0]; e.AggregateID != s.GetId() || e.AggregateVersion != 2 {
		t.Errorf("event %+v", e)
	}
	body, version, err := f.salons.Snapshot(t.Context(), s.GetId())
	if err != nil || version != 2 {
		t.Errorf("version %d, %v", version, err)
	}
	servicetest.WantMessage(t, body, &appointmentv1.SalonEvent{SalonId: s.GetId(), Deleted: true})
	f.create("one") // the slug is free again
}

func TestSalonsThatAreNotEmptyStay(t *testing.T) {
	f := newFixture(t)
	for name, fill := range map[string]func(salonID string){
		"service": f.addService,
		"master": func(salonID string) {
			f.exec("INSERT INTO masters (id, salon_id, display_name, deleted, version) VALUES (gen_random_uuid(), ?, '', false, 1)", salonID)
		},
		"customer": func(salonID string) {
			f.exec(`INSERT INTO customers (salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
				VALUES (?, gen_random_uuid(), 'Ida', '', '', '', 'ida', 1, now(), now())`, salonID)
		},
	} {
		s := f.create(name)
		fill(s.GetId())
		_, err := f.client.DeleteSalon(f.As(f.admin), &appointmentv1.DeleteSalonRequest{SalonId: s.GetId()})
		t.Run(name, func(t *testing.T) {
			servicetest.WantError(t, err, codes.FailedPrecondition, "SALON_NOT_EMPTY", "")
		})
	}
	// What is deleted does not count.
	s := f.create("left")
	f.addService(s.GetId())
	f.exec("UPDATE services SET deleted_at = now() WHERE salon_id = ?", s.GetId())
	f.exec("INSERT INTO masters (id, salon_id, display_name, deleted, version) VALUES (gen_random_uuid(), ?, '', true, 1)", s.GetId())
	if _, err := f.client.DeleteSalon(f.As(f.admin), &appointmentv1.DeleteSalonRequest{SalonId: s.GetId()}); err != nil {
		t.Error(err)
	}
}
