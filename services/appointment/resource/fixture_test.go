package resource

import (
	"context"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// fixture is ResourceService on its platform: the first salon with a master and staff, and another salon with a manager. The clock
// shows a whole minute.
type fixture struct {
	*servicetest.Platform
	t      *testing.T
	db     *postgres.DB
	client appointmentv1.ResourceServiceClient
	other  string
	// mira is the master of the first salon.
	mira                                        string
	manager, receptionist, otherManager, nobody auth.Principal
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	p.Clock.Set(p.Clock.Now().Truncate(time.Minute))
	d := p.Deps("appointments")
	f := &fixture{Platform: p, t: t, db: d.DB, other: id.New(), mira: id.New()}
	p.Serve("appointment", New(d, salon.New(d)).Register)
	f.client = appointmentv1.NewResourceServiceClient(p.Conns.For("appointment"))
	f.exec(`INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency,
		is_default, search_text, version, create_time, update_time)
		VALUES (?, 'Other', 'other', '', '', '', '', '', 'UTC', 'EUR', false, 'other', 1, now(), now())`, f.other)
	f.exec("INSERT INTO masters (id, salon_id, display_name, deleted, version) VALUES (?, ?, 'Mira', false, 1)", f.mira, id.FirstSalon)
	f.manager = f.staff(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MANAGER)
	f.receptionist = f.staff(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST)
	f.otherManager = f.staff(f.other, apiv1.SalonRole_SALON_ROLE_MANAGER)
	f.nobody = f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	return f
}

// staff signs somebody in who has a role in a salon.
func (f *fixture) staff(salonID string, role apiv1.SalonRole) auth.Principal {
	f.t.Helper()
	return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, role))
}

// newKind adds a kind to the first salon.
func (f *fixture) newKind(name string) *appointmentv1.ResourceKind {
	f.t.Helper()
	k, err := f.client.CreateResourceKind(f.As(f.manager), &appointmentv1.CreateResourceKindRequest{SalonId: id.FirstSalon, Name: name})
	if err != nil {
		f.t.Fatalf("create a kind: %v", err)
	}
	return k
}

// newResource adds a resource to the first salon.
func (f *fixture) newResource(kind *appointmentv1.ResourceKind, name string) *appointmentv1.Resource {
	f.t.Helper()
	r, err := f.client.CreateResource(f.As(f.manager), &appointmentv1.CreateResourceRequest{
		SalonId: id.FirstSalon, ResourceKindId: kind.GetId(), Name: name,
	})
	if err != nil {
		f.t.Fatalf("create a resource: %v", err)
	}
	return r
}

// names lists the names of the resources of the first salon.
func (f *fixture) names() (names []string) {
	f.t.Helper()
	page, err := f.client.ListResources(f.As(f.receptionist), &appointmentv1.ListResourcesRequest{SalonId: id.FirstSalon, PageSize: 100})
	if err != nil {
		f.t.Fatalf("list resources: %v", err)
	}
	for _, r := range page.GetResources() {
		names = append(names, r.GetName())
	}
	return names
}

// rulesVersion reads the version of the first salon's rules.
func (f *fixture) rulesVersion() (version int64) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT rules_version FROM salons WHERE id = ?", id.FirstSalon).Scan(&version).Error; err != nil {
		f.t.Fatal(err)
	}
	return version
}

// appointment is an appointment of an hour in the tables, with a segment of Mira's that has a resource, unless its id is empty.
type appointment struct {
	id, state, resourceID string
	start                 time.Time
	before, after         time.Duration // buffers
	overbooked            bool
}

// add writes an appointment and returns its id.
func (f *fixture) add(a appointment) string {
	f.t.Helper()
	if a.id == "" {
		a.id = id.New()
	}
	if a.state == "" {
		a.state = "CONFIRMED"
	}
	customer, service, segment, end := id.New(), id.New(), id.New(), a.start.Add(time.Hour)
	f.exec(`INSERT INTO customers (salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
		VALUES (?, ?, 'Ida', '', '', '', 'ida', 1, now(), now())`, id.FirstSalon, customer)
	f.exec(`INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
		buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
		VALUES (?, ?, ?, '', 'Hair', 4500, 'EUR', 60, 0, 0, true, 'cut', 1, now(), now())`, service, id.FirstSalon, service)
	f.exec(`INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes, total_minor,
		currency, note, cancel_reason, changed_by, version, create_time, update_time, complete_time)
		VALUES (?, ?, ?, ?, ?, ?, 'UTC', 0, 4500, 'EUR', '', '', 'CUSTOMER', 3, now(), now(),
			CASE WHEN ? = 'COMPLETED' THEN now() END)`,
		id.FirstSalon, a.id, customer, a.state, a.start, end, a.state)
	f.exec(`INSERT INTO segments (salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
		appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency)
		VALUES (?, ?, ?, 0, ?, 'Cut', ?, ?, ?, ?, 0, 0, 4500, 'EUR')`,
		id.FirstSalon, segment, a.id, service, f.mira, a.start, end, a.start)
	if a.resourceID != "" {
		f.exec(`INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
			VALUES (?, ?, ?, 'RESOURCE', tstzrange(?, ?), ?, ?, ?)`,
			id.FirstSalon, id.New(), a.resourceID, a.start.Add(-a.before), end.Add(a.after), !a.overbooked, a.id, segment)
	}
	return a.id
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
