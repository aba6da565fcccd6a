package appointment

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// archive archives what ended a month ago.
func (f *fixture) archive() {
	f.t.Helper()
	d := f.Deps("appointments")
	d.ArchiveAfter = 1
	s, err := New(d)
	if err != nil {
		f.t.Fatal(err)
	}
	if err := s.bookings.Archive(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// past books for somebody, with texts that name the person, and lets the appointment be cancelled and get old.
func (f *fixture) past(who auth.Principal) *appointmentv1.Appointment {
	f.t.Helper()
	req := f.request(48 * time.Hour)
	req.Note = marker + " is allergic"
	a, err := f.appointments.CreateAppointment(f.As(who), req)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.appointments.CancelAppointment(f.As(who), &appointmentv1.CancelAppointmentRequest{
		AppointmentId: a.GetId(), Reason: "the mother of " + marker,
	}); err != nil {
		f.t.Fatal(err)
	}
	f.Clock.Advance(35 * 24 * time.Hour)
	return a
}

// TestArchivedAppointmentsAreExportedAndErased: the archive hides nothing of a person from an export, and keeps nothing from an erasure.
func TestArchivedAppointmentsAreExportedAndErased(t *testing.T) {
	f := newFixture(t)
	xenia := f.known()
	a := f.past(xenia)
	f.archive()
	if n := f.count("archived_appointments"); n != 1 {
		t.Fatalf("%d appointments are in the archive", n)
	}
	page, err := f.personal().ExportAccount(t.Context(), &apiv1.ExportAccountRequest{AccountId: xenia.UserID, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for _, r := range page.GetRecords() {
		kinds[r.GetKind()]++
	}
	for kind, want := range map[string]int{"appointments": 1, "segments": 1, "appointment_history": 2} {
		if kinds[kind] != want {
			t.Errorf("%d %s in %v, want %d", kinds[kind], kind, kinds, want)
		}
	}

	f.EraseAccount(xenia.UserID)
	got, err := f.personal().EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: xenia.UserID})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range got.GetRemoved() {
		if c.GetKind() == "notes and reasons" && c.GetCount() != 2 {
			t.Errorf("removed %v", got.GetRemoved())
		}
	}
	if found := f.rowsWith(marker); len(found) != 0 {
		t.Errorf("the person is still in %v", found)
	}
	left, err := f.appointments.GetAppointment(f.As(f.mira), &appointmentv1.GetAppointmentRequest{AppointmentId: a.GetId()})
	if err != nil || left.GetCustomer().GetDisplayName() != people.ErasedName || left.GetNote() != "" || left.GetCancelReason() != "" {
		t.Errorf("the master sees %v, %v", left, err)
	}
}

// TestRollbackBringsTheArchiveBack: the program of before finds all appointments again.
func TestRollbackBringsTheArchiveBack(t *testing.T) {
	f := newFixture(t)
	f.past(f.ann)
	f.book(f.ann, 24*time.Hour)
	f.Clock.Advance(35 * 24 * time.Hour)
	tables := []string{"appointments", "segments", "appointment_history", "claims"}
	before := map[string]int{}
	for _, table := range tables {
		before[table] = f.count(table)
	}
	f.archive()
	if n := f.count("appointments"); n != 0 {
		t.Fatalf("%d appointments are left", n)
	}
	_, down, found := strings.Cut(migration(t, "0019_archive.sql"), "-- +goose Down")
	if !found {
		t.Fatal("the migration does not go down")
	}
	conn, err := pgx.Connect(t.Context(), f.Postgres.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.PgConn().Exec(t.Context(), "SET search_path TO appointments, public;"+down).ReadAll(); err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		if n := f.count(table); n != before[table] {
			t.Errorf("%d %s, want %d", n, table, before[table])
		}
	}
}
