package resilience_test

import (
	"context"
	_ "embed"
	"maps"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/embedded"
	"github.com/beauty-salon/platform/internal/id"
)

//go:embed testdata/before-salons.sql
var beforeSalons string

// What people would miss, by table: one line of text for each row. The queries are valid before and after the upgrade.
var kept = map[string]string{
	"accounts":      `SELECT concat_ws('|', id, email, display_name, phone, password_hash) FROM users.users`,
	"masters":       `SELECT concat_ws('|', id, display_name, bio, specialties, rating_count, rating_stars) FROM users.masters`,
	"services":      `SELECT concat_ws('|', id, name, price_minor, currency, duration_minutes, create_time) FROM appointments.services`,
	"offerings":     `SELECT concat_ws('|', master_id, service_id, price_override_minor, duration_override_minutes) FROM appointments.offerings`,
	"appointments":  `SELECT concat_ws('|', id, customer_id, state, start_time, end_time, total_minor, note, cancelled_by, version) FROM appointments.appointments`,
	"segments":      `SELECT concat_ws('|', id, appointment_id, position, service_id, master_id, start_time, end_time, price_minor) FROM appointments.segments`,
	"ratings":       `SELECT concat_ws('|', id, appointment_id, master_id, customer_id, stars, comment, reply, create_time) FROM ratings.ratings`,
	"summaries":     `SELECT concat_ws('|', master_id, count, stars_sum) FROM ratings.rating_summaries`,
	"notifications": `SELECT concat_ws('|', id, recipient_id, type, title, body, appointment_id, create_time, read_time) FROM notifications.notifications`,
}

// The data of the version without salons is upgraded at the start, and belongs to the first salon.
func TestUpgradeFromBeforeSalons(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	before := loadDatabase(t, dir)
	system := salontest.Start(t, salontest.WithDataDir(dir), salontest.WithBookingLimit(), salontest.WithEnv("SALON_TIME_ZONE=Europe/Berlin"))
	db := system.Database(t)
	for name, rows := range readKept(t, db) {
		if len(before[name]) == 0 {
			t.Errorf("the fixture has no %s", name)
		}
		if !maps.Equal(rows, before[name]) {
			t.Errorf("%s changed: %d rows of %d are as they were", name, same(rows, before[name]), len(before[name]))
		}
	}
	t.Run("salon", func(t *testing.T) { checkFirstSalon(t, system, db) })
	t.Run("claims", func(t *testing.T) { checkClaims(t, db) })
	salontest.Both(t, system, func(t *testing.T, c salontest.Caller) { checkReading(t, c, before) })
}

// loadDatabase makes the database of the old version in dir, and returns what it has.
func loadDatabase(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	server, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{Dir: filepath.Join(dir, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	conn, err := pgx.Connect(t.Context(), server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), beforeSalons); err != nil {
		t.Fatal(err)
	}
	return readKept(t, conn)
}

func readKept(t *testing.T, db *pgx.Conn) map[string]map[string]bool {
	t.Helper()
	all := map[string]map[string]bool{}
	for name, query := range kept {
		all[name] = map[string]bool{}
		for _, line := range column[string](t, db, query) {
			all[name][line] = true
		}
	}
	return all
}

// column returns the one column of a query.
func column[T any](t *testing.T, db *pgx.Conn, query string, args ...any) []T {
	t.Helper()
	rows, err := db.Query(t.Context(), query, args...)
	if err != nil {
		t.Fatal(err)
	}
	values, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func same(a, b map[string]bool) (n int) {
	for line := range a {
		if b[line] {
			n++
		}
	}
	return n
}

// checkFirstSalon checks that one salon owns everything in all schemas, in the zone of the operator's choice and the currency that
// most services have.
func checkFirstSalon(t *testing.T, system *salontest.System, db *pgx.Conn) {
	t.Helper()
	salon := salontest.Do[*appointmentv1.Salon](t, system.REST(), nil, appointmentv1.SalonService_GetSalon_FullMethodName,
		&appointmentv1.GetSalonRequest{SalonId: id.FirstSalon})
	currency := column[string](t, db, `SELECT currency FROM appointments.services GROUP BY currency ORDER BY count(*) DESC LIMIT 1`)
	if salon.GetTimeZone() != "Europe/Berlin" || salon.GetCurrencyCode() != currency[0] || !salon.GetIsDefault() {
		t.Errorf("the first salon is %v", salon)
	}
	tables := column[string](t, db, `SELECT c.table_schema || '.' || c.table_name FROM information_schema.columns c
		JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.column_name = 'salon_id' AND t.table_type = 'BASE TABLE'`)
	if len(tables) < 10 {
		t.Errorf("only %v have a salon", tables)
	}
	for _, table := range tables {
		if others := column[int](t, db, "SELECT count(*) FROM "+table+" WHERE salon_id <> $1", id.FirstSalon); others[0] != 0 {
			t.Errorf("%d rows of %s belong to another salon", others[0], table)
		}
	}
}

// checkClaims checks that each segment that takes time has its two claims, and that only customers who had two
// appointments at once have claims that do not block.
func checkClaims(t *testing.T, db *pgx.Conn) {
	t.Helper()
	const wrong = `SELECT s.id::text FROM appointments.segments s
		JOIN appointments.appointments a ON (a.salon_id, a.id) = (s.salon_id, s.appointment_id)
		LEFT JOIN LATERAL (
			SELECT count(*) FILTER (WHERE subject_kind = 'MASTER' AND subject_id = s.master_id AND blocking) AS masters,
				count(*) FILTER (WHERE subject_kind = 'CUSTOMER' AND subject_id = a.customer_id) AS customers, count(*) AS every
			FROM appointments.claims c WHERE c.segment_id = s.id AND c.during @> tstzrange(s.start_time, s.end_time)
		) n ON true
		WHERE (n.masters, n.customers, n.every) <> (CASE WHEN a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') THEN (1::bigint, 1::bigint, 2::bigint) ELSE (0::bigint, 0::bigint, 0::bigint) END)`
	if segments := column[string](t, db, wrong); len(segments) != 0 {
		t.Errorf("segments %v have the wrong claims", segments)
	}
	if none := column[int](t, db, `SELECT count(*) FROM appointments.claims`); none[0] == 0 {
		t.Error("there are no claims")
	}
	const overlapping = `SELECT count(*) FROM appointments.claims a JOIN appointments.claims b
		ON a.subject_id = b.subject_id AND a.subject_kind = b.subject_kind AND a.id <> b.id AND a.during && b.during`
	twice := column[int](t, db, overlapping)
	if open := column[int](t, db, `SELECT count(*) FROM appointments.claims WHERE NOT blocking AND subject_kind = 'CUSTOMER'`); twice[0] == 0 || open[0] != twice[0] {
		t.Errorf("%d claims do not block, %d overlap", open[0], twice[0])
	}
}

// checkReading reads what a customer, a master and everybody read, with all names.
func checkReading(t *testing.T, c salontest.Caller, before map[string]map[string]bool) {
	t.Helper()
	signIn := func(email string) salontest.Identity {
		return salontest.Token(salontest.Do[*userv1.TokenPair](t, c, nil, userv1.AuthService_Login_FullMethodName,
			&userv1.LoginRequest{Email: email, Password: "demo-salon-2026"}).GetAccessToken())
	}
	anna, admin := signIn("anna@salon.example"), signIn("admin@salon.example")
	all := salontest.Do[*appointmentv1.ListAppointmentsResponse](t, c, admin, appointmentv1.AppointmentService_ListAppointments_FullMethodName,
		&appointmentv1.ListAppointmentsRequest{PageSize: 100}).GetAppointments()
	if len(all) != len(before["appointments"]) {
		t.Errorf("the administrator sees %d of %d appointments", len(all), len(before["appointments"]))
	}
	for _, a := range all {
		for _, s := range a.GetSegments() {
			if s.GetMasterName() == "" || s.GetServiceName() == "" || a.GetTimeZone() != "Europe/Berlin" {
				t.Errorf("%v has no names or no time zone", a)
			}
		}
	}
	customers := salontest.Do[*appointmentv1.ListCustomersResponse](t, c, admin, appointmentv1.CustomerService_ListCustomers_FullMethodName,
		&appointmentv1.ListCustomersRequest{PageSize: 100}).GetCustomers()
	for _, customer := range customers {
		if customer.GetDisplayName() == "" || customer.GetEmail() == "" {
			t.Errorf("%v has no name or no address", customer)
		}
	}
	if len(customers) == 0 {
		t.Error("the salon has no customers")
	}
	ratings := 0
	for _, a := range all {
		ratings += len(salontest.Do[*ratingv1.ListAppointmentRatingsResponse](t, c, admin, ratingv1.RatingService_ListAppointmentRatings_FullMethodName,
			&ratingv1.ListAppointmentRatingsRequest{AppointmentId: a.GetId()}).GetRatings())
	}
	if ratings != len(before["ratings"]) {
		t.Errorf("the administrator reads %d of %d ratings", ratings, len(before["ratings"]))
	}
	notifications := salontest.Do[*notificationv1.ListNotificationsResponse](t, c, anna, notificationv1.NotificationService_ListNotifications_FullMethodName,
		&notificationv1.ListNotificationsRequest{PageSize: 100}).GetNotifications()
	if len(notifications) == 0 {
		t.Error("the customer has no notifications")
	}
	for _, n := range notifications {
		if n.GetTitle() == "" || n.GetBody() == "" {
			t.Errorf("%v has no text", n)
		}
	}
}
