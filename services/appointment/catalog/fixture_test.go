package catalog

import (
	"context"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// fixture is CatalogService on its platform: the first salon with a manager, a master and one service that
// the master offers, and another salon with a manager and a master.
type fixture struct {
	*servicetest.Platform
	t      *testing.T
	db     *postgres.DB
	salons *salon.Salons
	people *people.People
	root   *Catalog
	client appointmentv1.CatalogServiceClient

	admin, manager, mira, ann auth.Principal
	cut                       *appointmentv1.Service

	other                     string
	otherManager, otherMaster auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	d := p.Deps("appointments")
	salons := salon.New(d)
	known := people.New(d, salons)
	f := &fixture{Platform: p, t: t, db: d.DB, salons: salons, people: known, root: New(d, salons, known), other: id.New()}
	p.Serve("appointment", f.root.Register)
	p.Go(events.NewRelay(d.DB, d.Bus, d.Log, nil).Run)
	f.client = appointmentv1.NewCatalogServiceClient(p.Conns.For("appointment"))
	f.exec(`INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency,
		is_default, search_text, version, create_time, update_time)
		VALUES (?, 'Other', 'other', '', '', '', '', '', 'Asia/Tokyo', 'JPY', false, 'other', 1, now(), now())`, f.other)

	const manager, master = apiv1.SalonRole_SALON_ROLE_MANAGER, apiv1.SalonRole_SALON_ROLE_MASTER
	member := func(salonID string, role apiv1.SalonRole) auth.Principal {
		return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, role))
	}
	f.admin, f.ann = f.SignIn(apiv1.Role_ROLE_ADMIN), f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.manager, f.mira = member(id.FirstSalon, manager), member(id.FirstSalon, master)
	f.otherManager, f.otherMaster = member(f.other, manager), member(f.other, master)
	f.cut = f.newService("Cut", 4500)
	f.offer(f.mira, f.cut)
	return f
}

func euros(minor int32) *apiv1.Money { return &apiv1.Money{CurrencyCode: "EUR", AmountMinor: &minor} }

func yen(minor int32) *apiv1.Money { return &apiv1.Money{CurrencyCode: "JPY", AmountMinor: &minor} }

// work and wait are phases.
func work(minutes int32, kinds ...string) *appointmentv1.Phase {
	return &appointmentv1.Phase{Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: minutes, ResourceKindIds: kinds}
}

func wait(minutes int32, kinds ...string) *appointmentv1.Phase {
	return &appointmentv1.Phase{Kind: appointmentv1.PhaseKind_PHASE_KIND_WAIT, DurationMinutes: minutes, ResourceKindIds: kinds}
}

// addKind adds a kind of resources to a salon.
func (f *fixture) addKind(salonID string) string {
	f.t.Helper()
	kind := id.New()
	f.exec("INSERT INTO resource_kinds (salon_id, id, name, create_time) VALUES (?, ?, ?, now())", salonID, kind, kind)
	return kind
}

// rulesVersion reads the version of a salon's rules.
func (f *fixture) rulesVersion(salonID string) (version int64) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT rules_version FROM salons WHERE id = ?", salonID).Scan(&version).Error; err != nil {
		f.t.Fatal(err)
	}
	return version
}

// newService adds a service of an hour to the first salon.
func (f *fixture) newService(name string, price int32) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.client.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
		Name: name, Category: "Hair", Price: euros(price), DurationMinutes: new(int32(60)),
	})
	if err != nil {
		f.t.Fatalf("create a service: %v", err)
	}
	return s
}

// newOtherService adds a service of an hour to the other salon.
func (f *fixture) newOtherService(name string) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.client.CreateService(f.As(f.otherManager), &appointmentv1.CreateServiceRequest{
		Name: name, Category: "Hair", Price: yen(5000), DurationMinutes: new(int32(60)),
	})
	if err != nil {
		f.t.Fatalf("create a service: %v", err)
	}
	return s
}

// offer makes a master offer a service as it is.
func (f *fixture) offer(master auth.Principal, s *appointmentv1.Service) *appointmentv1.Offering {
	f.t.Helper()
	o, err := f.client.PutOffering(f.As(f.admin), &appointmentv1.PutOfferingRequest{MasterId: master.UserID, ServiceId: s.GetId()})
	if err != nil {
		f.t.Fatalf("put an offering: %v", err)
	}
	return o
}

// setMaster replaces what the owner says of a master and reads it.
func (f *fixture) setMaster(m *userv1.LookupMasterResponse) {
	f.t.Helper()
	f.SetMaster(m)
	if _, err := f.people.RefreshMaster(f.t.Context(), m.GetMasterId()); err != nil {
		f.t.Fatal(err)
	}
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
