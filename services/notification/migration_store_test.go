package notification

import (
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMigrationsGoUpAndDown(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.CheckSchema(t.Context(), server.DB("notifications"), Migrations); err != nil {
		t.Error(err)
	}
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Error(err)
	}
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

// Each notification of the schema that stored texts keeps its text on the way up and on the way down.
func TestFactsMigrationKeepsTexts(t *testing.T) {
	const first = "0001_init.sql"
	old := postgres.Migrations{Service: Migrations.Service, FS: fstest.MapFS{first: {Data: []byte(migration(t, first))}}}
	server := pgtest.NewServer(t, old)
	config, err := pgx.ParseConfig(server.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["search_path"] = Migrations.Service
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}

	ann := id.New()
	booked := Notification{
		Notice: Notice{
			RecipientID: ann, Type: notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_CREATED,
			SalonID: id.FirstSalon, AppointmentID: id.New(), Start: appointmentStart,
		},
		ID: id.New(), EventID: id.New(), CreateTime: appointmentStart.Add(-time.Hour), ReadTime: appointmentStart,
		Title: "Visit booked", Body: "Your visit on Sat 12 Dec 2026, 13:00 UTC is booked.",
	}
	rated := Notification{
		Notice: Notice{
			RecipientID: ann, Type: notificationv1.NotificationType_NOTIFICATION_TYPE_RATING_CREATED,
			SalonID: id.FirstSalon, RatingID: id.New(),
		},
		ID: id.New(), EventID: id.New(), CreateTime: appointmentStart.Add(-2 * time.Hour),
		Title: "New rating", Body: "A customer has given you 4 stars for a visit.",
	}
	before := []Notification{booked, rated}
	for _, n := range before {
		exec(`INSERT INTO notifications (id, recipient_id, type, title, body, appointment_id, appointment_start, rating_id,
				event_id, create_time, read_time)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			n.ID, n.RecipientID, int32(n.Type), n.Title, n.Body, postgres.Null(n.AppointmentID), postgres.Null(n.Start),
			postgres.Null(n.RatingID), n.EventID, n.CreateTime, postgres.Null(n.ReadTime))
	}

	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	s := NewStore(server.DB(Migrations.Service))
	if got := list(t, s, ann, false); !equal(got, before) {
		t.Errorf("got  %+v\nwant %+v", got, before)
	}
	add(t, s, unstored(ann, appointmentStart))

	_, down, _ := strings.Cut(migration(t, "0002_facts.sql"), "-- +goose Down")
	exec(down)
	rows, err := conn.Query(t.Context(), `SELECT title, body FROM notifications ORDER BY create_time DESC`)
	if err != nil {
		t.Fatal(err)
	}
	texts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (text, error) {
		var t text
		err := row.Scan(&t.title, &t.body)
		return t, err
	})
	if err != nil || len(texts) != 3 || texts[0].body == "" ||
		texts[1] != (text{booked.Title, booked.Body}) || texts[2] != (text{rated.Title, rated.Body}) {
		t.Errorf("texts after the way down: %q, %v", texts, err)
	}
}
