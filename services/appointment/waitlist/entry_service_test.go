package waitlist

import (
	"testing"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

// TestJoin: customers join for themselves, the front desk for customers and guests; each sees what is theirs.
func TestJoin(t *testing.T) {
	f := newFixture(t)
	f.book(f.dora, f.mira, 6)
	req := f.wants(6)
	req.RequestId = id.New()
	e := ok(f, f.entries.CreateWaitlistEntry, f.ann, req)
	if again := ok(f, f.entries.CreateWaitlistEntry, f.ann, req); !proto.Equal(again, e) {
		t.Errorf("a repeated call returns %v, not %v", again, e)
	}
	guest := ok(f, appointmentv1.NewCustomerServiceClient(f.Conns.For("appointment")).CreateCustomer, f.receptionist,
		&appointmentv1.CreateCustomerRequest{SalonId: new(id.FirstSalon), DisplayName: "Guest"})
	forGuest := func(r *joinReq) { r.CustomerId = new(guest.GetId()) }
	g := f.join(f.receptionist, f.wants(6, forGuest))
	if g.GetCustomerId() != guest.GetId() || g.GetPosition() != 2 {
		t.Errorf("the entry of a guest is %v", g)
	}
	refused(f, f.entries.CreateWaitlistEntry, f.ben, f.wants(6, forGuest), "PERMISSION_DENIED", "customer_id")
	refused(f, f.entries.CreateWaitlistEntry, f.mira, f.wants(6, forGuest), "PERMISSION_DENIED", "customer_id")
	refused(f, f.entries.CreateWaitlistEntry, f.receptionist, f.wants(6, func(r *joinReq) { r.CustomerId = new(id.New()) }),
		"CUSTOMER_UNAVAILABLE", "customer_id")

	for _, who := range []auth.Principal{f.ann, f.receptionist, f.manager, f.admin} {
		ok(f, f.entries.GetWaitlistEntry, who, &getReq{EntryId: e.GetId()})
	}
	for _, who := range []auth.Principal{f.ben, f.mira} {
		refused(f, f.entries.GetWaitlistEntry, who, &getReq{EntryId: e.GetId()}, "NOT_FOUND", "")
		refused(f, f.entries.LeaveWaitlist, who, &leaveReq{EntryId: e.GetId()}, "NOT_FOUND", "")
		refused(f, f.entries.DeclineWaitlistOffer, who, &declineReq{EntryId: e.GetId()}, "NOT_FOUND", "")
		refused(f, f.entries.MoveWaitlistEntry, who, &moveReq{EntryId: e.GetId(), Position: 1, Reason: "Why not"}, "NOT_FOUND", "")
		if list := ok(f, f.entries.ListWaitlistEntries, who, &listReq{}).GetEntries(); len(list) > 0 {
			t.Errorf("others see %v", list)
		}
	}
	refused(f, f.entries.MoveWaitlistEntry, f.ann, &moveReq{EntryId: e.GetId(), Position: 1, Reason: "Why not"}, "PERMISSION_DENIED", "")
}

// TestOfferToGuest: what is offered to a guest is seen and booked by the front desk.
func TestOfferToGuest(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	guest := ok(f, appointmentv1.NewCustomerServiceClient(f.Conns.For("appointment")).CreateCustomer, f.receptionist,
		&appointmentv1.CreateCustomerRequest{SalonId: new(id.FirstSalon), DisplayName: "Guest"})
	e := f.join(f.receptionist, f.wants(6, func(r *joinReq) { r.CustomerId = new(guest.GetId()) }))
	f.cancel(a)
	f.work()
	f.wantState("O", e)
	hold := f.entry(e).GetOffer().GetHoldId()
	holds := appointmentv1.NewHoldServiceClient(f.Conns.For("appointment"))
	if got := ok(f, holds.GetHold, f.receptionist, &appointmentv1.GetHoldRequest{HoldId: hold}); got.GetCustomerId() != guest.GetId() {
		t.Errorf("the front desk sees %v", got)
	}
	for _, who := range []auth.Principal{{}, f.ann} {
		refused(f, holds.GetHold, who, &appointmentv1.GetHoldRequest{HoldId: hold}, "NOT_FOUND", "")
	}
	booked := ok(f, f.appointments.CreateAppointment, f.receptionist, &appointmentv1.CreateAppointmentRequest{HoldId: &hold})
	if booked.GetCustomerId() != guest.GetId() {
		t.Errorf("booked is %v", booked)
	}
	f.wantState("B", e)
}

// TestMove: the front desk changes the line with a reason, which is kept.
func TestMove(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	list := []*appointmentv1.WaitlistEntry{f.join(f.ann, f.wants(6)), f.join(f.ben, f.wants(6)), f.join(f.cas, f.wants(6))}
	moved := ok(f, f.entries.MoveWaitlistEntry, f.receptionist, &moveReq{EntryId: list[2].GetId(), Position: 1, Reason: "Waits since May"})
	if len(moved.GetMoves()) != 1 || moved.GetPosition() != 1 {
		t.Fatalf("the entry is %v", moved)
	}
	m := moved.GetMoves()[0]
	if m.GetActor() != appointmentv1.Actor_ACTOR_RECEPTIONIST || m.GetAccountId() != f.receptionist.UserID || m.GetReason() != "Waits since May" ||
		m.GetFromPosition() != 3 || m.GetToPosition() != 1 {
		t.Errorf("the move is %v", m)
	}
	if own := ok(f, f.entries.GetWaitlistEntry, f.cas, &getReq{EntryId: moved.GetId()}); len(own.GetMoves()) > 0 {
		t.Errorf("the customer sees %v", own.GetMoves())
	}
	ok(f, f.entries.MoveWaitlistEntry, f.manager, &moveReq{EntryId: list[0].GetId(), Position: 1000, Reason: "Asked to"})
	var order []string
	for page := ""; ; {
		got := ok(f, f.entries.ListWaitlistEntries, f.receptionist, &listReq{SalonId: new(id.FirstSalon), PageSize: 1, PageToken: page})
		for _, e := range got.GetEntries() {
			order = append(order, e.GetId())
		}
		if page = got.GetNextPageToken(); page == "" {
			break
		}
	}
	if len(order) != 3 || order[0] != list[2].GetId() || order[1] != list[1].GetId() || order[2] != list[0].GetId() {
		t.Errorf("the line is %v", order)
	}
	f.cancel(a)
	f.work()
	f.wantState("WWO", list...)
	ok(f, f.entries.LeaveWaitlist, f.receptionist, &leaveReq{EntryId: list[2].GetId()})
	refused(f, f.entries.MoveWaitlistEntry, f.manager, &moveReq{EntryId: list[2].GetId(), Position: 1, Reason: "Back"}, "ILLEGAL_STATE", "entry_id")
	f.work()
	f.wantState("WOL", list...)
}

// TestLeave: leaving gives back what is offered, and leaving twice changes nothing.
func TestLeave(t *testing.T) {
	f := newFixture(t)
	e := f.join(f.ann, f.wants(6))
	f.wantState("O", e)
	left := ok(f, f.entries.LeaveWaitlist, f.ann, &leaveReq{EntryId: e.GetId()})
	if left.GetLeaveCause() != appointmentv1.WaitlistLeaveCause_WAITLIST_LEAVE_CAUSE_CUSTOMER || left.GetOffer() != nil {
		t.Errorf("the entry is %v", left)
	}
	if again := ok(f, f.entries.LeaveWaitlist, f.ann, &leaveReq{EntryId: e.GetId()}); !proto.Equal(again, left) {
		t.Errorf("leaving twice returns %v", again)
	}
	f.book(f.ben, f.mira, 6)

	// An offer that has expired, of which nobody knows yet.
	e = f.join(f.cas, f.wants(7))
	f.exec("UPDATE holds SET expire_time = clock_timestamp() WHERE state = 'ACTIVE'")
	refused(f, f.entries.DeclineWaitlistOffer, f.cas, &declineReq{EntryId: e.GetId()}, "ILLEGAL_STATE", "entry_id")
	ok(f, f.entries.LeaveWaitlist, f.receptionist, &leaveReq{EntryId: e.GetId()})
	if err := f.bookings.ExpireHolds(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantState("L", e)
}

// TestErase: an account that is erased leaves, and what was written about it is removed.
func TestErase(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	list := []*appointmentv1.WaitlistEntry{f.join(f.ann, f.wants(6)), f.join(f.ben, f.wants(6))}
	ok(f, f.entries.MoveWaitlistEntry, f.manager, &moveReq{EntryId: list[1].GetId(), Position: 1, Reason: "Ben asked"})
	f.cancel(a)
	f.work()
	f.wantState("WO", list...)
	err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
		customers, _, err := f.bookings.Erase(t.Context(), tx, f.ben.UserID)
		if err != nil {
			return err
		}
		_, err = f.waitlist.Erase(t.Context(), tx, f.ben.UserID, customers)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.work()
	f.wantState("OL", list...)
	got := f.entry(list[1])
	if got.GetLeaveCause() != appointmentv1.WaitlistLeaveCause_WAITLIST_LEAVE_CAUSE_ERASED || got.GetMoves()[0].GetReason() != "" {
		t.Errorf("the entry is %v", got)
	}
}

// TestBadRequests: each names its field, and nothing is written.
func TestBadRequests(t *testing.T) {
	f := newFixture(t)
	yoga, _ := f.yoga(5)
	before := f.count("waitlist_entries")
	for _, c := range []struct {
		reason, field string
		change        func(*joinReq)
	}{
		{"INVALID_FIELDS", "segments", func(r *joinReq) { r.Segments = nil }},
		{"INVALID_FIELDS", "start_date", func(r *joinReq) { r.StartDate = "2027-02-30" }},
		{"INVALID_FIELDS", "end_date", func(r *joinReq) { r.EndDate = "2027-10-05" }},
		{"INVALID_FIELDS", "end_date", func(r *joinReq) { r.EndDate = "2027-12-07" }},
		{"INVALID_FIELDS", "end_date", func(r *joinReq) { r.StartDate, r.EndDate = "2027-10-01", "2027-10-03" }},
		{"INVALID_FIELDS", "end_date", func(r *joinReq) { r.StartDate, r.EndDate = "2029-10-01", "2029-10-03" }},
		{"INVALID_FIELDS", "part_of_day.end", func(r *joinReq) { r.PartOfDay.End = "11:00" }},
		{"INVALID_FIELDS", "days[0]", func(r *joinReq) { r.Days = []appointmentv1.DayOfWeek{0} }},
		{"NOT_OFFERED", "segments[0].service_id", func(r *joinReq) { r.Segments[0].ServiceId = id.New() }},
		{"NOT_OFFERED", "segments[1].service_id", func(r *joinReq) {
			r.Segments = append(r.Segments, &appointmentv1.SegmentFilter{ServiceId: yoga.GetId()})
		}},
		{"MASTER_UNAVAILABLE", "segments[0].master_id", func(r *joinReq) { r.Segments[0].MasterIds = []string{f.ann.UserID} }},
	} {
		refused(f, f.entries.CreateWaitlistEntry, f.ann, f.wants(6, c.change), c.reason, c.field)
	}
	if n := f.count("waitlist_entries"); n != before {
		t.Errorf("%d entries were written", n-before)
	}
	f.book(f.dora, f.mira, 6)
	for range maxEntries {
		ok(f, f.entries.CreateWaitlistEntry, f.ann, f.wants(6))
	}
	refused(f, f.entries.CreateWaitlistEntry, f.ann, f.wants(6), "TOO_MANY_WAITLIST_ENTRIES", "")
}
