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

func (f *fixture) policy(salonID string) *appointmentv1.BookingPolicy {
	f.t.Helper()
	p, err := f.client.GetBookingPolicy(f.t.Context(), &appointmentv1.GetBookingPolicyRequest{SalonId: salonID})
	if err != nil {
		f.t.Fatalf("get a policy: %v", err)
	}
	return p
}

// defaultPolicy is that of a salon that has set nothing.
func defaultPolicy(salonID string, made time.Time) *appointmentv1.BookingPolicy {
	return &appointmentv1.BookingPolicy{
		SalonId: salonID, SlotStepMinutes: 15, HorizonDays: 366, Confirmation: appointmentv1.Confirmation_CONFIRMATION_ALWAYS,
		RequestTimeoutMinutes: 1440, MaxOpenAppointments: 10, HoldMinutes: 10, MaxHolds: 3, WaitlistOfferMinutes: 20, UpdateTime: timestamppb.New(made), Etag: "1",
	}
}

func TestPolicyOfANewSalon(t *testing.T) {
	f := newFixture(t)
	s := f.create("one")
	servicetest.WantMessage(t, f.policy(s.GetId()), defaultPolicy(s.GetId(), f.Clock.Now()))
	// The salon that an installation begins with has the defaults of the schema, which are the same.
	first := f.policy(id.FirstSalon)
	servicetest.WantMessage(t, first, defaultPolicy(id.FirstSalon, first.GetUpdateTime().AsTime()))
}

func TestUpdateBookingPolicy(t *testing.T) {
	f := newFixture(t)
	salon := f.create("one")
	manager := f.manager(salon.GetId())
	want := f.policy(salon.GetId())
	f.Clock.Advance(time.Minute)
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	never := appointmentv1.Confirmation_CONFIRMATION_NEVER
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateBookingPolicyRequest
		expect func(*appointmentv1.BookingPolicy)
	}{
		{"nothing", manager, &appointmentv1.UpdateBookingPolicyRequest{}, nil},
		{"what it is", manager, &appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: proto.Int32(10)}, nil},
		{"what is present", manager, &appointmentv1.UpdateBookingPolicyRequest{
			MaxOpenAppointments: proto.Int32(0), BookableUntil: proto.String("2027-12-31"), Etag: "1",
		}, func(p *appointmentv1.BookingPolicy) {
			p.MaxOpenAppointments, p.BookableUntil, p.Etag = 0, "2027-12-31", "2"
		}},
		{"what the mask names", f.admin, &appointmentv1.UpdateBookingPolicyRequest{
			LeadTimeMinutes: proto.Int32(5), SlotStepMinutes: proto.Int32(30), UpdateMask: mask("slot_step_minutes", "bookable_until"),
		}, func(p *appointmentv1.BookingPolicy) { p.SlotStepMinutes, p.BookableUntil, p.Etag = 30, "", "3" }},
		{"all", manager, &appointmentv1.UpdateBookingPolicyRequest{
			SlotStepMinutes: proto.Int32(20), LeadTimeMinutes: proto.Int32(60), HorizonDays: proto.Int32(90), BookableUntil: proto.String("2028-02-29"),
			CancellationWindowMinutes: proto.Int32(120), ReschedulingWindowMinutes: proto.Int32(180), Confirmation: &never,
			RequestTimeoutMinutes: proto.Int32(30), MaxOpenAppointments: proto.Int32(3), MaxCustomerAppointmentsADay: proto.Int32(2),
			MaxMasterAppointmentsADay: proto.Int32(12), AllowCustomerOverlap: proto.Bool(true), BuffersWithinHours: proto.Bool(true),
			HoldMinutes: proto.Int32(5), MaxHolds: proto.Int32(7), WaitlistOfferMinutes: proto.Int32(45), LateCancellationFeePercent: proto.Int32(50), NoShowFeePercent: proto.Int32(100),
			UpdateMask: mask("*"),
		}, func(p *appointmentv1.BookingPolicy) {
			p.SlotStepMinutes, p.LeadTimeMinutes, p.HorizonDays, p.BookableUntil = 20, 60, 90, "2028-02-29"
			p.CancellationWindowMinutes, p.ReschedulingWindowMinutes, p.Confirmation = 120, 180, never
			p.RequestTimeoutMinutes, p.MaxOpenAppointments, p.MaxCustomerAppointmentsADay = 30, 3, 2
			p.MaxMasterAppointmentsADay, p.AllowCustomerOverlap, p.BuffersWithinHours, p.HoldMinutes, p.MaxHolds, p.WaitlistOfferMinutes, p.Etag = 12, true, true, 5, 7, 45, "4"
			p.LateCancellationFeePercent, p.NoShowFeePercent = 50, 100
		}},
	} {
		tt.req.SalonId = salon.GetId()
		rules := f.rulesVersion(salon.GetId())
		if tt.expect != nil {
			tt.expect(want)
			want.UpdateTime = timestamppb.New(f.Clock.Now())
			rules++
		}
		got, err := f.client.UpdateBookingPolicy(f.As(tt.as), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, got, want)
		servicetest.WantMessage(t, f.policy(salon.GetId()), want)
		if got := f.rulesVersion(salon.GetId()); got != rules {
			t.Errorf("%s: the rules have version %d, want %d", tt.name, got, rules)
		}
	}
	// A change of the salon itself writes over nothing of the policy.
	if _, err := f.client.UpdateSalon(f.As(manager), &appointmentv1.UpdateSalonRequest{SalonId: salon.GetId(), Name: proto.String("N")}); err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, f.policy(salon.GetId()), want)
}

func TestUpdateBookingPolicyIsRefused(t *testing.T) {
	f := newFixture(t)
	one, two := f.create("one"), f.create("two")
	manager := f.manager(one.GetId())
	receptionist := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(one.GetId(), apiv1.SalonRole_SALON_ROLE_RECEPTIONIST))
	until := func(text string) *appointmentv1.UpdateBookingPolicyRequest {
		return &appointmentv1.UpdateBookingPolicyRequest{BookableUntil: &text}
	}
	step := &appointmentv1.UpdateBookingPolicyRequest{SlotStepMinutes: proto.Int32(30)}
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateBookingPolicyRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, step, codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"a customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), step, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a receptionist", receptionist, step, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager of another salon", f.manager(two.GetId()), step, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"unknown", manager, &appointmentv1.UpdateBookingPolicyRequest{SalonId: f.NewID()}, codes.NotFound, "NOT_FOUND", ""},
		{"an older etag", manager, &appointmentv1.UpdateBookingPolicyRequest{Etag: "7"}, codes.Aborted, "ETAG_MISMATCH", ""},
		{"no such date", manager, until("2027-02-29"), codes.InvalidArgument, "INVALID_FIELDS", "bookable_until"},
		{"no such year", manager, until("0000-01-01"), codes.InvalidArgument, "INVALID_FIELDS", "bookable_until"},
		{
			"a step that is too short", manager, &appointmentv1.UpdateBookingPolicyRequest{SlotStepMinutes: proto.Int32(4)},
			codes.InvalidArgument, "INVALID_FIELDS", "slot_step_minutes",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.SalonId == "" {
				tt.req.SalonId = one.GetId()
			}
			_, err := f.client.UpdateBookingPolicy(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	servicetest.WantMessage(t, f.policy(one.GetId()), defaultPolicy(one.GetId(), f.Clock.Now()))
	_, err := f.client.GetBookingPolicy(t.Context(), &appointmentv1.GetBookingPolicyRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}
