package salon

import (
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// fixture is SalonService on its platform, with the salon that every installation begins with.
type fixture struct {
	*servicetest.Platform
	t      *testing.T
	db     *postgres.DB
	salons *Salons
	client appointmentv1.SalonServiceClient
	admin  auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t, db: d.DB, salons: New(d)}
	p.Serve("appointment", f.salons.Register)
	p.Go(events.NewRelay(d.DB, d.Bus, d.Log, nil).Run)
	f.client = appointmentv1.NewSalonServiceClient(p.Conns.For("appointment"))
	f.admin = p.SignIn(apiv1.Role_ROLE_ADMIN)
	return f
}

// create adds a salon in Berlin.
func (f *fixture) create(slug string) *appointmentv1.Salon {
	f.t.Helper()
	s, err := f.client.CreateSalon(f.As(f.admin), &appointmentv1.CreateSalonRequest{
		Name: "Salon " + slug, Slug: slug, TimeZone: "Europe/Berlin", CurrencyCode: "EUR",
	})
	if err != nil {
		f.t.Fatalf("create a salon: %v", err)
	}
	return s
}

func (f *fixture) get(id string) *appointmentv1.Salon {
	f.t.Helper()
	s, err := f.client.GetSalon(f.t.Context(), &appointmentv1.GetSalonRequest{SalonId: id})
	if err != nil {
		f.t.Fatalf("get a salon: %v", err)
	}
	return s
}

// manager signs somebody in who manages the salon.
func (f *fixture) manager(salonID string) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, apiv1.SalonRole_SALON_ROLE_MANAGER))
}

// exec runs SQL that the store has no method for.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Exec(sql, args...).Error; err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// addService adds a service to a salon.
func (f *fixture) addService(salonID string) {
	f.t.Helper()
	f.exec(`INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
		buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
		VALUES (gen_random_uuid(), ?, 'Cut', '', 'Hair', 4500, 'EUR', 60, 0, 0, true, 'cut', 1, now(), now())`, salonID)
}
