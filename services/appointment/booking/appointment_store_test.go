package appointment

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/pgtest"
)

// somebody is a caller without rights of their own.
func somebody(id string) auth.Principal {
	return auth.Principal{UserID: id, Role: apiv1.Role_ROLE_CUSTOMER}
}

// performer is a master.
func performer(id string) auth.Principal {
	return auth.Principal{UserID: id, Role: apiv1.Role_ROLE_MASTER}
}

// change updates an appointment as an administrator.
func change(t *testing.T, s *Store, id string, do func(*Appointment) error) *Appointment {
	t.Helper()
	a, err := s.UpdateAppointment(t.Context(), id, everything, do)
	if err != nil {
		t.Fatalf("change: %v", err)
	}
	return a
}

func TestStatesHoldTheTime(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	late := at(23, 0)
	confirm := func(a *Appointment) error { return a.Do(Confirm, Master, late) }
	tests := []struct {
		name  string
		steps []func(*Appointment) error
		want  Outcome
	}{
		{"pending", nil, Taken},
		{"confirmed", []func(*Appointment) error{confirm}, Taken},
		{"completed", []func(*Appointment) error{confirm, func(a *Appointment) error { return a.Do(Complete, Master, late) }}, Taken},
		{"cancelled", []func(*Appointment) error{func(a *Appointment) error { return a.Cancel(Master, "", late) }}, Booked},
		{"no-show", []func(*Appointment) error{confirm, func(a *Appointment) error { return a.Do(MarkNoShow, Master, late) }}, Booked},
	}
	for _, tt := range tests {
		offer := offerOf(t, db)
		b := bookingOf(t, at(10, 0), offer)
		wantOutcomes(t, store, []*Booking{b}, Booked)
		for _, step := range tt.steps {
			change(t, store, b.Appointment.ID, step)
		}
		if got := book(t, store, bookingOf(t, at(10, 0), offer)); got[0] != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got[0], tt.want)
		}
	}
	wantNoOverlap(t, db)
}

func TestUpdateWritesEverything(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	offer := offerWith(t, db, newID(), 5, 10)
	b := bookingOf(t, at(10, 0), offer)
	wantOutcomes(t, store, []*Booking{b}, Booked)
	steps := []struct {
		typ string
		do  func(*Appointment) error
	}{
		{eventConfirmed, func(a *Appointment) error { return a.Do(Confirm, Master, now.Add(time.Minute)) }},
		{eventRescheduled, func(a *Appointment) error { return a.Reschedule(at(10, 30), Customer, now.Add(2*time.Minute)) }},
		{eventConfirmed, func(a *Appointment) error { return a.Do(Confirm, Administrator, now.Add(3*time.Minute)) }},
		{eventCompleted, func(a *Appointment) error { return a.Do(Complete, Master, now.Add(4*time.Minute)) }},
	}
	for i, step := range steps {
		changed := change(t, store, b.Appointment.ID, step.do)
		read, err := store.Appointment(t.Context(), b.Appointment.ID, everything)
		if err != nil {
			t.Fatal(err)
		}
		wantAppointment(t, read, changed)
		if read.Version != int64(i+2) {
			t.Errorf("%s: version %d", step.typ, read.Version)
		}
		if n := count(t, db, "outbox WHERE type = ? AND aggregate_version = ? AND body->>'state' = ?",
			step.typ, read.Version, "APPOINTMENT_STATE_"+string(read.State)); n != 1 {
			t.Errorf("%s: %d events", step.typ, n)
		}
	}
	cancelled := bookingOf(t, at(15, 0), offer)
	wantOutcomes(t, store, []*Booking{cancelled}, Booked)
	changed := change(t, store, cancelled.Appointment.ID, func(a *Appointment) error { return a.Cancel(Customer, "ill", now) })
	read, err := store.Appointment(t.Context(), cancelled.Appointment.ID, everything)
	if err != nil {
		t.Fatal(err)
	}
	wantAppointment(t, read, changed)
}

func TestUpdateLeavesThingsAlone(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	b := bookingOf(t, at(10, 0), offerOf(t, db))
	wantOutcomes(t, store, []*Booking{b}, Booked)
	refusal := errors.New("refused")
	for name, do := range map[string]func(*Appointment) error{
		"no change": func(*Appointment) error { return nil },
		"same time": func(a *Appointment) error { return a.Reschedule(at(10, 0), Customer, now) },
		"refused": func(a *Appointment) error {
			if err := a.Cancel(Customer, "", now); err != nil {
				return err
			}
			return refusal
		},
	} {
		_, err := store.UpdateAppointment(t.Context(), b.Appointment.ID, everything, do)
		if name == "refused" != errors.Is(err, refusal) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := count(t, db, "outbox"); n != 1 {
		t.Errorf("%d events, want the first one only", n)
	}
	if n := count(t, db, "appointments WHERE version = 1 AND state = 'PENDING'"); n != 1 {
		t.Error("the appointment has changed")
	}
}

func TestRescheduleWithAMasterWhoIsGone(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	cut := offerOf(t, db)
	visit := bookingOf(t, at(10, 0), cut)
	wantOutcomes(t, store, []*Booking{visit}, Booked)
	exec(t, db, "UPDATE masters SET disabled = true WHERE id = ?", cut.MasterID)
	_, err := store.UpdateAppointment(t.Context(), visit.Appointment.ID, everything, func(a *Appointment) error {
		return a.Reschedule(at(11, 0), Administrator, now)
	})
	if !errors.Is(err, errMasterUnavailable) {
		t.Errorf("rescheduled: %v", err)
	}
	a, err := store.UpdateAppointment(t.Context(), visit.Appointment.ID, everything, func(a *Appointment) error {
		return a.Cancel(Administrator, "gone", now)
	})
	if err != nil || a.State != Cancelled || !a.Start().Equal(at(10, 0)) {
		t.Errorf("cancelled: %+v, %v", a, err)
	}
}

func TestRescheduleInTheDiary(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	cut := offerWith(t, db, newID(), 0, 10)
	colour := offerWith(t, db, cut.MasterID, 0, 0)
	mine, next := bookingOf(t, at(10, 0), cut), bookingOf(t, at(12, 0), cut)
	pair := bookingOf(t, at(14, 0), colour, colour)
	wantOutcomes(t, store, []*Booking{mine, next, pair}, Booked, Booked, Booked)
	move := func(b *Booking, start time.Time) error {
		_, err := store.UpdateAppointment(t.Context(), b.Appointment.ID, everything, func(a *Appointment) error {
			return a.Reschedule(start, Customer, now)
		})
		return err
	}
	tests := []struct {
		name  string
		visit *Booking
		start time.Time
		want  error
	}{
		{"into its own time", mine, at(10, 30), nil},
		{"right before the next one, with its buffer", mine, at(10, 50), nil},
		{"with its buffer in the next one", mine, at(10, 51), errSlotUnavailable},
		{"into the next one", mine, at(12, 30), errSlotUnavailable},
		{"two segments by less than one", pair, at(14, 30), nil},
		{"two segments, the second one into another visit", pair, at(10, 30), errSlotUnavailable},
		{"back", mine, at(10, 0), nil},
	}
	for _, tt := range tests {
		before, err := store.Appointment(t.Context(), tt.visit.Appointment.ID, everything)
		if err != nil {
			t.Fatal(err)
		}
		if err := move(tt.visit, tt.start); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		} else if err != nil && fieldOf(err) != "start_time" {
			t.Errorf("%s: blames %q", tt.name, fieldOf(err))
		}
		after, err := store.Appointment(t.Context(), tt.visit.Appointment.ID, everything)
		if err != nil {
			t.Fatal(err)
		}
		if tt.want != nil {
			wantAppointment(t, after, before)
		} else if !after.Start().Equal(tt.start) {
			t.Errorf("%s: begins at %v", tt.name, after.Start())
		}
	}
	wantNoOverlap(t, db)
}

func TestVisibility(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	first, second := offerOf(t, db), offerOf(t, db)
	b := bookingOf(t, at(10, 0), first, second)
	wantOutcomes(t, store, []*Booking{b}, Booked)
	tests := []struct {
		name string
		who  auth.Principal
		id   string
		want error
	}{
		{"customer", somebody(b.Appointment.CustomerID), b.Appointment.ID, nil},
		{"first master", performer(first.MasterID), b.Appointment.ID, nil},
		{"second master", performer(second.MasterID), b.Appointment.ID, nil},
		{"a master no more", somebody(first.MasterID), b.Appointment.ID, errNoAppointment},
		{"administrator", auth.Principal{UserID: newID(), Role: apiv1.Role_ROLE_ADMIN}, b.Appointment.ID, nil},
		{"another customer", somebody(newID()), b.Appointment.ID, errNoAppointment},
		{"another master", performer(newID()), b.Appointment.ID, errNoAppointment},
		{"administrator, unknown visit", everything, newID(), errNoAppointment},
	}
	for _, tt := range tests {
		if _, err := store.Appointment(t.Context(), tt.id, tt.who); !errors.Is(err, tt.want) {
			t.Errorf("%s reads: %v", tt.name, err)
		}
		seen := false
		_, err := store.UpdateAppointment(t.Context(), tt.id, tt.who, func(*Appointment) error {
			seen = true
			return nil
		})
		if !errors.Is(err, tt.want) || seen != (tt.want == nil) {
			t.Errorf("%s changes: %v", tt.name, err)
		}
	}
}

// TestListAppointments compares every page of every list with what a plain loop
// over all visits finds.
func TestListAppointments(t *testing.T) {
	db := pgtest.New(t, Migrations)
	store := NewStore(db)
	random := rand.New(rand.NewPCG(1, 2))
	offers := []Offer{offerOf(t, db), offerOf(t, db), offerOf(t, db)}
	// Masters are customers of each other too.
	people := []string{newID(), newID(), offers[0].MasterID}
	var all []*Appointment
	for range 60 {
		chosen := []Offer{offers[random.IntN(3)]}
		for random.IntN(3) == 0 {
			chosen = append(chosen, offers[random.IntN(3)])
		}
		b := bookingFor(t, people[random.IntN(3)], at(0, 0).Add(time.Duration(random.IntN(48))*time.Hour), chosen...)
		batch := []*ticket{ticketOf(t, b)}
		NewBooker(store, 1, 0, nil).commit(batch)
		if batch[0].err != nil {
			t.Fatal(batch[0].err)
		}
		if batch[0].result.Outcome != Booked {
			continue
		}
		if random.IntN(3) == 0 {
			b.Appointment = change(t, store, b.Appointment.ID, func(a *Appointment) error { return a.Cancel(Customer, "", now) })
		}
		all = append(all, b.Appointment)
	}
	from, before := at(6, 0), at(30, 0)
	admin := auth.Principal{UserID: newID(), Role: apiv1.Role_ROLE_ADMIN}
	viewers := []auth.Principal{admin, somebody(newID())}
	for _, id := range append(slices.Clone(people), offers[1].MasterID, offers[2].MasterID) {
		viewers = append(viewers, somebody(id), performer(id))
	}
	lists := 0
	for _, viewer := range viewers {
		for _, customerID := range append([]string{""}, people...) {
			for _, masterID := range []string{"", offers[0].MasterID, offers[1].MasterID} {
				for _, f := range []AppointmentFilter{
					{},
					{Descending: true},
					{From: &from, Before: &before},
					{States: []State{Pending}, Before: &before, Descending: true},
					{States: []State{Pending, Cancelled}, From: &from},
				} {
					f.VisibleTo, f.CustomerID, f.MasterID, f.Limit = viewer, customerID, masterID, 4
					lists++
					wantList(t, store, f, all)
				}
			}
		}
	}
	t.Logf("%d visits, %d lists", len(all), lists)
}

func wantList(t *testing.T, store *Store, f AppointmentFilter, all []*Appointment) {
	t.Helper()
	var want []string
	for _, a := range all {
		if f.lets(a) {
			want = append(want, a.ID)
		}
	}
	start := func(id string) time.Time {
		return all[slices.IndexFunc(all, func(a *Appointment) bool { return a.ID == id })].Start()
	}
	slices.SortFunc(want, func(a, b string) int { return cmp.Or(start(a).Compare(start(b)), cmp.Compare(a, b)) })
	if f.Descending {
		slices.Reverse(want)
	}
	name := fmt.Sprintf("%+v", f)
	var got []string
	for {
		found, err := store.ListAppointments(t.Context(), f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, a := range found {
			got = append(got, a.ID)
		}
		if len(found) < f.Limit {
			break
		}
		last := found[len(found)-1]
		f.After = &AppointmentCursor{Start: last.Start(), ID: last.ID}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s:\ngot  %v\nwant %v", name, got, want)
	}
}

// lets is the filter in Go.
func (f AppointmentFilter) lets(a *Appointment) bool {
	performs := func(id string) bool { return slices.Contains(a.Masters(), id) }
	switch {
	case !f.VisibleTo.IsAdmin() && a.CustomerID != f.VisibleTo.UserID &&
		(!f.VisibleTo.IsMaster() || !performs(f.VisibleTo.UserID)),
		len(f.States) > 0 && !slices.Contains(f.States, a.State),
		f.From != nil && a.Start().Before(*f.From),
		f.Before != nil && !a.Start().Before(*f.Before),
		f.CustomerID != "" && a.CustomerID != f.CustomerID,
		f.MasterID != "" && !performs(f.MasterID):
		return false
	}
	return true
}
