package salontest

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// Password is that of the accounts that NewCustomer makes.
const Password = "a long enough password"

// tokenTime is after how long a token is replaced by a fresh one: well before it expires.
const tokenTime = 5 * time.Minute

// Account is somebody who can sign in. It is an Identity.
type Account struct {
	ID, Email, Password, Name string

	system *System
	mu     sync.Mutex
	pair   *userv1.TokenPair
	since  time.Time
}

func (a *Account) token(t testing.TB) string {
	t.Helper()
	return a.Pair(t).GetAccessToken()
}

// Pair is the account's tokens; it signs in when it has none that will live for a while.
func (a *Account) Pair(t testing.TB) *userv1.TokenPair {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pair == nil || time.Since(a.since) > tokenTime {
		a.pair, a.since = a.SignIn(t), time.Now()
	}
	return a.pair
}

// SignIn opens another session.
func (a *Account) SignIn(t testing.TB) *userv1.TokenPair {
	t.Helper()
	return Do[*userv1.TokenPair](t, a.system.REST(), nil, userv1.AuthService_Login_FullMethodName,
		&userv1.LoginRequest{Email: a.Email, Password: a.Password})
}

// SignInAgain replaces the tokens, as after a session has been ended.
func (a *Account) SignInAgain(t testing.TB) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.pair, a.since = a.SignIn(t), time.Now()
}

// Unique returns a short text that no other call returns, to make names of.
func Unique() string { return strings.ReplaceAll(uuid.NewString(), "-", "")[:12] }

// Admin is the administrator that the system begins with.
func (s *System) Admin() *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.admin == nil {
		s.admin = &Account{Email: AdminEmail, Password: AdminPassword, Name: "Administrator", system: s}
	}
	return s.admin
}

// NewCustomer registers an account.
func (s *System) NewCustomer(t testing.TB, name string) *Account {
	t.Helper()
	a := &Account{Email: "guest-" + Unique() + "@example.com", Password: Password, Name: name, system: s}
	a.ID = Do[*userv1.User](t, s.REST(), nil, userv1.AuthService_Register_FullMethodName,
		&userv1.RegisterRequest{Email: a.Email, Password: a.Password, DisplayName: a.Name}).GetId()
	return a
}

// NewMaster registers an account and gives it a master's profile.
func (s *System) NewMaster(t testing.TB, name string) *Account {
	t.Helper()
	a := s.NewCustomer(t, name)
	Do[*userv1.Master](t, s.REST(), s.Admin(), userv1.MasterService_CreateMaster_FullMethodName,
		&userv1.CreateMasterRequest{UserId: a.ID, DisplayName: name, Specialties: []string{"cuts"}})
	return a
}

// NewService adds a service of an hour without buffers to the catalogue.
func (s *System) NewService(t testing.TB) *appointmentv1.Service {
	t.Helper()
	return Do[*appointmentv1.Service](t, s.REST(), s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
		&appointmentv1.CreateServiceRequest{
			Name: "Cut " + Unique(), Category: "Hair", Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: 4500}, DurationMinutes: 60,
		})
}

// Offer makes a master perform a service.
func (s *System) Offer(t testing.TB, master *Account, service *appointmentv1.Service) *appointmentv1.Offering {
	t.Helper()
	return Do[*appointmentv1.Offering](t, s.REST(), s.Admin(), appointmentv1.CatalogService_PutOffering_FullMethodName,
		&appointmentv1.PutOfferingRequest{MasterId: master.ID, ServiceId: service.GetId()})
}

// Cast is the people of most tests, and something to book.
type Cast struct {
	Admin                *Account
	CustomerA, CustomerB *Account
	Master1, Master2     *Account
	Service              *appointmentv1.Service // both masters offer it

	system *System
}

// NewCast makes people whom no other test knows.
func (s *System) NewCast(t testing.TB) *Cast {
	t.Helper()
	c := &Cast{
		Admin:     s.Admin(),
		CustomerA: s.NewCustomer(t, "Customer A"), CustomerB: s.NewCustomer(t, "Customer B"),
		Master1: s.NewMaster(t, "Master One"), Master2: s.NewMaster(t, "Master Two"),
		Service: s.NewService(t),
		system:  s,
	}
	s.Offer(t, c.Master1, c.Service)
	s.Offer(t, c.Master2, c.Service)
	return c
}

// NextStart is a time in the future, at a full hour, at which nobody of the system's tests has booked: two hours apart
// from all others.
func (s *System) NextStart() time.Time {
	const first = 48 * time.Hour
	return time.Now().UTC().Truncate(time.Hour).Add(first + 2*time.Hour*time.Duration(s.slots.Add(1)%4000))
}

// Booking is a request for a visit of an hour.
func Booking(master *Account, service *appointmentv1.Service, start time.Time) *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{Segments: []*appointmentv1.SegmentInput{{
		ServiceId: service.GetId(), MasterId: master.ID, StartTime: timestamppb.New(start),
	}}}
}

// Book books a visit of a customer at the next free time.
func (c *Cast) Book(t testing.TB, customer, master *Account) *appointmentv1.Appointment {
	t.Helper()
	return Do[*appointmentv1.Appointment](t, c.system.REST(), customer,
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName, Booking(master, c.Service, c.system.NextStart()))
}

// Confirm accepts a visit, as its master.
func (c *Cast) Confirm(t testing.TB, master *Account, a *appointmentv1.Appointment) *appointmentv1.Appointment {
	t.Helper()
	return Do[*appointmentv1.Appointment](t, c.system.REST(), master,
		appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
		&appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()})
}

// Complete accepts a visit and records that it took place.
func (c *Cast) Complete(t testing.TB, master *Account, a *appointmentv1.Appointment) *appointmentv1.Appointment {
	t.Helper()
	c.Confirm(t, master, a)
	return Do[*appointmentv1.Appointment](t, c.system.REST(), master,
		appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
		&appointmentv1.CompleteAppointmentRequest{AppointmentId: a.GetId()})
}

// Want fails the test when a result has another code or reason. An empty reason is not compared.
func (r *Result) Want(t testing.TB, code codes.Code, reason string) {
	t.Helper()
	if r.Code != code || (reason != "" && r.Reason != reason) {
		t.Fatalf("got %v, want %s %s", r, code, reason)
	}
}

// Same fails the test when two messages differ.
func Same(t testing.TB, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}
