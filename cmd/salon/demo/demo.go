// Package demo fills an empty installation with a believable salon: masters, a catalogue, customers, past and
// future appointments, and ratings.
//
// All data is made by the services' own methods, so it follows every rule. For past appointments the services run
// with a clock, which is set to the time of each booking and then to the end of the appointment.
package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
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
	users        userv1.UserServiceClient
	masters      userv1.MasterServiceClient
	catalog      appointmentv1.CatalogServiceClient
	appointments appointmentv1.AppointmentServiceClient
	ratings      ratingv1.RatingServiceClient
	ids          map[string]string // of accounts, by address
	serviceIDs   map[string]string // by name
}

// currency is the currency of the demo salon.
const currency = "EUR"

// history is how long before today the demo begins.
const history = 45 * 24 * time.Hour

// Seed fills the installation relative to today. Call it once, on an empty installation.
func (s *Seeder) Seed(ctx context.Context, today time.Time) error {
	s.accounts = userv1.NewAuthServiceClient(s.Conns.For("user"))
	s.users = userv1.NewUserServiceClient(s.Conns.For("user"))
	s.masters = userv1.NewMasterServiceClient(s.Conns.For("user"))
	s.catalog = appointmentv1.NewCatalogServiceClient(s.Conns.For("appointment"))
	s.appointments = appointmentv1.NewAppointmentServiceClient(s.Conns.For("appointment"))
	s.ratings = ratingv1.NewRatingServiceClient(s.Conns.For("rating"))
	s.ids, s.serviceIDs = map[string]string{}, map[string]string{}

	day := today.UTC().Truncate(24 * time.Hour)
	s.Clock.Set(day.Add(-history))
	for _, step := range []func(context.Context) error{s.seedAccounts, s.seedCatalog, s.seedMasters} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.seedAppointments(ctx, day, today)
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

func (s *Seeder) seedAccounts(ctx context.Context) error {
	people := slices.Clone(customers)
	for _, m := range masters {
		people = append(people, m.person)
	}
	for _, p := range people {
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

func (s *Seeder) seedCatalog(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	for _, d := range services {
		svc, err := s.catalog.CreateService(admin, &appointmentv1.CreateServiceRequest{
			Name: d.name, Description: d.description, Category: d.category, Price: euros(d.priceMinor),
			DurationMinutes: d.minutes, BufferBeforeMinutes: d.before, BufferAfterMinutes: d.after,
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
			UserId: s.ids[m.email], DisplayName: m.name, Bio: m.bio, Specialties: m.specialties, ExperienceYears: m.years,
		}); err != nil {
			return fmt.Errorf("master %s: %w", m.name, err)
		}
		for _, o := range m.offers {
			req := &appointmentv1.PutOfferingRequest{MasterId: s.ids[m.email], ServiceId: s.serviceIDs[o.service]}
			if o.priceMinor > 0 {
				req.PriceOverride = euros(o.priceMinor)
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

// seedAppointments makes the appointments in their order, each booked two days before it begins.
func (s *Seeder) seedAppointments(ctx context.Context, day, today time.Time) error {
	for _, v := range appointments {
		start := day.AddDate(0, 0, v.day).Add(time.Duration(v.hour)*time.Hour + time.Duration(v.minute)*time.Minute)
		if booked := start.Add(-48 * time.Hour); booked.Before(today) {
			s.Clock.Set(booked)
		} else {
			s.Clock.Set(today)
		}
		if err := s.seedAppointment(ctx, v, start); err != nil {
			return fmt.Errorf("appointment of %s on day %d: %w", customers[v.customer].name, v.day, err)
		}
	}
	s.Clock.Set(today)
	return nil
}

func (s *Seeder) seedAppointment(ctx context.Context, v appointment, start time.Time) error {
	customer, err := s.as(ctx, customers[v.customer].email)
	if err != nil {
		return err
	}
	a, err := s.appointments.CreateAppointment(customer, &appointmentv1.CreateAppointmentRequest{
		Segments: []*appointmentv1.SegmentInput{{
			MasterId: s.ids[masters[v.master].email], ServiceId: s.serviceIDs[v.service], StartTime: timestamppb.New(start),
		}},
	})
	if err != nil {
		return err
	}
	if v.outcome == pending {
		return nil
	}
	master, err := s.as(ctx, masters[v.master].email)
	if err != nil {
		return err
	}
	if _, err := s.appointments.ConfirmAppointment(master, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: a.GetId()}); err != nil {
		return err
	}
	switch v.outcome {
	case cancelled:
		_, err = s.appointments.CancelAppointment(customer, &appointmentv1.CancelAppointmentRequest{
			AppointmentId: a.GetId(), Reason: "I have to travel for work.",
		})
		return err
	case completed, noShow:
		s.Clock.Set(a.GetEndTime().AsTime())
		return s.finishAppointment(ctx, v, a)
	default:
		return nil
	}
}

// finishAppointment records how an appointment ended and the rating of its customer.
func (s *Seeder) finishAppointment(ctx context.Context, v appointment, a *appointmentv1.Appointment) error {
	master, err := s.as(ctx, masters[v.master].email)
	if err != nil {
		return err
	}
	if v.outcome == noShow {
		_, err = s.appointments.MarkNoShow(master, &appointmentv1.MarkNoShowRequest{AppointmentId: a.GetId()})
		return err
	}
	if _, err := s.appointments.CompleteAppointment(master, &appointmentv1.CompleteAppointmentRequest{AppointmentId: a.GetId()}); err != nil {
		return err
	}
	if v.stars == 0 {
		return nil
	}
	customer, err := s.as(ctx, customers[v.customer].email)
	if err != nil {
		return err
	}
	r, err := s.ratings.CreateRating(customer, &ratingv1.CreateRatingRequest{
		AppointmentId: a.GetId(), Stars: v.stars, Comment: v.comment,
	})
	if err != nil || v.reply == "" {
		return err
	}
	_, err = s.ratings.ReplyToRating(master, &ratingv1.ReplyToRatingRequest{RatingId: r.GetId(), Reply: v.reply})
	return err
}

// Settled reports whether all events of the demo data have been handled: the ratings of masters are updated by
// events.
func (s *Seeder) Settled(ctx context.Context) (bool, error) {
	want := map[string]int32{}
	for _, v := range appointments {
		if v.stars > 0 {
			want[masters[v.master].email]++
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

// euros returns an amount of the demo's currency, in cents.
func euros(minor int32) *apiv1.Money { return &apiv1.Money{CurrencyCode: currency, AmountMinor: minor} }
