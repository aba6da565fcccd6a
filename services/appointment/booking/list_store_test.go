package booking

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/migrations"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// TestList compares every page of every list with what a plain loop over all appointments finds.
func TestList(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	random := rand.New(rand.NewPCG(1, 2))
	salons := []salon.Salon{first, newSalon(t, db)}
	var offerings [2][]catalog.Offering
	var customers [2][]people.Customer
	var accounts []string
	for range 2 {
		accounts = append(accounts, newAccount(t, db))
	}
	for i, s := range salons {
		for range 3 {
			offerings[i] = append(offerings[i], offeringOf(t, db, s, id.New(), 0, 0))
		}
		// Two accounts are customers of both salons, a master of each is one too, and one has no account.
		exec(t, db, "INSERT INTO accounts (id, disabled, version) VALUES (?, false, 1)", offerings[i][0].MasterID)
		for _, account := range append(slices.Clone(accounts), offerings[i][0].MasterID, "") {
			customers[i] = append(customers[i], newCustomer(t, db, s, account))
		}
	}
	var all []*Appointment
	for range 160 {
		in := random.IntN(2)
		chain := []catalog.Offering{offerings[in][random.IntN(3)]}
		for random.IntN(3) == 0 {
			chain = append(chain, offerings[in][random.IntN(3)])
		}
		customer := customers[in][random.IntN(len(customers[in]))]
		c := creationWith(t, customer, true, at(0, 0).Add(time.Duration(random.IntN(96))*30*time.Minute), chain...)
		if create(t, store, c)[0].Outcome != Booked {
			continue
		}
		if random.IntN(3) == 0 {
			c.appointment = change(t, store, c.appointment.ID, cancel("", by(Customer)))
		}
		all = append(all, c.appointment)
	}
	if len(all) < 50 {
		t.Fatalf("only %d appointments", len(all))
	}

	viewers := []auth.Principal{administrator, somebody(id.New()), somebody(accounts[0])}
	for i, s := range salons {
		masters, there := offerings[i], salons[1-i].ID
		viewers = append(viewers,
			staffOf(masters[0].MasterID, s.ID, roleMaster),
			staffOf(masters[1].MasterID, s.ID, roleMaster),
			staffOf(masters[1].MasterID, s.ID, roleMaster, roleReceptionist),
			staffOf(masters[2].MasterID, there, roleMaster), // works in the other salon now
			staffOf(accounts[0], s.ID, roleManager),
			staffOf(id.New(), s.ID, roleReceptionist),
		)
	}
	both := somebody(offerings[0][0].MasterID)
	both.Memberships = []auth.Membership{
		{SalonID: first.ID, Roles: []apiv1.SalonRole{roleMaster}}, {SalonID: salons[1].ID, Roles: []apiv1.SalonRole{roleManager}},
	}
	viewers = append(viewers, both)
	filters := []Filter{
		{},
		{Descending: true},
		{From: at(6, 0), To: at(30, 0)},
		{From: at(12, 30), Descending: true},
		{States: []State{Pending}, To: at(30, 0), Descending: true},
		{States: []State{Pending, Cancelled}, From: at(6, 30)},
		{SalonID: first.ID},
		{SalonID: salons[1].ID, Descending: true},
		{SalonID: id.New()},
	}
	lists, found := 0, 0
	for _, viewer := range viewers {
		for _, customerID := range []string{"", customers[0][0].ID, customers[1][2].ID} {
			for _, masterID := range []string{"", offerings[0][0].MasterID, offerings[0][1].MasterID, offerings[1][2].MasterID} {
				for _, f := range filters {
					f.VisibleTo, f.CustomerID, f.MasterID, f.Limit = viewer, customerID, masterID, 4
					lists++
					found += wantList(t, store, f, all)
				}
			}
		}
	}
	t.Logf("%d appointments, %d lists with %d", len(all), lists, found)
}

// wantList reads all pages of a list, and returns how many appointments it has.
func wantList(t *testing.T, store *Store, f Filter, all []*Appointment) int {
	t.Helper()
	var want []*Appointment
	for _, a := range all {
		if f.admits(a) {
			want = append(want, a)
		}
	}
	slices.SortFunc(want, func(a, b *Appointment) int { return cmp.Or(a.Start().Compare(b.Start()), cmp.Compare(a.ID, b.ID)) })
	if f.Descending {
		slices.Reverse(want)
	}
	name := fmt.Sprintf("%+v", f)
	var got []*Appointment
	for {
		page, err := store.List(t.Context(), f)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got = append(got, page...)
		if len(page) < f.Limit {
			break
		}
		last := page[len(page)-1]
		f.After = &Cursor{Start: last.Start(), ID: last.ID}
	}
	if len(got) != len(want) {
		t.Errorf("%s: %d appointments, want %d", name, len(got), len(want))
		return len(got)
	}
	for i := range got {
		if got[i].ID != want[i].ID {
			t.Errorf("%s: %s at place %d, want %s", name, got[i].ID, i, want[i].ID)
			break
		}
		wantAppointment(t, got[i], want[i])
	}
	return len(got)
}

// admits is the filter in Go.
func (f Filter) admits(a *Appointment) bool {
	performs := func(id string) bool { return slices.Contains(a.Masters(), id) }
	viewer := f.VisibleTo
	switch {
	case !viewer.IsAdmin() && a.AccountID != viewer.UserID &&
		!viewer.Has(a.SalonID, auth.FrontDesk...) &&
		(!viewer.Has(a.SalonID, roleMaster) || !performs(viewer.UserID)),
		f.SalonID != "" && a.SalonID != f.SalonID,
		len(f.States) > 0 && !slices.Contains(f.States, a.State),
		!f.From.IsZero() && !a.End().After(f.From),
		!f.To.IsZero() && !a.Start().Before(f.To),
		f.CustomerID != "" && a.CustomerID != f.CustomerID,
		f.MasterID != "" && !performs(f.MasterID):
		return false
	}
	return true
}

// TestListByTime: an appointment is in the list of the time that it takes, also when it began before.
func TestListByTime(t *testing.T) {
	db := pgtest.New(t, migrations.Migrations)
	store := NewStore(db)
	cut := newOffering(t, db)
	long := newOffering(t, db)
	minutes := int32(720)
	long.DurationOverrideMinutes = &minutes
	night := booked(t, store, creationOf(t, db, at(23, 30), cut)).appointment
	four := booked(t, store, creationOf(t, db, at(0, 0), slices.Repeat([]catalog.Offering{long}, 8)...)).appointment // four days
	for _, tt := range []struct {
		name     string
		from, to time.Time
		want     []*Appointment
	}{
		{"the day on which it begins", at(0, 0), at(24, 0), []*Appointment{four, night}},
		{"the day on which it ends", at(24, 0), at(48, 0), []*Appointment{four, night}},
		{"from its end on", at(24, 30), time.Time{}, []*Appointment{four}},
		{"from the minute before its end on", at(24, 29), time.Time{}, []*Appointment{four, night}},
		{"until its start", at(22, 0), at(23, 30), []*Appointment{four}},
		{"until the minute after its start", at(22, 0), at(23, 31), []*Appointment{four, night}},
		{"the last minute of the longest", at(95, 59), time.Time{}, []*Appointment{four}},
		{"from the end of the longest on", at(96, 0), time.Time{}, nil},
		{"until the start of the longest", time.Time{}, at(0, 0), nil},
	} {
		got, err := store.List(t.Context(), Filter{VisibleTo: administrator, From: tt.from, To: tt.to, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		same := func(a, b *Appointment) bool { return a.ID == b.ID }
		if !slices.EqualFunc(got, tt.want, same) {
			t.Errorf("%s: %d appointments, want %d", tt.name, len(got), len(tt.want))
		}
	}
}
