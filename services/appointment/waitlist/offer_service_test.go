package waitlist

import (
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
)

// TestFirstInTurn: what is cancelled is offered to the first in the line, then to the next, and at last free for everybody.
func TestFirstInTurn(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	first, second := f.join(f.ann, f.wants(6)), f.join(f.ben, f.wants(6))
	f.wantState("WW", first, second)
	if first.GetPosition() != 1 || second.GetPosition() != 2 {
		t.Errorf("the positions are %d and %d", first.GetPosition(), second.GetPosition())
	}

	f.cancel(a)
	booking := &appointmentv1.CreateAppointmentRequest{
		Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
		StartTime: timestamppb.New(noon(6)),
	}
	refused(f, f.appointments.CreateAppointment, f.dora, booking, "SLOT_UNAVAILABLE", "start_time")
	f.work()
	f.wantState("OW", first, second)
	f.wantNothingKept()
	offer := f.entry(first).GetOffer()
	if !offer.GetStartTime().AsTime().Equal(noon(6)) {
		t.Errorf("offered is %v", offer)
	}
	refused(f, f.appointments.CreateAppointment, f.dora, booking, "SLOT_UNAVAILABLE", "start_time")
	refused(f, f.holds.ExtendHold, f.ann, &appointmentv1.ExtendHoldRequest{HoldId: offer.GetHoldId()}, "ILLEGAL_STATE", "hold_id")

	f.expire(first)
	refused(f, f.appointments.CreateAppointment, f.dora, booking, "SLOT_UNAVAILABLE", "start_time")
	f.work()
	f.wantState("WO", first, second)
	if got := f.entry(first); got.GetUnansweredOffers() != 1 || got.GetPosition() != 1 {
		t.Errorf("after an offer without answer: %v", got)
	}

	meant := &declineReq{EntryId: second.GetId(), HoldId: new(f.entry(second).GetOffer().GetHoldId())}
	refused(f, f.entries.DeclineWaitlistOffer, f.ben, &declineReq{EntryId: second.GetId(), HoldId: new(offer.GetHoldId())}, "ILLEGAL_STATE", "hold_id")
	ok(f, f.entries.DeclineWaitlistOffer, f.ben, meant)
	ok(f, f.entries.DeclineWaitlistOffer, f.ben, meant) // a repeated call
	refused(f, f.entries.DeclineWaitlistOffer, f.ben, &declineReq{EntryId: second.GetId()}, "ILLEGAL_STATE", "entry_id")
	f.work()
	f.wantState("WW", first, second)
	f.wantNothingKept()
	ok(f, f.appointments.CreateAppointment, f.dora, booking)
}

// TestBookOffer: the offer is booked with its hold, and the entry ends; whoever books something else goes on waiting.
func TestBookOffer(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	e := f.join(f.ann, f.wants(6))
	f.book(f.ann, f.mira, 7)
	f.wantState("W", e)
	f.cancel(a)
	f.work()
	hold := f.entry(e).GetOffer().GetHoldId()
	refused(f, f.appointments.CreateAppointment, f.ben, &appointmentv1.CreateAppointmentRequest{HoldId: &hold}, "NOT_FOUND", "")
	booked := ok(f, f.appointments.CreateAppointment, f.ann, &appointmentv1.CreateAppointmentRequest{HoldId: &hold})
	got := f.entry(e)
	if got.GetState() != appointmentv1.WaitlistState_WAITLIST_STATE_BOOKED || got.GetAppointmentId() != booked.GetId() || got.GetPosition() != 0 {
		t.Errorf("the entry is %v", got)
	}
	refused(f, f.entries.LeaveWaitlist, f.ann, &leaveReq{EntryId: e.GetId()}, "ILLEGAL_STATE", "entry_id")
}

// TestOfferAndLimits: an offer that nobody has asked for does not keep its customer from booking something else. When it is booked, the limits count.
func TestOfferAndLimits(t *testing.T) {
	f := newFixture(t)
	f.book(f.ben, f.mira, 7) // the salon knows him
	f.exec("UPDATE salons SET max_open_appointments = 2")
	e := f.join(f.ben, f.wants(6))
	f.wantState("O", e)
	other := f.book(f.ben, f.zoe, 8)
	req := &appointmentv1.CreateAppointmentRequest{HoldId: new(e.GetOffer().GetHoldId())}
	refused(f, f.appointments.CreateAppointment, f.ben, req, "TOO_MANY_OPEN_APPOINTMENTS", "")
	f.cancel(other)
	ok(f, f.appointments.CreateAppointment, f.ben, req)
}

// TestNobodySlipsIn: of those who try to book all the time, nobody gets what is cancelled but the first in the line.
func TestNobodySlipsIn(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	e := f.join(f.ann, f.wants(6))
	stop := make(chan struct{})
	var bookers sync.WaitGroup
	for range 16 {
		who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
		bookers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				_, err := f.appointments.CreateAppointment(f.As(who), &appointmentv1.CreateAppointmentRequest{
					Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
					StartTime: timestamppb.New(noon(6)),
				})
				if reason := apierr.ReasonOf(err); err == nil || reason != "SLOT_UNAVAILABLE" && reason != "CONTENTION" {
					t.Errorf("somebody else books: %v", err)
				}
			}
		})
	}
	f.cancel(a)
	f.work()
	f.wantState("O", e)
	f.expire(e)
	f.exec("UPDATE waitlist_offers SET start_time = start_time - interval '1 day', end_time = end_time - interval '1 day'") // as if it was another time
	f.work()
	f.wantState("O", e)
	close(stop)
	bookers.Wait()
}

// TestWhatFits: only what fits is offered.
func TestWhatFits(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6) // a Wednesday
	other := f.book(f.dora, f.zoe, 7)
	for name, c := range map[string]struct {
		change func(*joinReq)
		fits   bool
	}{
		"another master": {func(r *joinReq) {
			r.Segments[0].MasterIds = []string{f.zoe.UserID}
			r.StartDate, r.EndDate = "2027-10-07", "2027-10-07"
		}, false},
		"some masters": {func(r *joinReq) {
			r.Segments[0].MasterIds = []string{f.zoe.UserID, f.mira.UserID}
			f.book(f.cas, f.zoe, 6)
		}, true},
		"another part of day": {func(r *joinReq) { r.PartOfDay = &appointmentv1.WallInterval{Start: "12:15", End: "12:30"} }, true},
		"other days":          {func(r *joinReq) { r.Days = []appointmentv1.DayOfWeek{appointmentv1.DayOfWeek_DAY_OF_WEEK_FRIDAY} }, false},
		"a chain": {func(r *joinReq) {
			r.Segments = append(r.Segments, &appointmentv1.SegmentFilter{ServiceId: f.shave.GetId(), MasterIds: []string{f.mira.UserID}})
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := *f
			f.t = t
			e := f.join(f.ann, f.wants(6, c.change))
			f.wantState("W", e)
			f.cancel(a)
			f.work()
			want := "W"
			if c.fits {
				want = "O"
			}
			f.wantState(want, e)
			ok(&f, f.entries.LeaveWaitlist, f.ann, &leaveReq{EntryId: e.GetId()})
			f.work()
			f.wantNothingKept()
			a = f.book(f.dora, f.mira, 6)
		})
	}
	f.cancel(other)
}

// TestRestOfFreedTime: what the first in the line leaves of a freed time is offered to the others.
func TestRestOfFreedTime(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	shave := func(start, end string) *joinReq {
		return f.wants(6, func(r *joinReq) {
			r.Segments[0].ServiceId = f.shave.GetId()
			r.PartOfDay = &appointmentv1.WallInterval{Start: start, End: end}
		})
	}
	list := []*appointmentv1.WaitlistEntry{
		f.join(f.ann, shave("12:00", "12:45")), f.join(f.ben, shave("12:00", "12:45")), f.join(f.cas, shave("12:00", "12:45")),
	}
	f.cancel(a)
	f.work()
	f.wantState("OOW", list...)
	f.wantNothingKept()
}

// TestUnanswered: after three offers in a row without an answer, the entry ends.
func TestUnanswered(t *testing.T) {
	f := newFixture(t)
	e := f.join(f.ann, f.wants(6, func(r *joinReq) { r.EndDate = "2027-10-12" }))
	for range 3 {
		f.wantState("O", e)
		f.expire(e)
		f.work()
	}
	if got := f.entry(e); got.GetLeaveCause() != appointmentv1.WaitlistLeaveCause_WAITLIST_LEAVE_CAUSE_UNANSWERED {
		t.Errorf("the entry is %v", got)
	}
}

// TestWidenedRules: hours that are widened are offered too.
func TestWidenedRules(t *testing.T) {
	f := newFixture(t)
	closed := ok(f, f.schedules.CreateClosure, f.manager, &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-10-06", EndDate: "2027-10-06",
	})
	e := f.join(f.ann, f.wants(6))
	f.wantState("W", e)
	ok(f, f.schedules.DeleteClosure, f.manager, &appointmentv1.DeleteClosureRequest{ClosureId: closed.GetClosure().GetId()})
	f.work()
	f.wantState("O", e)
}

// TestOtherWaysToFree: time that is freed otherwise is offered as well.
func TestOtherWaysToFree(t *testing.T) {
	for name, free := range map[string]func(*fixture, *appointmentv1.Appointment){
		"move": func(f *fixture, a *appointmentv1.Appointment) {
			ok(f, f.appointments.RescheduleAppointment, f.admin, &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: a.GetId(), StartTime: timestamppb.New(noon(6).Add(time.Hour)),
			})
		},
		"erasure": func(f *fixture, _ *appointmentv1.Appointment) {
			err := f.db.InTx(f.t.Context(), func(tx *postgres.DB) error {
				_, _, err := f.bookings.Erase(f.t.Context(), tx, f.dora.UserID)
				return err
			})
			if err != nil {
				f.t.Fatal(err)
			}
		},
		"time of a hold": func(f *fixture, a *appointmentv1.Appointment) {
			ok(f, f.entries.LeaveWaitlist, f.ben, &leaveReq{EntryId: ok(f, f.entries.ListWaitlistEntries, f.ben, &listReq{}).GetEntries()[0].GetId()})
			f.cancel(a)
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			a := f.book(f.dora, f.mira, 6)
			other := f.join(f.ben, f.wants(7)) // what is free already
			f.wantState("O", other)
			e := f.join(f.ann, f.wants(6))
			free(f, a)
			refused(f, f.appointments.CreateAppointment, f.cas, &appointmentv1.CreateAppointmentRequest{
				Segments:  []*appointmentv1.SegmentInput{{ServiceId: f.cut.GetId(), MasterId: new(f.mira.UserID)}},
				StartTime: timestamppb.New(noon(6)),
			}, "SLOT_UNAVAILABLE", "start_time")
			f.work()
			f.wantState("O", e)
		})
	}
}

// TestNobodyWaits: where nobody waits on that date, nothing is kept.
func TestNobodyWaits(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	f.join(f.ann, f.wants(20, func(r *joinReq) { r.PartOfDay.Start, r.PartOfDay.End = "12:00", "12:01" }))
	f.cancel(a)
	f.wantNothingKept()
	f.book(f.ben, f.mira, 6)
}

// Offers count among the holds of a customer: whoever has as many as the policy permits waits on.
func TestOffersAreHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ok(f, f.salons.UpdateBookingPolicy, f.admin, &appointmentv1.UpdateBookingPolicyRequest{SalonId: id.FirstSalon, MaxHolds: new(int32(1))})
	one, other := f.join(f.ann, f.wants(5)), f.join(f.ann, f.wants(6))
	f.wantState("OW", one, other)
	ok(f, f.entries.DeclineWaitlistOffer, f.ann, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: one.GetId()})
	ok(f, f.entries.LeaveWaitlist, f.ann, &appointmentv1.LeaveWaitlistRequest{EntryId: one.GetId()})
	f.exec("UPDATE waitlist_lines SET rules_version = 0")
	f.work()
	f.wantState("LO", one, other)
}
