package waitlist

import (
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestLostOffers: what a program has done with the hold of an offer that knows nothing of the waitlist, the entry follows.
func TestLostOffers(t *testing.T) {
	f := newFixture(t)
	offered := func(who auth.Principal, day int) *appointmentv1.WaitlistEntry {
		e := f.join(who, f.wants(day))
		f.wantState("O", e)
		return e
	}
	booked, released, expired, gone := offered(f.ann, 6), offered(f.ben, 7), offered(f.cas, 8), offered(f.dora, 9)
	kept := offered(f.ann, 10)
	hold := func(e *appointmentv1.WaitlistEntry) string { return f.entry(e).GetOffer().GetHoldId() }
	for e, state := range map[*appointmentv1.WaitlistEntry]string{booked: "BOOKED", released: "RELEASED", expired: "EXPIRED"} {
		id := hold(e)
		f.exec("UPDATE holds SET state = ?, version = version + 1 WHERE id = ?", state, id)
		if state != "BOOKED" {
			f.exec("DELETE FROM claims c USING holds h WHERE h.id = ? AND c.appointment_id = h.appointment_id", id)
		}
	}
	f.exec("DELETE FROM claims c USING holds h WHERE h.id = ? AND c.appointment_id = h.appointment_id", hold(gone))
	f.exec("DELETE FROM holds WHERE id = ?", hold(gone))
	f.wantState("OOOOO", booked, released, expired, gone, kept)
	for range 2 {
		if err := f.waitlist.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.wantState("BWWWO", booked, released, expired, gone, kept)
		for e, want := range map[*appointmentv1.WaitlistEntry]int32{released: 0, expired: 1, gone: 1} {
			if got := f.entry(e).GetUnansweredOffers(); got != want {
				t.Errorf("%d offers are unanswered, want %d", got, want)
			}
		}
	}
	if f.entry(booked).GetAppointmentId() == "" {
		t.Error("the entry does not say what is booked")
	}
	f.work()
	f.wantState("BWWWO", booked, released, expired, gone, kept) // nobody is offered the same time again
	f.wantNothingKept()
}

// TestPrune: an entry that has ended is removed after 30 days, with its offers and moves; one that waits stays.
func TestPrune(t *testing.T) {
	f := newFixture(t)
	left, waits := f.join(f.ann, f.wants(6)), f.join(f.ben, f.wants(6, func(r *joinReq) { r.EndDate = "2027-11-30" }))
	ok(f, f.entries.MoveWaitlistEntry, f.manager, &moveReq{EntryId: left.GetId(), Position: 2, Reason: "Asked to"})
	ok(f, f.entries.LeaveWaitlist, f.ann, &leaveReq{EntryId: left.GetId()})
	f.exec(`INSERT INTO waitlist_entries (salon_id, id, customer_id, state, leave_cause, wish, start_date, end_date, turn, fresh, version, create_time, update_time)
		SELECT salon_id, gen_random_uuid(), customer_id, state, leave_cause, wish, start_date, end_date, turn, false, 1, create_time, update_time
		FROM waitlist_entries, generate_series(1, ?) WHERE id = ?`, prunePage, left.GetId())
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{29 * 24 * time.Hour, prunePage + 2}, {31 * 24 * time.Hour, 1}} {
		f.Clock.Set(noon(4).Add(c.after))
		if err := f.waitlist.Prune(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := f.count("waitlist_entries"); n != c.want {
			t.Errorf("after %v there are %d entries, want %d", c.after, n, c.want)
		}
	}
	f.entry(waits)
	if n := f.count("waitlist_offers o WHERE o.entry_id = ?", left.GetId()) + f.count("waitlist_moves"); n > 0 {
		t.Errorf("%d offers and moves are left", n)
	}
}
