package booking

import (
	"slices"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// appointmentIn returns an appointment from 10:00 to 11:00 with buffers of 5 and 10 minutes.
func appointmentIn(state State) *Appointment {
	return &Appointment{
		ID: "a", SalonID: "salon", CustomerID: "c", AccountID: "ann", State: state, Version: 7, ChangedBy: Customer,
		UpdateTime: now, TotalMinor: 4500, Currency: "EUR", TimeZone: "UTC",
		Segments: []Segment{{
			ID: "s", MasterID: "m", Start: at(10, 0), End: at(11, 0), BufferBefore: 5 * time.Minute, BufferAfter: 10 * time.Minute,
			PriceMinor: 4500,
		}},
	}
}

// by is a change as of now.
func by(actor Actor) By { return By{Actor: actor, AccountID: administrator.UserID, Now: now} }

func TestCancelKeepsTheFirstReason(t *testing.T) {
	a := appointmentIn(Pending)
	if err := a.Cancel(by(Customer), "ill"); err != nil {
		t.Fatal(err)
	}
	if err := a.Cancel(By{Actor: Administrator, Now: at(12, 0)}, "closed"); err != nil {
		t.Fatal(err)
	}
	if a.CancelledBy != Customer || a.CancelReason != "ill" || a.Version != 8 {
		t.Errorf("got %+v", a)
	}
}

func TestCompleteRecordsTheTime(t *testing.T) {
	a := appointmentIn(Confirmed)
	if err := a.Do(Complete, By{Actor: Master, Now: at(10, 40)}, false); err != nil {
		t.Fatal(err)
	}
	if !a.CompleteTime.Equal(at(10, 40)) {
		t.Errorf("completed at %v, before the planned end", a.CompleteTime)
	}
}

// replanned is a plan of an appointment at another time.
func replanned(a *Appointment, start time.Time) (*availability.Rules, *availability.Plan) {
	offerings := make([]catalog.Offering, len(a.Segments))
	for i := range offerings {
		offerings[i] = again(a, i)
	}
	return planOf(salon.Salon{ID: a.SalonID, TimeZone: "Europe/Berlin", Currency: a.Currency}, a.CustomerID, start, offerings...)
}

func TestReschedule(t *testing.T) {
	a := appointmentIn(Confirmed)
	rules, plan := replanned(a, at(10, 30))
	if err := a.Reschedule(rules, plan, false, "", by(Customer)); err != nil {
		t.Fatal(err)
	}
	s, master := a.Segments[0], a.claims[0]
	for what, got := range map[string][2]time.Time{
		"start":       {s.Start, at(10, 30)},
		"end":         {s.End, at(11, 30)},
		"claim start": {master.From, at(10, 25)},
		"claim end":   {master.To, at(11, 40)},
		"previous":    {a.PreviousStart, at(10, 0)},
	} {
		if !got[0].Equal(got[1]) {
			t.Errorf("%s is %v, want %v", what, got[0], got[1])
		}
	}
	if a.State != Pending || a.TotalMinor != 4500 || a.UTCOffsetMinutes != 60 {
		t.Errorf("got %s for %d at offset %d", a.State, a.TotalMinor, a.UTCOffsetMinutes)
	}
	if err := a.Do(Confirm, by(Master), false); err != nil {
		t.Fatal(err)
	}
	if !a.PreviousStart.IsZero() {
		t.Error("the previous start stays after another change")
	}
}

func TestRescheduleToTheSameTime(t *testing.T) {
	for _, actor := range []Actor{Customer, Master, Receptionist, Manager, Administrator} {
		a := appointmentIn(Confirmed)
		rules, plan := replanned(a, at(10, 0))
		if err := a.Reschedule(rules, plan, true, "", by(actor)); err != nil {
			t.Errorf("%s: %v", actor, err)
		}
		if a.change != nil || a.Version != 7 || a.State != Confirmed || a.UTCOffsetMinutes != 0 {
			t.Errorf("%s: changed: %+v", actor, a)
		}
	}
}

// TestRescheduleWithoutConfirmation: a salon that confirms nothing does not confirm a move either.
func TestRescheduleWithoutConfirmation(t *testing.T) {
	a := appointmentIn(Confirmed)
	rules, plan := replanned(a, at(10, 30))
	rules.Policy.Confirmation = salon.ConfirmNever
	if err := a.Reschedule(rules, plan, false, "", by(Customer)); err != nil || a.State != Confirmed {
		t.Errorf("%s, %v", a.State, err)
	}
}

func TestActorFor(t *testing.T) {
	const other = "other salon"
	member := func(salonID string, roles ...apiv1.SalonRole) auth.Membership {
		return auth.Membership{SalonID: salonID, Roles: roles}
	}
	const (
		master       = apiv1.SalonRole_SALON_ROLE_MASTER
		receptionist = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST
		manager      = apiv1.SalonRole_SALON_ROLE_MANAGER
	)
	a := appointmentIn(Pending)
	for _, tt := range []struct {
		name        string
		user        string
		role        apiv1.Role
		memberships []auth.Membership
		want        Actor
	}{
		{"the customer", "ann", apiv1.Role_ROLE_CUSTOMER, nil, Customer},
		{"the customer, who is a master of the salon", "ann", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member("salon", master)}, Customer},
		{"the customer, who is a receptionist of the salon", "ann", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member("salon", receptionist)}, Receptionist},
		{"the customer, who manages another salon", "ann", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member(other, manager)}, Customer},
		{"the customer, who is an administrator", "ann", apiv1.Role_ROLE_ADMIN, nil, Administrator},
		{"the master", "m", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member("salon", master)}, Master},
		{"the master, who is a receptionist too", "m", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member("salon", master, receptionist)}, Receptionist},
		{"the master, who is a manager too", "m", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member("salon", master, receptionist, manager)}, Manager},
		{"the master, who has left", "m", apiv1.Role_ROLE_CUSTOMER, nil, Customer},
		{"the master, who works in another salon now", "m", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member(other, master)}, Customer},
		{"a manager in two salons", "x", apiv1.Role_ROLE_CUSTOMER, []auth.Membership{member(other, master), member("salon", manager)}, Manager},
		{"an administrator who is a master too", "m", apiv1.Role_ROLE_ADMIN, []auth.Membership{member("salon", master)}, Administrator},
		{"an administrator", "x", apiv1.Role_ROLE_ADMIN, nil, Administrator},
	} {
		if got := a.ActorFor(auth.Principal{UserID: tt.user, Role: tt.role, Memberships: tt.memberships}); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, actor := range []Actor{Customer, Master, Receptionist, Manager, Administrator, System} {
		if actor.IsStaff() == (actor == Customer || actor == System) {
			t.Errorf("%s is staff: %v", actor, actor.IsStaff())
		}
	}
}

func TestClaimsOfAnAppointment(t *testing.T) {
	offering := func(master string, minutes, before, after int32) catalog.Offering {
		o := offered(master, 100, minutes)
		o.Service.BufferBeforeMinutes, o.Service.BufferAfterMinutes = before, after
		return o
	}
	// The same master continues for 30 minutes, and another one ends it.
	rules, plan := planOf(first, "c", at(10, 0), offering("m", 60, 5, 10), offering("m", 30, 15, 5), offering("n", 30, 10, 0))
	for _, overlap := range []bool{false, true} {
		a, err := NewAppointment(rules, plan, people.Customer{ID: "c"}, Pending, "", "", overlap, by(Customer))
		if err != nil {
			t.Fatal(err)
		}
		one, two, three := a.Segments[0].ID, a.Segments[1].ID, a.Segments[2].ID
		want := []claims.Claim{
			{SegmentID: one, Kind: claims.Master, SubjectID: "m", From: at(9, 55), To: at(11, 0), Blocking: true},
			{SegmentID: two, Kind: claims.Master, SubjectID: "m", From: at(11, 0), To: at(11, 35), Blocking: true},
			{SegmentID: three, Kind: claims.Master, SubjectID: "n", From: at(11, 20), To: at(12, 0), Blocking: true},
			{SegmentID: one, Kind: claims.Customer, SubjectID: "c", From: at(10, 0), To: at(11, 0), Blocking: !overlap},
			{SegmentID: two, Kind: claims.Customer, SubjectID: "c", From: at(11, 0), To: at(11, 30), Blocking: !overlap},
			{SegmentID: three, Kind: claims.Customer, SubjectID: "c", From: at(11, 30), To: at(12, 0), Blocking: !overlap},
		}
		got := a.claims
		for i := range got {
			if got[i].ID == "" {
				t.Error("a claim has no id")
			}
			got[i].ID = ""
		}
		if !slices.Equal(got, want) {
			t.Errorf("overlap %v:\ngot  %+v\nwant %+v", overlap, got, want)
		}
		if got := a.Masters(); !slices.Equal(got, []string{"m", "n"}) {
			t.Errorf("masters %v", got)
		}
	}
}

func TestRated(t *testing.T) {
	a := appointmentIn(Completed)
	a.Segments = append(a.Segments, a.Segments[0])
	for _, tt := range []struct{ first, second, want bool }{{false, false, false}, {true, false, false}, {true, true, true}} {
		a.Segments[0].Rated, a.Segments[1].Rated = tt.first, tt.second
		if a.Rated() != tt.want {
			t.Errorf("%+v: rated %v", tt, a.Rated())
		}
	}
}
