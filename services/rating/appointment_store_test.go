package rating

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestPutAppointmentKeepsTheNewest(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	if _, err := s.Appointment(t.Context(), id.New()); !errors.Is(err, ErrAppointmentNotFound) {
		t.Errorf("unknown appointment: %v", err)
	}
	a := Appointment{
		ID: id.New(), SalonID: id.New(), CustomerID: id.New(), MasterIDs: []string{id.New(), id.New()},
		State: "CONFIRMED", Version: 2,
	}
	older, claimed, newer := a, a, a
	older.State, older.Version = "PENDING", 1
	claimed.AccountID = id.New()
	newer.AccountID, newer.MasterIDs = claimed.AccountID, []string{id.New()}
	newer.State, newer.EndTime, newer.CompleteTime, newer.Version = stateCompleted, appointmentEnd, appointmentEnd.Add(time.Minute), 3
	for i, step := range []struct{ put, want Appointment }{
		{a, a}, {older, a}, {a, a}, {claimed, claimed}, {newer, newer}, {older, newer},
	} {
		if err := s.PutAppointments(t.Context(), step.put); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Appointment(t.Context(), a.ID); !reflect.DeepEqual(got, step.want) || err != nil {
			t.Errorf("%d: got %+v, %v, want %+v", i, got, err, step.want)
		}
	}
}

// TestPutAppointmentsTogether: each of several appointments is stored by its own version, and without an account that was erased.
func TestPutAppointmentsTogether(t *testing.T) {
	db := pgtest.New(t, Migrations)
	s := NewStore(db)
	some := func(state string, version int64) Appointment {
		return Appointment{
			ID: id.New(), SalonID: id.New(), CustomerID: id.New(), AccountID: id.New(), MasterIDs: []string{id.New()}, State: state, Version: version,
		}
	}
	kept, raised, erased, fresh := some("CONFIRMED", 5), some("PENDING", 1), some("CONFIRMED", 1), some("CONFIRMED", 1)
	if err := s.PutAppointments(t.Context(), kept, raised); err != nil {
		t.Fatal(err)
	}
	if err := db.Conn(t.Context()).Exec("INSERT INTO erased_accounts (account_id, erase_time, removed) VALUES (?, now(), '[]')", erased.AccountID).Error; err != nil {
		t.Fatal(err)
	}
	older := kept
	older.State, older.Version = "PENDING", 4
	raised.State, raised.Version = "CONFIRMED", 2
	if err := s.PutAppointments(t.Context(), fresh, erased, older, raised); err != nil {
		t.Fatal(err)
	}
	erased.AccountID = ""
	for _, want := range []Appointment{kept, raised, erased, fresh} {
		if got, err := s.Appointment(t.Context(), want.ID); !reflect.DeepEqual(got, want) || err != nil {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestAppointmentConstraints(t *testing.T) {
	s := NewStore(pgtest.New(t, Migrations))
	for name, spoil := range map[string]func(*Appointment){
		"no master":                    func(a *Appointment) { a.MasterIDs = []string{} },
		"no state":                     func(a *Appointment) { a.State = "" },
		"completed at an unknown time": func(a *Appointment) { a.CompleteTime = time.Time{} },
		"version 0":                    func(a *Appointment) { a.Version = 0 },
	} {
		a := completedAppointment()
		a.ID, a.SalonID, a.CustomerID, a.AccountID, a.MasterIDs = id.New(), id.New(), id.New(), id.New(), []string{id.New()}
		spoil(&a)
		if err := s.PutAppointments(t.Context(), a); !postgres.IsCheckViolation(err, "") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
