package servicetest_test

import (
	"context"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

var schema = postgres.Migrations{Service: "probes"}

// probe remembers who called it.
type probe struct {
	notificationv1.UnimplementedNotificationServiceServer

	caller auth.Principal
	ran    atomic.Bool
}

func (p *probe) GetUnreadCount(
	ctx context.Context, _ *notificationv1.GetUnreadCountRequest,
) (*notificationv1.UnreadCount, error) {
	p.caller, _ = auth.FromContext(ctx)
	return &notificationv1.UnreadCount{}, nil
}

func (p *probe) Register(r grpc.ServiceRegistrar) {
	notificationv1.RegisterNotificationServiceServer(r, p)
}

func (p *probe) Run(ctx context.Context) error {
	p.ran.Store(true)
	<-ctx.Done()
	return nil
}

func (p *probe) Ready(context.Context) error { return nil }

func TestCallersHaveRealSessions(t *testing.T) {
	p := servicetest.New(t, schema)
	s := &probe{}
	p.Start("notification", s)
	p.Eventually("it runs", s.ran.Load)
	client := notificationv1.NewNotificationServiceClient(p.Conns.For("notification"))
	call := func(ctx context.Context) codes.Code {
		_, err := client.GetUnreadCount(ctx, &notificationv1.GetUnreadCountRequest{})
		return status.Code(err)
	}

	// is reports whether the handler saw a caller, with a token that tells when it was issued.
	is := func(want auth.Principal) bool {
		want.TokenTime = s.caller.TokenTime
		return !want.TokenTime.IsZero() && reflect.DeepEqual(s.caller, want)
	}
	master := p.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER))
	if code := call(p.As(master)); code != codes.OK || !is(master) {
		t.Errorf("signed in: %v as %+v, want %+v", code, s.caller, master)
	}
	other := p.SignInAs(master.UserID, apiv1.Role_ROLE_ADMIN)
	if code := call(p.As(other)); code != codes.OK || !is(other) {
		t.Errorf("signed in again: %v as %+v, want %+v", code, s.caller, other)
	}
	old := p.As(other)
	p.Clock.Advance(auth.AccessTokenTTL + time.Minute)
	if code := call(old); code != codes.Unauthenticated {
		t.Errorf("with an expired token: %v", code)
	}
	if code := call(p.As(other)); code != codes.OK {
		t.Errorf("with a new token: %v", code)
	}
	p.SignOut(other)
	if code := call(p.As(other)); code != codes.Unauthenticated {
		t.Errorf("signed out: %v", code)
	}
	if code := call(p.As(master)); code != codes.OK {
		t.Errorf("the other session: %v", code)
	}
	if code := call(p.As(auth.Principal{})); code != codes.Unauthenticated {
		t.Errorf("not signed in: %v", code)
	}
}

func TestIdentitiesCanBeLookedUp(t *testing.T) {
	p := servicetest.New(t, schema)
	customer := p.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST))
	master := p.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER))
	client := userv1.NewIdentityServiceClient(p.Conns.For("user"))
	for id, want := range map[string]codes.Code{customer.UserID: codes.OK, p.NewID(): codes.NotFound} {
		if _, err := client.LookupUser(t.Context(), &userv1.LookupUserRequest{UserId: id}); status.Code(err) != want {
			t.Errorf("LookupUser = %v, want %v", err, want)
		}
	}
	for id, want := range map[string]codes.Code{master.UserID: codes.OK, customer.UserID: codes.NotFound} {
		if _, err := client.LookupMaster(t.Context(), &userv1.LookupMasterRequest{MasterId: id}); status.Code(err) != want {
			t.Errorf("LookupMaster = %v, want %v", err, want)
		}
	}

	p.SetAccount(&userv1.LookupUserResponse{UserId: customer.UserID, DisplayName: "Ida", Version: 2})
	p.SetMaster(&userv1.LookupMasterResponse{MasterId: master.UserID, SalonId: id.FirstSalon, Deleted: true, Version: 2})
	p.SignInAs(customer.UserID, apiv1.Role_ROLE_CUSTOMER)
	p.SignInAs(master.UserID, apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER))
	account, err := client.LookupUser(t.Context(), &userv1.LookupUserRequest{UserId: customer.UserID})
	if err != nil || account.GetDisplayName() != "Ida" || account.GetVersion() != 2 {
		t.Errorf("LookupUser = %v, %v", account, err)
	}
	left, err := client.LookupMaster(t.Context(), &userv1.LookupMasterRequest{MasterId: master.UserID})
	if err != nil || !left.GetDeleted() || left.GetVersion() != 2 {
		t.Errorf("LookupMaster = %v, %v", left, err)
	}
}

func TestPublishedEventsArrive(t *testing.T) {
	p := servicetest.New(t, schema)
	appointment := p.NewID()
	var sent []events.Event
	for version, typ := range []string{"appointment.created", "appointment.confirmed", "appointment.completed"} {
		body := &appointmentv1.AppointmentEvent{AppointmentId: appointment}
		sent = append(sent, p.Publish(typ, appointment, int64(version+1), p.Clock.Now(), body))
	}
	p.Publish("rating.created", p.NewID(), 1, p.Clock.Now(), &appointmentv1.AppointmentEvent{})
	for i, got := range p.Listen("probes-appointments", "appointment.>").Wait(len(sent)) {
		var body appointmentv1.AppointmentEvent
		if err := got.Decode(&body); err != nil || body.GetAppointmentId() != appointment {
			t.Errorf("body %s: %v", got.Body, err)
		}
		if got.ID != sent[i].ID || got.Type != sent[i].Type || got.AggregateVersion != sent[i].AggregateVersion ||
			!got.Time.Equal(sent[i].Time) {
			t.Errorf("got %+v, want %+v", got, sent[i])
		}
	}
}
