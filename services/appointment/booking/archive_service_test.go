package booking

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// archive archives what ended two months ago, and checks how many appointments are in the archive then.
func (f *fixture) archive(want int) {
	f.t.Helper()
	f.bookings.deps.ArchiveAfter = 2
	if err := f.bookings.Archive(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
	f.wantArchived(want)
}

func (f *fixture) wantArchived(want int) {
	f.t.Helper()
	if n := count(f.t, f.db, "archived_appointments"); n != want {
		f.t.Fatalf("%d appointments are in the archive, want %d", n, want)
	}
}

// views is what somebody sees of the appointments, by what was asked.
func (f *fixture) views(who auth.Principal, ids ...string) map[string][]proto.Message {
	f.t.Helper()
	seen := map[string][]proto.Message{}
	for _, id := range ids {
		if a, err := f.appointments.GetAppointment(f.As(who), &appointmentv1.GetAppointmentRequest{AppointmentId: id}); err == nil {
			seen["get "+id] = []proto.Message{a}
			for _, change := range f.history(who, id) {
				seen["history "+id] = append(seen["history "+id], change)
			}
		} else {
			wantError(f.t, err, codes.NotFound, "NOT_FOUND", "")
		}
	}
	for name, req := range map[string]*appointmentv1.ListAppointmentsRequest{
		"list":      {},
		"latest":    {OrderBy: "start_time desc"},
		"of master": {MasterId: new(f.mira.UserID)},
		"of salon":  {SalonId: new(first.ID), States: []appointmentv1.AppointmentState{appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED}},
		"of a time": {From: timestamppb.New(f.Clock.Now().Add(-4 * 30 * 24 * time.Hour)), To: timestamppb.New(f.Clock.Now())},
	} {
		req.PageSize = 2
		for {
			page, err := f.appointments.ListAppointments(f.As(who), req)
			if err != nil {
				f.t.Fatal(err)
			}
			for _, a := range page.GetAppointments() {
				seen[name] = append(seen[name], a)
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
	}
	return seen
}

// TestArchivedAppointments: everybody sees of an archived appointment what they saw before, and nobody else does.
func TestArchivedAppointments(t *testing.T) {
	f := newFixture(t)
	colleague := f.staff(first.ID, roleMaster)
	elsewhere := f.staff(id.New(), roleManager)
	var ids []string
	for i := range 5 {
		ids = append(ids, f.book(f.ann, f.in(time.Duration(24+24*i)*time.Hour)).GetId())
	}
	for _, id := range ids[:4] {
		if _, err := f.confirm(f.mira, id, ""); err != nil {
			t.Fatal(err)
		}
	}
	f.Clock.Advance(70 * 24 * time.Hour)
	if _, err := f.appointments.CompleteAppointment(f.As(f.mira), &appointmentv1.CompleteAppointmentRequest{AppointmentId: ids[0]}); err != nil {
		t.Fatal(err)
	}
	recent := f.book(f.ann, f.in(24*time.Hour)).GetId()
	ids = append(ids, recent)
	callers := map[string]auth.Principal{
		"customer": f.ann, "master": f.mira, "receptionist": f.receptionist, "manager": f.manager, "administrator": f.admin,
		"another master": colleague, "a manager of another salon": elsewhere,
	}
	before := map[string]map[string][]proto.Message{}
	for name, who := range callers {
		before[name] = f.views(who, ids...)
	}
	if n := len(before["customer"]["list"]); n != 6 {
		t.Fatalf("the customer sees %d appointments", n)
	}
	blocking := count(t, f.db, "claims")
	f.archive(5)
	if n := count(t, f.db, "appointments"); n != 1 {
		t.Errorf("%d appointments are left, want 1", n)
	}
	if left, moved := count(t, f.db, "claims"), count(t, f.db, "archived_claims"); moved == 0 || left+moved != blocking {
		t.Errorf("%d claims are left and %d moved, of %d", left, moved, blocking)
	}
	for name, who := range callers {
		after := f.views(who, ids...)
		if len(after) != len(before[name]) {
			t.Errorf("%s: %d views, want %d", name, len(after), len(before[name]))
		}
		for view, want := range before[name] {
			if got := after[view]; !slices.EqualFunc(got, want, proto.Equal) {
				t.Errorf("%s: %s:\n%v\nwant\n%v", name, view, got, want)
			}
		}
	}
	f.archive(5) // nothing is left to do
	f.changeArchived(ids)
}

// changeArchived changes archived appointments. What an action changes comes back; what it does not change stays.
func (f *fixture) changeArchived(ids []string) {
	t := f.t
	t.Helper()
	complete := func(who auth.Principal, id string) (*appointmentv1.Appointment, error) {
		return f.appointments.CompleteAppointment(f.As(who), &appointmentv1.CompleteAppointmentRequest{AppointmentId: id})
	}
	if _, err := complete(f.mira, ids[0]); err != nil { // it was completed before
		t.Error(err)
	}
	if _, err := complete(f.ann, ids[1]); err == nil {
		t.Error("the customer has completed an appointment")
	}
	f.wantArchived(5)
	if err := f.bookings.store.MarkRated(t.Context(), first.ID, ids[0], f.mira.UserID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.db, "archived_segments WHERE rated AND appointment_id = ?", ids[0]); n != 1 {
		t.Errorf("%d segments are rated", n)
	}
	done, err := complete(f.mira, ids[1])
	if err != nil || done.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_COMPLETED {
		t.Fatalf("complete an archived appointment: %v, %v", done, err)
	}
	f.wantArchived(4)
	for _, rest := range []string{"archived_segments", "archived_history", "archived_claims"} {
		if n := count(t, f.db, rest+" WHERE appointment_id = ?", ids[1]); n != 0 {
			t.Errorf("%d rows are left in %s", n, rest)
		}
	}
	if got := f.history(f.ann, ids[1]); len(got) != 3 {
		t.Errorf("history %v", got)
	}
	f.archive(5)
	wantMessage(t, f.get(f.mira, ids[1]), done)
}

// TestArchivingIsLed: while one process archives, another one leaves it alone, and takes over when the first has died.
func TestArchivingIsLed(t *testing.T) {
	f := newFixture(t)
	f.book(f.ann, f.in(24*time.Hour))
	f.Clock.Advance(70 * 24 * time.Hour)
	if leads, err := f.bookings.store.leadArchiving(t.Context(), id.New()); err != nil || !leads {
		t.Fatal(leads, err)
	}
	f.archive(0)
	exec(t, f.db, "UPDATE archiving SET worker_until = clock_timestamp() - interval '1 second'")
	f.archive(1)
	if n := count(t, f.db, "archiving WHERE worker_id IS NULL"); n != 1 {
		t.Error("the lease was not given back")
	}
	f.Clock.Advance(-70 * 24 * time.Hour)
}

// TestArchivingLeavesOutWhatSomebodyChanges: a locked appointment is moved next time.
func TestArchivingLeavesOutWhatSomebodyChanges(t *testing.T) {
	f := newFixture(t)
	a, b := f.book(f.ann, f.in(24*time.Hour)), f.book(f.ann, f.in(48*time.Hour))
	f.Clock.Advance(70 * 24 * time.Hour)
	_, err := f.bookings.store.Update(t.Context(), a.GetId(), f.admin, func(*Appointment) error {
		n, err := f.bookings.store.archive(t.Context(), first.ID, f.Clock.Now(), 10)
		if err != nil || n != 1 {
			t.Errorf("%d were moved, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, f.db, "appointments WHERE id = ?", a.GetId()); n != 1 {
		t.Error("the appointment that was being changed was moved")
	}
	if n := count(t, f.db, "archived_appointments WHERE id = ?", b.GetId()); n != 1 {
		t.Error("the other one was not moved")
	}
}

// TestArchiveTablesAreLikeTheirOriginals: rows are moved as a whole, and the queries name all columns.
func TestArchiveTablesAreLikeTheirOriginals(t *testing.T) {
	f := newFixture(t)
	columns := func(table string) []string {
		var names []string
		err := f.db.Conn(t.Context()).Raw(`SELECT column_name || ' ' || data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`, table).Scan(&names).Error
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		return names
	}
	for _, c := range []struct{ live, archive, named string }{
		{live.appointments, archive.appointments, appointmentColumns},
		{live.segments, archive.segments, segmentColumns},
		{live.history, archive.history, historyColumns},
		{live.claims, archive.claims, ""},
	} {
		want := columns(c.live)
		if got := columns(c.archive); !slices.Equal(got, want) {
			t.Errorf("%s has the columns\n%v\n%s has\n%v", c.archive, got, c.live, want)
		}
		var names []string
		for _, column := range want {
			name, _, _ := strings.Cut(column, " ")
			names = append(names, name)
		}
		named := strings.Split(c.named, ", ")
		slices.Sort(names)
		slices.Sort(named)
		if c.named != "" && !slices.Equal(names, named) {
			t.Errorf("%s has the columns\n%v\nthe queries name\n%v", c.live, names, named)
		}
	}
}

// TestArchiveHasTheSameColumns: rows move as a whole, so a column that only one of the tables has, or has in another place, would be lost or mixed up.
func TestArchiveHasTheSameColumns(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	columns := func(table string) (list []string) {
		t.Helper()
		err := db.Conn(t.Context()).Raw(`SELECT column_name || ' ' || data_type FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name = ? ORDER BY ordinal_position`, table).Scan(&list).Error
		if err != nil || len(list) == 0 {
			t.Fatalf("columns of %s: %v, %v", table, list, err)
		}
		return list
	}
	for from, to := range map[string]string{
		live.appointments: archive.appointments, live.segments: archive.segments, live.history: archive.history, live.claims: archive.claims,
	} {
		if have, want := columns(to), columns(from); !slices.Equal(have, want) {
			t.Errorf("%s has %v, want those of %s: %v", to, have, from, want)
		}
	}
}
