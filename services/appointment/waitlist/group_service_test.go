package waitlist

import (
	"context"
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// yoga is a service for two at once, and a session of it at noon of a day.
func (f *fixture) yoga(day int) (*appointmentv1.Service, *appointmentv1.GroupSession) {
	f.t.Helper()
	yoga := ok(f, appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment")).CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Yoga", Category: "Hair", DurationMinutes: new(int32(60)), Capacity: new(int32(2)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(1000))},
	})
	ok(f, appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment")).PutOffering, f.admin,
		&appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: yoga.GetId()})
	return yoga, ok(f, appointmentv1.NewGroupServiceClient(f.Conns.For("appointment")).CreateGroupSession, f.manager,
		&appointmentv1.CreateGroupSessionRequest{ServiceId: yoga.GetId(), MasterId: f.mira.UserID, StartTime: timestamppb.New(noon(day))})
}

// placeOf is for a place in a session of a service on a day.
func (f *fixture) placeOf(service *appointmentv1.Service, day int) *joinReq {
	date := noon(day).Format(time.DateOnly)
	return &joinReq{Segments: []*appointmentv1.SegmentFilter{{ServiceId: service.GetId()}}, StartDate: date, EndDate: date}
}

// quote is that of the one place that a search finds on a day.
func (f *fixture) quote(service *appointmentv1.Service, day int) *string {
	f.t.Helper()
	date := noon(day).Format(time.DateOnly)
	found := ok(f, f.searches.SearchAvailability, f.dora, &appointmentv1.SearchAvailabilityRequest{
		Segments: []*appointmentv1.SegmentFilter{{ServiceId: service.GetId()}}, StartDate: date, EndDate: date,
	})
	if len(found.GetSlots()) != 1 {
		f.t.Fatalf("found %v", found)
	}
	return new(found.GetSlots()[0].GetQuote())
}

// The place of a hold that has expired goes to the line, also when a stranger wants it before anybody has freed it. Where nobody waits, whoever
// finds it books it.
func TestPlaceOfExpiredHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const day = 5
	yoga, session := f.yoga(day)
	place := &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())}
	ok(f, f.appointments.CreateAppointment, f.ann, place)
	ok(f, f.holds.CreateHold, f.ben, &appointmentv1.CreateHoldRequest{Quote: *f.quote(yoga, day)})
	cas := f.join(f.cas, f.placeOf(yoga, day))
	f.wantState("W", cas)
	quote := func() *string { return f.quote(yoga, day) }
	expire := func() { f.exec("UPDATE holds SET expire_time = clock_timestamp() WHERE state = 'ACTIVE'") }
	lapse := func() {
		f.exec("UPDATE group_places SET expire_time = clock_timestamp() WHERE freed_id IS NULL AND expire_time IS NOT NULL")
	}

	expire()
	lapse()
	found := quote()
	refused(f, f.holds.CreateHold, f.dora, &appointmentv1.CreateHoldRequest{Quote: *found}, "GROUP_FULL", "quote")
	refused(f, f.appointments.CreateAppointment, f.dora, place, "GROUP_FULL", "group_session_id")
	f.work()
	f.wantState("O", cas)

	// An offer that has expired: the next pass finds the place of the hold, and offers it to the next.
	dora := f.join(f.dora, f.placeOf(yoga, day))
	expire()
	lapse()
	f.exec("UPDATE waitlist_entries SET fresh = true WHERE id = ?", dora.GetId())
	f.work()
	f.work()
	f.wantState("WO", cas, dora)

	for _, e := range []*appointmentv1.WaitlistEntry{cas, dora} {
		ok(f, f.entries.LeaveWaitlist, f.manager, &leaveReq{EntryId: e.GetId()})
	}
	f.work()
	ok(f, f.holds.CreateHold, f.ben, &appointmentv1.CreateHoldRequest{Quote: *quote()})
	expire()
	lapse()
	found = quote()
	ok(f, f.appointments.CreateAppointment, f.ben, &appointmentv1.CreateAppointmentRequest{Quote: found}) // whose own hold is in the way
}

// TestOtherPrograms: a program that does not know of places ends a hold, cancels an appointment and moves another one. Their places go to the
// line.
func TestOtherPrograms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	yoga, session := f.yoga(5)
	place := &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())}
	wait := func(who auth.Principal) *appointmentv1.WaitlistEntry { return f.join(who, f.placeOf(yoga, 5)) }

	hold := ok(f, f.holds.CreateHold, f.ann, &appointmentv1.CreateHoldRequest{Quote: *f.quote(yoga, 5)})
	a := ok(f, f.appointments.CreateAppointment, f.ben, place)
	cas, dora := wait(f.cas), wait(f.dora)
	f.wantState("WW", cas, dora)
	f.exec("UPDATE holds SET state = 'RELEASED' WHERE id = ?", hold.GetId())
	f.work()
	f.wantState("OW", cas, dora)
	f.exec("UPDATE appointments SET state = 'CANCELLED', cancelled_by = 'CUSTOMER' WHERE id = ?", a.GetId())
	f.work()
	f.wantState("OO", cas, dora)

	booked := ok(f, f.appointments.CreateAppointment, f.cas, &appointmentv1.CreateAppointmentRequest{
		HoldId: new(f.entry(cas).GetOffer().GetHoldId()),
	})
	ann := wait(f.ann)
	f.wantState("BOW", cas, dora, ann)
	f.exec("UPDATE appointments SET start_time = start_time + interval '3 hours', end_time = end_time + interval '3 hours' WHERE id = ?", booked.GetId())
	f.work()
	f.wantState("BOO", cas, dora, ann)
	if n := f.count("appointments WHERE id = ? AND group_session_id IS NULL", booked.GetId()); n != 1 {
		t.Error("what was moved is still a place")
	}
}

// A place that somebody gives back, or that a larger session has more, is offered to the first in turn, and nobody else gets it before.
func TestPlacesOfGroupSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	groups := appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))
	const day = 5
	yoga, session := f.yoga(day)
	place := &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())}
	first := ok(f, f.appointments.CreateAppointment, f.ann, place)
	ok(f, f.appointments.CreateAppointment, f.ben, place)
	wants := func() *joinReq { return f.placeOf(yoga, day) }
	cas, dora := f.join(f.cas, wants()), f.join(f.dora, wants())
	f.wantState("WW", cas, dora)

	f.cancel(first)
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "group_session_id")
	f.work()
	f.wantState("OW", cas, dora)
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "group_session_id")
	booked := ok(f, f.appointments.CreateAppointment, f.cas, &appointmentv1.CreateAppointmentRequest{
		HoldId: new(f.entry(cas).GetOffer().GetHoldId()),
	})
	if booked.GetGroupSessionId() != session.GetId() {
		t.Errorf("booked %v", booked)
	}
	f.wantState("BW", cas, dora)

	ok(f, groups.ResizeGroupSession, f.manager, &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: session.GetId(), Capacity: 3})
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "group_session_id")
	f.work()
	f.wantState("BO", cas, dora)
	f.wantNothingKept()
	ok(f, f.entries.DeclineWaitlistOffer, f.dora, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: dora.GetId()})
	f.work()
	ok(f, f.appointments.CreateAppointment, f.ann, place)
}

// TestEraseWaitsForSessions: erasing an account that has a place waits for whoever has the lock of the session.
func TestEraseWaitsForSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, session := f.yoga(5)
	ok(f, f.appointments.CreateAppointment, f.ann, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())})
	erase := func(ctx context.Context) error {
		return f.db.InTx(ctx, func(tx *postgres.DB) error {
			_, _, err := f.bookings.Erase(ctx, tx, f.ann.UserID)
			return err
		})
	}
	err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
		if err := claims.Lock(t.Context(), tx, session.GetId()); err != nil {
			return err
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := erase(short); !errors.Is(err, claims.ErrContention) {
			t.Errorf("while somebody changes the session: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := erase(t.Context()); err != nil {
		t.Error(err)
	}
}
