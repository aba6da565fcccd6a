package rating

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestMigrationsGoUpAndDown(t *testing.T) {
	server := pgtest.NewServer(t, Migrations)
	if err := postgres.CheckSchema(t.Context(), server.DB("ratings"), Migrations); err != nil {
		t.Error(err)
	}
	if err := postgres.Rollback(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	if err := postgres.CheckSchema(t.Context(), server.DB("ratings"), Migrations); !errors.Is(err, postgres.ErrSchemaOutdated) {
		t.Errorf("after the rollback: %v", err)
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

// Each rating of the schema from before salons survives the way up and the way down.
func TestSalonsMigrationKeepsRatings(t *testing.T) {
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

	master := id.New()
	done := Appointment{
		ID: id.New(), SalonID: id.FirstSalon, CustomerID: id.New(), MasterIDs: []string{master},
		State: stateCompleted, EndTime: appointmentEnd, CompleteTime: appointmentEnd, Version: 3,
	}
	done.AccountID = done.CustomerID
	gone, pending := done, done
	gone.ID = id.New()
	pending.ID, pending.State, pending.Version = id.New(), "PENDING", 1
	pending.EndTime, pending.CompleteTime = time.Time{}, time.Time{}
	for _, a := range []Appointment{done, gone, pending} {
		exec(`INSERT INTO visits (appointment_id, customer_id, master_id, state, complete_time, version)
			VALUES ($1, $2, $3, $4, $5, $6)`,
			a.ID, a.CustomerID, master, a.State, postgres.Null(a.CompleteTime), a.Version)
	}
	kept := NewRating(id.New(), done, master, 4, "nice", appointmentEnd.Add(time.Hour))
	kept.Answer("thanks", appointmentEnd.Add(2*time.Hour))
	deleted := NewRating(id.New(), gone, master, 1, "bad", appointmentEnd.Add(time.Hour))
	deleted.Delete(appointmentEnd.Add(3 * time.Hour))
	for _, r := range []Rating{kept, deleted} {
		exec(`INSERT INTO ratings (id, appointment_id, master_id, customer_id, stars, comment, reply, reply_time,
				create_time, update_time, delete_time, version)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
			r.ID, r.AppointmentID, master, r.CustomerID, r.Stars, r.Comment, r.Reply, postgres.Null(r.ReplyTime),
			r.CreateTime, r.UpdateTime, postgres.Null(r.DeleteTime), r.Version)
	}
	summary := Summary{MasterID: master, Count: 1, StarsSum: 4, Histogram: [MaxStars]int{3: 1}, Version: 4}
	exec(`INSERT INTO rating_summaries VALUES ($1, 1, 4, 0, 0, 0, 1, 0, 4)`, master)

	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	s := NewStore(server.DB(Migrations.Service))
	for _, want := range []Appointment{done, gone, pending} {
		if got, err := s.Appointment(t.Context(), want.ID); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("appointment = %+v, %v, want %+v", got, err, want)
		}
	}
	if got, err := s.Rating(t.Context(), kept.ID); got != kept || err != nil {
		t.Errorf("rating = %+v, %v, want %+v", got, err, kept)
	}
	again := NewRating(id.New(), gone, master, 5, "", appointmentEnd)
	if err := s.InsertRating(t.Context(), again); !errors.Is(err, ErrAlreadyRated) {
		t.Errorf("rating after a deleted one: %v", err)
	}
	if got, err := s.Summary(t.Context(), master); got != summary || err != nil {
		t.Errorf("summary = %+v, %v, want %+v", got, err, summary)
	}

	_, down, _ := strings.Cut(migration(t, "0002_salons.sql"), "-- +goose Down")
	exec(down)
	var count int
	err = conn.QueryRow(t.Context(), `SELECT count(*) FROM ratings JOIN visits USING (appointment_id, master_id, customer_id)
		WHERE id = ANY ($1)`, []string{kept.ID, deleted.ID}).Scan(&count)
	if count != 2 || err != nil {
		t.Errorf("%d ratings after the way down, %v, want 2", count, err)
	}
}
