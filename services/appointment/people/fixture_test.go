package people

import (
	"context"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

const (
	master       = apiv1.SalonRole_SALON_ROLE_MASTER
	receptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
	manager      = apiv1.SalonRole_SALON_ROLE_MANAGER
)

// fixture is CustomerService on its platform, with the first salon and another one.
type fixture struct {
	*servicetest.Platform
	t      *testing.T
	db     *postgres.DB
	people *People
	client appointmentv1.CustomerServiceClient
	other  string
	admin  auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t, db: d.DB, people: New(d, salon.New(d)), other: id.New()}
	p.Serve("appointment", f.people.Register)
	f.client = appointmentv1.NewCustomerServiceClient(p.Conns.For("appointment"))
	f.addSalon(f.other)
	return f
}

// signedIn also signs an administrator in, so that the platform answers for the user service.
func (f *fixture) signedIn() *fixture {
	f.admin = f.SignIn(apiv1.Role_ROLE_ADMIN)
	return f
}

// staff signs somebody in who has roles in a salon.
func (f *fixture) staff(salonID string, roles ...apiv1.SalonRole) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, roles...))
}

// exec runs SQL that the store has no method for.
func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Exec(sql, args...).Error; err != nil {
		f.t.Fatalf("%s: %v", sql, err)
	}
}

// count counts rows.
func (f *fixture) count(from string, args ...any) (n int) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT count(*) FROM "+from, args...).Scan(&n).Error; err != nil {
		f.t.Fatalf("count %s: %v", from, err)
	}
	return n
}

func (f *fixture) addSalon(salonID string) {
	f.t.Helper()
	f.exec(`INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency,
		is_default, search_text, version, create_time, update_time)
		VALUES (?, 'Other', ?, '', '', '', '', '', 'UTC', 'EUR', false, 'other', 1, now(), now())`, salonID, salonID)
}

// addCustomer saves a customer as it is, with an id unless it has one.
func (f *fixture) addCustomer(c Customer) Customer {
	f.t.Helper()
	if c.ID == "" {
		c.ID = id.New()
	}
	if c.SalonID == "" {
		c.SalonID = id.FirstSalon
	}
	c.Version, c.UpdateTime = 1, f.Clock.Now()
	if c.CreateTime.IsZero() {
		c.CreateTime = f.Clock.Now()
	}
	if err := f.people.store.Create(f.t.Context(), c); err != nil {
		f.t.Fatal(err)
	}
	return c
}

// refreshed reads an account from its owner.
func (f *fixture) refreshed(accountID string) Account {
	f.t.Helper()
	a, err := f.people.RefreshAccount(f.t.Context(), accountID)
	if err != nil {
		f.t.Fatal(err)
	}
	return a
}

// customer reads a customer as the administrator sees them.
func (f *fixture) customer(customerID string) Customer {
	f.t.Helper()
	c, err := f.people.Customer(f.t.Context(), customerID, auth.Principal{Role: apiv1.Role_ROLE_ADMIN})
	if err != nil {
		f.t.Fatal(err)
	}
	return c
}

// waiting counts the connections that wait for a lock.
func (f *fixture) waiting(ctx context.Context) (n int) {
	f.t.Helper()
	err := f.db.Conn(ctx).Raw(`SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n).Error
	if err != nil {
		f.t.Fatal(err)
	}
	return n
}
