// Package demo fills an empty installation with two believable salons in different time zones: members, masters, a
// catalogue, chairs and rooms, hours, customers with and without accounts, past and future appointments, group
// sessions, and ratings.
//
// All data is made by the services' own methods, so it follows every rule. For past appointments the services run
// with a clock, which is set to the time of each booking and then to the end of the appointment.
package demo

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// Clock is a clock that is set by hand.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// Now returns the time that the clock was set to.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Conns has connections to the services, which must use Clock.
type Conns interface {
	// For returns the connection to the service of that name.
	For(service string) grpc.ClientConnInterface
}

// Seeder fills an installation. The administrator's account must exist.
type Seeder struct {
	Conns Conns
	Clock *Clock

	accounts     userv1.AuthServiceClient
	masters      userv1.MasterServiceClient
	members      userv1.MemberServiceClient
	salons       appointmentv1.SalonServiceClient
	customers    appointmentv1.CustomerServiceClient
	catalog      appointmentv1.CatalogServiceClient
	schedules    appointmentv1.ScheduleServiceClient
	resources    appointmentv1.ResourceServiceClient
	appointments appointmentv1.AppointmentServiceClient
	groups       appointmentv1.GroupServiceClient
	waitlist     appointmentv1.WaitlistServiceClient
	ratings      ratingv1.RatingServiceClient

	ids        map[string]string // of accounts, by address
	serviceIDs map[string]string // by name
	salonIDs   []string          // by index of salons
	guestIDs   []string          // by index of guests
	kindIDs    map[categoryOf][]string
}

// history is how long before today the demo begins.
const history = 60 * 24 * time.Hour

// Seed fills the installation relative to today. Call it once, on an empty installation.
func (s *Seeder) Seed(ctx context.Context, today time.Time) error {
	user, appointment := s.Conns.For("user"), s.Conns.For("appointment")
	s.accounts = userv1.NewAuthServiceClient(user)
	s.masters = userv1.NewMasterServiceClient(user)
	s.members = userv1.NewMemberServiceClient(user)
	s.salons = appointmentv1.NewSalonServiceClient(appointment)
	s.customers = appointmentv1.NewCustomerServiceClient(appointment)
	s.catalog = appointmentv1.NewCatalogServiceClient(appointment)
	s.resources = appointmentv1.NewResourceServiceClient(appointment)
	s.schedules = appointmentv1.NewScheduleServiceClient(appointment)
	s.waitlist = appointmentv1.NewWaitlistServiceClient(appointment)
	s.appointments = appointmentv1.NewAppointmentServiceClient(appointment)
	s.groups = appointmentv1.NewGroupServiceClient(appointment)
	s.ratings = ratingv1.NewRatingServiceClient(s.Conns.For("rating"))
	s.ids, s.serviceIDs = map[string]string{}, map[string]string{}

	// The first salon was made just now: it cannot be changed before that.
	s.Clock.Set(today)
	if err := s.describeFirstSalon(ctx); err != nil {
		return err
	}
	s.Clock.Set(today.UTC().Truncate(24 * time.Hour).Add(-history))
	for _, step := range []func(context.Context) error{
		s.seedAccounts, s.seedSalons, s.seedMembers, s.seedResources, s.seedCatalog, s.seedMasters, s.seedGuests,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if err := s.seedHours(ctx, today); err != nil {
		return err
	}
	if err := s.seedAppointments(ctx, today); err != nil {
		return err
	}
	if err := s.seedSessions(ctx, today); err != nil {
		return err
	}
	return s.seedWaitlist(ctx, today)
}

// as signs an account in and returns a context for its calls. The token is valid for ten minutes of the clock.
func (s *Seeder) as(ctx context.Context, email string) (context.Context, error) {
	pair, err := s.accounts.Login(ctx, &userv1.LoginRequest{Email: email, Password: Password})
	if err != nil {
		return nil, fmt.Errorf("sign %s in: %w", email, err)
	}
	s.ids[email] = pair.GetUser().GetId()
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+pair.GetAccessToken()), nil
}

// people are all who have an account, except for the administrator.
func people() []person {
	all := append([]person{}, customers...)
	for _, m := range members {
		all = append(all, m.person)
	}
	for _, m := range masters {
		all = append(all, m.person)
	}
	return all
}

func (s *Seeder) seedAccounts(ctx context.Context) error {
	for _, p := range people() {
		u, err := s.accounts.Register(ctx, &userv1.RegisterRequest{
			Email: p.email, Password: Password, DisplayName: p.name, Phone: p.phone,
		})
		if err != nil {
			return fmt.Errorf("register %s: %w", p.email, err)
		}
		s.ids[p.email] = u.GetId()
	}
	return nil
}

// describeFirstSalon describes the salon that is there already.
func (s *Seeder) describeFirstSalon(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	d := salons[0]
	if _, err := s.salons.UpdateSalon(admin, &appointmentv1.UpdateSalonRequest{
		SalonId: id.FirstSalon, Name: &d.name, Slug: &d.slug, Description: &d.description, Address: &d.address,
		Phone: &d.phone, Email: &d.email, TimeZone: &d.zone, CurrencyCode: &d.currency,
	}); err != nil {
		return fmt.Errorf("salon %s: %w", d.name, err)
	}
	s.salonIDs = []string{id.FirstSalon}
	return nil
}

// seedSalons adds the other salons.
func (s *Seeder) seedSalons(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for _, d := range salons[1:] {
		made, err := s.salons.CreateSalon(admin, &appointmentv1.CreateSalonRequest{
			Name: d.name, Slug: d.slug, Description: d.description, Address: d.address,
			Phone: d.phone, Email: d.email, TimeZone: d.zone, CurrencyCode: d.currency,
		})
		if err != nil {
			return fmt.Errorf("salon %s: %w", d.name, err)
		}
		s.salonIDs = append(s.salonIDs, made.GetId())
	}
	return nil
}

// seedMembers invites the members, who accept.
func (s *Seeder) seedMembers(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for _, m := range members {
		invitation, err := s.members.InviteMember(admin, &userv1.InviteMemberRequest{
			SalonId: s.salonIDs[m.salon], Email: m.email, Roles: []apiv1.SalonRole{m.role},
		})
		if err != nil {
			return fmt.Errorf("invite %s: %w", m.email, err)
		}
		member, err := s.as(ctx, m.email)
		if err != nil {
			return err
		}
		_, err = s.members.AcceptInvitation(member, &userv1.AcceptInvitationRequest{InvitationId: invitation.GetId()})
		if err != nil {
			return fmt.Errorf("accept the invitation of %s: %w", m.email, err)
		}
	}
	return nil
}

func (s *Seeder) seedCatalog(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for _, d := range services {
		svc, err := s.catalog.CreateService(admin, &appointmentv1.CreateServiceRequest{
			SalonId: new(s.salonIDs[d.salon]), Name: d.name, Description: d.description, Category: d.category,
			Price: price(d.salon, d.priceMinor), DurationMinutes: &d.minutes,
			BufferBeforeMinutes: d.before, BufferAfterMinutes: d.after, Phases: s.phasesOf(d), Capacity: new(max(d.capacity, 1)),
		})
		if err != nil {
			return fmt.Errorf("service %s: %w", d.name, err)
		}
		s.serviceIDs[d.name] = svc.GetId()
	}
	return nil
}

func (s *Seeder) seedMasters(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for _, m := range masters {
		if _, err := s.masters.CreateMaster(admin, &userv1.CreateMasterRequest{
			SalonId: new(s.salonIDs[m.salon]), UserId: s.ids[m.email],
			DisplayName: m.name, Bio: m.bio, Specialties: m.specialties, ExperienceYears: m.years,
		}); err != nil {
			return fmt.Errorf("master %s: %w", m.name, err)
		}
		for _, o := range m.offerings {
			req := &appointmentv1.PutOfferingRequest{MasterId: s.ids[m.email], ServiceId: s.serviceIDs[o.service]}
			if o.priceMinor > 0 {
				req.PriceOverride = price(m.salon, o.priceMinor)
			}
			if o.minutes > 0 {
				req.DurationOverrideMinutes = &o.minutes
			}
			if _, err := s.catalog.PutOffering(admin, req); err != nil {
				return fmt.Errorf("%s's %s: %w", m.name, o.service, err)
			}
		}
	}
	return nil
}

// seedGuests has the receptionist write down customers without an account.
func (s *Seeder) seedGuests(ctx context.Context) error {
	receptionist, err := s.as(ctx, ReceptionistEmail)
	if err != nil {
		return err
	}
	for _, g := range guests {
		c, err := s.customers.CreateCustomer(receptionist, &appointmentv1.CreateCustomerRequest{
			DisplayName: g.name, Phone: g.phone, Email: g.email, Notes: g.notes,
		})
		if err != nil {
			return fmt.Errorf("customer %s: %w", g.name, err)
		}
		s.guestIDs = append(s.guestIDs, c.GetId())
	}
	return nil
}

// Settled reports whether all events of the demo have had their effect. The masters' ratings are updated by events.
func (s *Seeder) Settled(ctx context.Context) (bool, error) {
	want := map[string]int32{}
	for _, a := range appointments {
		if a.stars > 0 {
			want[masters[a.segments[0].master].email]++
		}
	}
	for _, m := range masters {
		got, err := s.masters.GetMaster(ctx, &userv1.GetMasterRequest{MasterId: s.ids[m.email]})
		if err != nil {
			return false, err
		}
		if got.GetRatingCount() != want[m.email] {
			return false, nil
		}
	}
	return true, nil
}

// price is an amount of a salon's currency, in its minor units.
func price(salon int, minor int32) *apiv1.Money {
	return protoconv.Money(salons[salon].currency, minor)
}
