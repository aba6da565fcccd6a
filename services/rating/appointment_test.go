package rating

import (
	"errors"
	"testing"
	"time"
)

var appointmentEnd = time.Date(2026, time.December, 1, 11, 0, 0, 0, time.UTC)

// completedAppointment is an appointment of one master, completed when it ended.
func completedAppointment() Appointment {
	return Appointment{
		ID: "a", SalonID: "salon", CustomerID: "customer", AccountID: "account", MasterIDs: []string{"master"},
		State: "COMPLETED", EndTime: appointmentEnd, CompleteTime: appointmentEnd, Version: 3,
	}
}

func TestMasterToRate(t *testing.T) {
	state := func(s string) func(*Appointment) { return func(a *Appointment) { a.State = s } }
	both := func(a *Appointment) { a.MasterIDs = []string{"master", "colleague"} }
	tests := []struct {
		name   string
		change func(*Appointment)
		user   string // "account" when empty
		master string
		now    time.Time // appointmentEnd when zero
		want   string    // "master" when empty
		err    error
	}{
		{name: "at once"},
		{name: "the only master by name", master: "master"},
		{name: "at the last moment", now: appointmentEnd.Add(RateWindow)},
		{name: "a microsecond later", now: appointmentEnd.Add(RateWindow + time.Microsecond), err: ErrTooLateToRate},
		{name: "a microsecond before the end", now: appointmentEnd.Add(-time.Microsecond), err: ErrNotCompleted},
		{
			name:   "completed early, before the end",
			change: func(a *Appointment) { a.CompleteTime = appointmentEnd.Add(-time.Hour) },
			now:    appointmentEnd.Add(-time.Minute), err: ErrNotCompleted,
		},
		{
			name:   "completed early, at the end",
			change: func(a *Appointment) { a.CompleteTime = appointmentEnd.Add(-time.Hour) },
		},
		{
			name:   "the window begins with the completion",
			change: func(a *Appointment) { a.CompleteTime = appointmentEnd.Add(-time.Hour) },
			now:    appointmentEnd.Add(RateWindow - time.Minute), err: ErrTooLateToRate,
		},
		{
			name:   "the end is not known",
			change: func(a *Appointment) { a.EndTime = time.Time{} },
		},
		{name: "another account", user: "admin", err: ErrAppointmentNotFound},
		{name: "the master", user: "master", err: ErrAppointmentNotFound},
		{name: "the customer's id is no account", user: "customer", err: ErrAppointmentNotFound},
		{
			name:   "a customer without account",
			change: func(a *Appointment) { a.AccountID = "" }, err: ErrAppointmentNotFound,
		},
		{name: "pending", change: state("PENDING"), err: ErrNotCompleted},
		{name: "confirmed", change: state("CONFIRMED"), err: ErrNotCompleted},
		{name: "cancelled", change: state("CANCELLED"), err: ErrNotCompleted},
		{name: "missed", change: state("NO_SHOW"), err: ErrNotCompleted},
		{
			name:   "completed at an unknown time",
			change: func(a *Appointment) { a.CompleteTime = time.Time{} }, err: ErrNotCompleted,
		},
		{
			name:   "one's own work",
			change: func(a *Appointment) { a.MasterIDs = []string{"account"} }, err: ErrOwnWork,
		},
		{
			name:   "a colleague's work",
			change: func(a *Appointment) { a.MasterIDs = []string{"account", "master"} }, master: "master",
		},
		{name: "the first of two masters", change: both, master: "master"},
		{name: "the second of two masters", change: both, master: "colleague", want: "colleague"},
		{name: "one of two masters", change: both, err: ErrSeveralMasters},
		{name: "a master without segment", change: both, master: "stranger", err: ErrNotAMaster},
		{
			name: "another account learns nothing of the state", change: state("PENDING"),
			user: "stranger", err: ErrAppointmentNotFound,
		},
		{
			name: "another account learns nothing of the masters", master: "stranger",
			user: "stranger", err: ErrAppointmentNotFound,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := completedAppointment()
			if tt.change != nil {
				tt.change(&a)
			}
			user, now, want := tt.user, tt.now, tt.want
			if user == "" {
				user = "account"
			}
			if now.IsZero() {
				now = appointmentEnd
			}
			if want == "" && tt.err == nil {
				want = "master"
			}
			if got, err := a.MasterToRate(user, tt.master, now); got != want || !errors.Is(err, tt.err) {
				t.Errorf("MasterToRate = %q, %v, want %q, %v", got, err, want, tt.err)
			}
		})
	}
}

func TestDecides(t *testing.T) {
	a := completedAppointment()
	unclaimed, pending := a, a
	unclaimed.AccountID = ""
	pending.State = "PENDING"
	for _, tt := range []struct {
		name         string
		appointment  Appointment
		user, master string
		want         bool
	}{
		{"completed", a, "account", "", true},
		{"completed, by name", a, "account", "master", true},
		{"completed, another master", a, "account", "colleague", false},
		{"pending", pending, "account", "", false},
		{"of another account", pending, "stranger", "colleague", true},
		{"of a customer without account", unclaimed, "account", "", false},
		{"unknown", Appointment{}, "account", "", false},
	} {
		if got := tt.appointment.Decides(tt.user, tt.master); got != tt.want {
			t.Errorf("%s: Decides = %v", tt.name, got)
		}
	}
}
