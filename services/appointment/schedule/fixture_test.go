package schedule

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// fixture is ScheduleService on its platform: the first salon, in Berlin, with its staff, and another one in Tokyo with a manager and a
// master. It is seven in the morning of Monday, 1 March 2027, in Berlin.
type fixture struct {
	*servicetest.Platform
	t      *testing.T
	db     *postgres.DB
	people *people.People
	root   *Schedules
	client appointmentv1.ScheduleServiceClient

	admin, ann                        auth.Principal
	manager, receptionist, mira, noor auth.Principal // mira and noor are masters

	other                     string
	otherManager, otherMaster auth.Principal

	service, customer string // of the first salon, for appointments
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	p := servicetest.New(t, migrations.Migrations)
	p.Clock.Set(time.Date(2027, time.March, 1, 6, 0, 0, 0, time.UTC))
	d := p.Deps("appointments")
	known := people.New(d, salon.New(d))
	f := &fixture{Platform: p, t: t, db: d.DB, people: known, root: New(d, known), other: id.New(), service: id.New(), customer: id.New()}
	p.Serve("appointment", f.root.Register)
	f.client = appointmentv1.NewScheduleServiceClient(p.Conns.For("appointment"))
	f.setZone("Europe/Berlin")
	f.exec(`INSERT INTO salons (id, name, slug, description, address, phone, email, website_url, time_zone, currency,
		is_default, search_text, version, create_time, update_time)
		VALUES (?, 'Other', 'other', '', '', '', '', '', 'Asia/Tokyo', 'JPY', false, 'other', 1, now(), now())`, f.other)
	f.exec(`INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
		buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time)
		VALUES (?, ?, 'Cut', '', 'Hair', 4500, 'EUR', 60, 0, 0, true, 'cut', 1, now(), now())`, f.service, id.FirstSalon)
	f.exec(`INSERT INTO customers (salon_id, id, display_name, phone, email, notes, search_text, version, create_time, update_time)
		VALUES (?, ?, 'Ida', '', '', '', '', 1, now(), now())`, id.FirstSalon, f.customer)

	const manager, receptionist, master = apiv1.SalonRole_SALON_ROLE_MANAGER, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST, apiv1.SalonRole_SALON_ROLE_MASTER
	member := func(salonID string, role apiv1.SalonRole) auth.Principal {
		return f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(salonID, role))
	}
	f.admin, f.ann = f.SignIn(apiv1.Role_ROLE_ADMIN), f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.manager, f.receptionist = member(id.FirstSalon, manager), member(id.FirstSalon, receptionist)
	f.mira, f.noor = member(id.FirstSalon, master), member(id.FirstSalon, master)
	f.otherManager, f.otherMaster = member(f.other, manager), member(f.other, master)
	for _, m := range []auth.Principal{f.mira, f.noor, f.otherMaster} {
		f.know(m.UserID)
	}
	return f
}

// know reads a master from the owner.
func (f *fixture) know(masterID string) {
	f.t.Helper()
	if _, err := f.people.RefreshMaster(f.t.Context(), masterID); err != nil {
		f.t.Fatal(err)
	}
}

// setMaster replaces what the owner says of a master and reads it.
func (f *fixture) setMaster(m *userv1.LookupMasterResponse) {
	f.t.Helper()
	f.SetMaster(m)
	f.know(m.GetMasterId())
}

// setZone moves the first salon to a time zone.
func (f *fixture) setZone(zone string) {
	f.t.Helper()
	f.exec("UPDATE salons SET time_zone = ? WHERE id = ?", zone, id.FirstSalon)
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

// rules returns the version of the first salon's rules.
func (f *fixture) rules() (version int64) {
	f.t.Helper()
	err := f.db.Conn(f.t.Context()).Raw("SELECT rules_version FROM salons WHERE id = ?", id.FirstSalon).Scan(&version).Error
	if err != nil {
		f.t.Fatal(err)
	}
	return version
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

// part is a segment of an appointment of a test.
type part struct {
	master  auth.Principal
	minutes int
	phases  string // of the column; empty for none
}

// book adds an appointment of the first salon in a state.
func (f *fixture) book(state, start string, parts ...part) (appointmentID string) {
	f.t.Helper()
	appointmentID = id.New()
	begin := instant(f.t, start)
	end := begin
	for _, p := range parts {
		end = end.Add(time.Duration(p.minutes) * time.Minute)
	}
	var cancelled *string
	if state == "CANCELLED" {
		cancelled = new("CUSTOMER")
	}
	f.exec(`INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes, total_minor,
		currency, note, cancelled_by, cancel_reason, complete_time, changed_by, version, create_time, update_time)
		VALUES (?, ?, ?, ?, ?, ?, 'Europe/Berlin', 60, 0, 'EUR', '', ?, '', CASE WHEN ? = 'COMPLETED' THEN now() END, 'CUSTOMER', 7, now(), now())`,
		id.FirstSalon, appointmentID, f.customer, state, begin, end, cancelled, state)
	at := begin
	for i, p := range parts {
		until := at.Add(time.Duration(p.minutes) * time.Minute)
		f.exec(`INSERT INTO segments (salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
			appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency, phases)
			VALUES (?, ?, ?, ?, ?, 'Cut', ?, ?, ?, ?, 30, 30, 0, 'EUR', nullif(?, '')::jsonb)`,
			id.FirstSalon, id.New(), appointmentID, i, f.service, p.master.UserID, at, until, begin, p.phases)
		at = until
	}
	return appointmentID
}

// stamp is an instant as a message.
func stamp(t testing.TB, text string) *timestamppb.Timestamp {
	t.Helper()
	return timestamppb.New(instant(t, text))
}

// conflict is what an answer says of an appointment that f.book has made.
func conflict(t testing.TB, appointmentID, start, end string, masters ...auth.Principal) *appointmentv1.Conflict {
	t.Helper()
	c := &appointmentv1.Conflict{AppointmentId: appointmentID, Etag: "7", StartTime: stamp(t, start), EndTime: stamp(t, end)}
	for _, m := range masters {
		c.MasterIds = append(c.MasterIds, m.UserID)
	}
	return c
}

// setOpening sets the first salon's opening hours.
func (f *fixture) setOpening(p ...*appointmentv1.WeeklyHours) *appointmentv1.SetOpeningHoursResponse {
	f.t.Helper()
	got, err := f.client.SetOpeningHours(f.As(f.manager), &appointmentv1.SetOpeningHoursRequest{SalonId: id.FirstSalon, Periods: p})
	if err != nil {
		f.t.Fatalf("set opening hours: %v", err)
	}
	return got
}

// setWorking sets a master's working hours.
func (f *fixture) setWorking(master auth.Principal, p ...*appointmentv1.WeeklyHours) *appointmentv1.SetWorkingHoursResponse {
	f.t.Helper()
	got, err := f.client.SetWorkingHours(f.As(f.manager), &appointmentv1.SetWorkingHoursRequest{MasterId: master.UserID, Periods: p})
	if err != nil {
		f.t.Fatalf("set working hours: %v", err)
	}
	return got
}

// everyDay is hours that are the same on each day.
func everyDay(start, end string) *appointmentv1.WeeklyHours {
	return period("", "", weekly(start, end, 1, 2, 3, 4, 5, 6, 7))
}
