package appointment

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

func TestMigrationsGoUpAndDown(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.CheckSchema(t.Context(), server.DB("appointments"), Migrations); err != nil {
		t.Error(err)
	}
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), server.DB("appointments"), Migrations); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("after the rollback: %v", err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Error(err)
	}
}

// oldSchema is the schema from before salons.
func oldSchema(t *testing.T) postgres.Migrations {
	t.Helper()
	names, err := fs.Glob(Migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{}
	for _, name := range names {
		if name < fmt.Sprintf("%04d", migrations.FirstSalonVersion) {
			files[name] = &fstest.MapFile{Data: []byte(migration(t, name))}
		}
	}
	return postgres.Migrations{Service: Migrations.Service, FS: files}
}

// migration returns the text of a migration.
func migration(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(Migrations.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// oldDatabase is a database of the old schema.
type oldDatabase struct {
	t      *testing.T
	server pgtest.Server
	conn   *pgx.Conn
}

func newOldDatabase(t *testing.T) *oldDatabase {
	t.Helper()
	server := pgtest.NewServer(t, oldSchema(t))
	config, err := pgx.ParseConfig(server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = Migrations.Service + ",extensions"
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return &oldDatabase{t, server, conn}
}

func (d *oldDatabase) exec(sql string, args ...any) {
	d.t.Helper()
	if _, err := d.conn.Exec(d.t.Context(), sql, args...); err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
}

// texts returns the first column of a query.
func (d *oldDatabase) texts(sql string, args ...any) []string {
	d.t.Helper()
	rows, err := d.conn.Query(d.t.Context(), sql, args...)
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		d.t.Fatalf("%s: %v", sql, err)
	}
	return found
}

func (d *oldDatabase) want(what, sql string, args []any, want ...string) {
	d.t.Helper()
	if got := d.texts(sql, args...); !slices.Equal(got, want) {
		d.t.Errorf("%s:\ngot  %q\nwant %q", what, got, want)
	}
}

// Ids of the rows from before salons.
const (
	oldMira = "00000000-0000-7000-8000-0000000000a1"
	oldNora = "00000000-0000-7000-8000-0000000000a2"
	oldAnn  = "00000000-0000-7000-8000-0000000000c1"
	oldBob  = "00000000-0000-7000-8000-0000000000c2"
	oldCut  = "00000000-0000-7000-8000-0000000000e1"
)

// appointment writes an appointment of one segment with buffers of 5 and 10 minutes.
func (d *oldDatabase) appointment(n int, customerID, masterID, state string, start time.Time) (id string) {
	d.t.Helper()
	id = fmt.Sprintf("00000000-0000-7000-8000-0000000001%02d", n)
	segment := fmt.Sprintf("00000000-0000-7000-8000-0000000002%02d", n)
	end := start.Add(time.Hour)
	var completed *time.Time
	var cancelledBy *string
	switch state {
	case "COMPLETED":
		completed = &end
	case "CANCELLED":
		master := "MASTER"
		cancelledBy = &master
	}
	d.exec(`INSERT INTO appointments (id, customer_id, state, start_time, end_time, total_minor, currency, note, cancelled_by,
			cancel_reason, complete_time, changed_by, version, create_time, update_time)
		VALUES ($1, $2, $3, $4, $5, 4500, 'EUR', 'note', $6, '', $7, 'CUSTOMER', 3, $4, $4)`,
		id, customerID, state, start, end, cancelledBy, completed)
	d.exec(`INSERT INTO segments (id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
			visit_start_time, during, price_minor, currency, holds)
		VALUES ($1, $2, 0, $3, 'Cut', $4, $5, $6, $5, tstzrange($7, $8), 4500, 'EUR', $9)`,
		segment, id, oldCut, masterID, start, end, start.Add(-5*time.Minute), end.Add(10*time.Minute),
		state != "CANCELLED" && state != "NO_SHOW")
	return id
}

// TestSalonsMigrationKeepsEverything brings rows from before salons up, and back down.
func TestSalonsMigrationKeepsEverything(t *testing.T) {
	t.Setenv(migrations.TimeZoneVariable, "Europe/Berlin")
	d := newOldDatabase(t)
	names := []string{"Cut", "Färben & Spülen", "Weißblond", "Épilation", "ΒΑΦΗ ΜΑΛΛΙΑΣ", "İstanbul", "파마", "Nhuộm tóc"}
	for i, name := range names {
		currency := "EUR"
		if i == 1 {
			currency = "USD"
		}
		serviceID := id.New()
		if name == "Cut" {
			serviceID = oldCut
		}
		d.exec(`INSERT INTO services VALUES ($1, $2, $2, 'Hair', 4500, $3, 60, 5, 10, true, 1, now(), now(), NULL)`, serviceID, name, currency)
	}
	d.exec("INSERT INTO masters (id, deleted, version) VALUES ($1, false, 3), ($2, true, 4)", oldMira, oldNora)
	d.exec("INSERT INTO customers (id, disabled, version) VALUES ($1, false, 2), ($2, true, 5), ($3, false, 1), ($4, false, 1)",
		oldAnn, oldBob, oldMira, id.New())
	d.exec("INSERT INTO offerings VALUES ($1, $2, NULL, 90, 7, now(), now(), NULL)", oldMira, oldCut)
	winter, summer := time.Date(2027, 1, 12, 10, 0, 0, 0, time.UTC), time.Date(2027, 7, 12, 10, 0, 0, 0, time.UTC)
	confirmed := d.appointment(1, oldAnn, oldMira, "CONFIRMED", winter)
	overlapping := d.appointment(2, oldAnn, oldNora, "PENDING", winter.Add(30*time.Minute))
	cancelled := d.appointment(3, oldAnn, oldMira, "CANCELLED", winter.Add(4*time.Hour))
	completed := d.appointment(4, oldBob, oldMira, "COMPLETED", winter.Add(4*time.Hour))
	missed := d.appointment(5, oldBob, oldMira, "NO_SHOW", winter.Add(8*time.Hour))
	own := d.appointment(6, oldMira, oldMira, "PENDING", summer)
	all := []string{confirmed, overlapping, cancelled, completed, missed, own}
	const (
		appointmentsOf = `SELECT (to_jsonb(a) - '{salon_id,time_zone,utc_offset_minutes,cancellation_cause,timeout_time,overbooked,group_session_id,fee_minor,fee_rule,fee_waived,
			lapse_time,series_id}'::text[])::text FROM appointments a ORDER BY id`
		segmentsOf = `SELECT to_jsonb(s)::text FROM segments s ORDER BY id`
		servicesOf = `SELECT (to_jsonb(s) - '{salon_id,search_text,capacity,phases,online_bookable,lead_time_override_minutes,
			horizon_override_days,slot_step_override_minutes}'::text[])::text FROM services s ORDER BY id`
		offeringsOf = `SELECT (to_jsonb(o) - '{salon_id,phases_override,buffer_before_override_minutes,
			buffer_after_override_minutes}'::text[])::text FROM offerings o ORDER BY master_id, service_id`
		customersOf = `SELECT id || ' ' || disabled FROM customers ORDER BY id`
		mastersOf   = `SELECT id || ' ' || deleted || ' ' || disabled FROM masters ORDER BY id`
	)
	unchanged := []string{appointmentsOf, servicesOf, offeringsOf, mastersOf}
	before := map[string][]string{}
	for _, query := range append([]string{segmentsOf, customersOf}, unchanged...) {
		before[query] = d.texts(query)
	}

	if err := postgres.Migrate(t.Context(), d.server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	for _, query := range unchanged {
		d.want(query, query, nil, before[query]...)
	}
	d.want("the salon", `SELECT concat_ws(' ', id, time_zone, currency, is_default, max_open_appointments) FROM salons`, nil,
		id.FirstSalon+" Europe/Berlin EUR t 10")
	d.want("the salon's event", "SELECT body->>'salonId' FROM outbox WHERE type = 'salon.created' AND aggregate_id = $1",
		[]any{id.FirstSalon}, id.FirstSalon)
	for _, table := range []string{"services", "offerings", "masters", "customers", "appointments", "segments", "claims"} {
		d.want("salons of "+table, "SELECT DISTINCT salon_id::text FROM "+table, nil, id.FirstSalon)
	}
	for _, name := range names {
		d.want("the search text of "+name, "SELECT search_text FROM services WHERE name = $1", []any{name}, fold.Text(name+"\n"+name))
	}
	d.want("customers", "SELECT concat_ws(' ', id, account_id) FROM customers ORDER BY id", nil,
		oldMira+" "+oldMira, oldAnn+" "+oldAnn, oldBob+" "+oldBob)
	d.want("what is to be read from its owner", `SELECT count(*) || ' of ' || (SELECT count(*) FROM accounts) FROM accounts WHERE version = 0`, nil, "4 of 4")
	d.want("promises", "SELECT DISTINCT time_zone || ' ' || utc_offset_minutes FROM appointments ORDER BY 1", nil, "Europe/Berlin 120", "Europe/Berlin 60")
	d.want("claims of masters", `SELECT concat_ws(' ', appointment_id, subject_id, blocking, during = tstzrange(s.start_time - interval '5 minutes', s.end_time + interval '10 minutes'))
		FROM claims c JOIN segments s USING (salon_id, appointment_id) WHERE subject_kind = 'MASTER' AND c.segment_id = s.id ORDER BY 1`, nil,
		confirmed+" "+oldMira+" t t", overlapping+" "+oldNora+" t t", completed+" "+oldMira+" t t", own+" "+oldMira+" t t")
	d.want("claims of customers", `SELECT concat_ws(' ', appointment_id, subject_id, blocking, during = tstzrange(s.start_time, s.end_time))
		FROM claims c JOIN segments s USING (salon_id, appointment_id) WHERE subject_kind = 'CUSTOMER' AND c.segment_id = s.id ORDER BY 1`, nil,
		confirmed+" "+oldAnn+" f t", overlapping+" "+oldAnn+" f t", completed+" "+oldBob+" t t", own+" "+oldMira+" t t")

	store := booking.NewStore(d.server.DB(Migrations.Service))
	administrator := auth.Principal{UserID: id.New(), Role: apiv1.Role_ROLE_ADMIN}
	for _, appointmentID := range all {
		a, err := store.Appointment(t.Context(), appointmentID, administrator)
		if err != nil {
			t.Fatal(err)
		}
		s := a.Segments[0]
		if a.AccountID != a.CustomerID || a.Version != 3 || a.Note != "note" || s.BufferBefore != 5*time.Minute ||
			s.BufferAfter != 10*time.Minute || s.PriceMinor != 4500 || !s.Start.Equal(a.Start()) || s.Rated {
			t.Errorf("read %+v", a)
		}
	}
	// A customer without account, and a change by somebody whom the old schema does not know.
	guest := id.New()
	d.exec(`INSERT INTO customers VALUES ($1, $2, NULL, 'Ida', '', '', '', '', 1, now(), now())`, id.FirstSalon, guest)
	d.exec(`UPDATE appointments SET customer_id = $2, changed_by = 'RECEPTIONIST' WHERE id = $1`, missed, guest)

	for _, name := range []string{"0021_ended_holds.sql", "0019_archive.sql", "0018_moved_sessions.sql", "0017_line.sql", "0016_group_sessions.sql", "0015_waitlist.sql", "0014_erasure.sql", "0013_watch.sql", "0012_series.sql", "0011_desk.sql", "0010_holds.sql", "0009_requests.sql", "0007_scheduling.sql", "0004_salons.sql"} {
		_, down, _ := strings.Cut(migration(t, name), "-- +goose Down")
		d.exec(down)
	}
	d.want("the customer without account", "SELECT customer_id || ' ' || changed_by FROM appointments WHERE id = $1", []any{missed}, guest+" ADMIN")
	d.want("the account of the customer without", "SELECT id || ' ' || disabled FROM customers WHERE id = $1", []any{guest}, guest+" true")
	d.exec(`UPDATE appointments SET customer_id = $2, changed_by = 'CUSTOMER' WHERE id = $1`, missed, oldBob)
	d.exec("DELETE FROM customers WHERE id = $1", guest)
	for query, want := range before {
		d.want("after the way down: "+query, query, nil, want...)
	}
}

// TestSalonsMigrationOfAnEmptySchema: without rows and without a time zone of its own, the first salon is in
// UTC, with prices in euros.
func TestSalonsMigrationOfAnEmptySchema(t *testing.T) {
	d := newOldDatabase(t)
	t.Setenv(migrations.TimeZoneVariable, "")
	if err := postgres.Migrate(t.Context(), d.server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	d.want("the salon", "SELECT time_zone || ' ' || currency FROM salons", nil, "UTC EUR")
}
