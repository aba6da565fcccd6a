package waitlist

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// yoga is a service for two customers, with a session of it.
func (f *fixture) yoga(day int) (session *appointmentv1.GroupSession, place *appointmentv1.CreateAppointmentRequest, wish func() *joinReq) {
	catalogue := appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment"))
	service := ok(f, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Yoga", Category: "Hair", DurationMinutes: new(int32(60)), Capacity: new(int32(2)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(1000))},
	})
	ok(f, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: service.GetId()})
	groups := appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))
	session = ok(f, groups.CreateGroupSession, f.manager, &appointmentv1.CreateGroupSessionRequest{
		ServiceId: service.GetId(), MasterId: f.mira.UserID, StartTime: timestamppb.New(noon(day)),
	})
	date := noon(day).Format(time.DateOnly)
	return session, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())}, func() *joinReq {
		return &joinReq{Segments: []*appointmentv1.SegmentFilter{{ServiceId: service.GetId()}}, StartDate: date, EndDate: date}
	}
}

// A place that somebody gives back, or that a larger session has more, is offered to the first in turn, and nobody else gets it before.
func TestPlacesOfGroupSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session, place, wish := f.yoga(5)
	groups := appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))
	first := ok(f, f.appointments.CreateAppointment, f.ann, place)
	ok(f, f.appointments.CreateAppointment, f.ben, place)
	cas, dora := f.join(f.cas, wish()), f.join(f.dora, wish())
	f.wantState("WW", cas, dora)

	f.cancel(first)
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "start_time")
	f.work()
	f.wantState("OW", cas, dora)
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "start_time")
	booked := ok(f, f.appointments.CreateAppointment, f.cas, &appointmentv1.CreateAppointmentRequest{
		HoldId: new(f.entry(cas).GetOffer().GetHoldId()),
	})
	if booked.GetGroupSessionId() != session.GetId() {
		t.Errorf("booked %v", booked)
	}
	f.wantState("BW", cas, dora)

	ok(f, groups.ResizeGroupSession, f.manager, &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: session.GetId(), Capacity: 3})
	refused(f, f.appointments.CreateAppointment, f.ann, place, "GROUP_FULL", "start_time")
	f.work()
	f.wantState("BO", cas, dora)
	f.wantNothingKept()
	ok(f, f.entries.DeclineWaitlistOffer, f.dora, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: dora.GetId()})
	f.work()
	ok(f, f.appointments.CreateAppointment, f.ann, place)
}

// The place of a hold that has expired is offered to the first in turn, although nobody has noticed before others want it.
func TestPlaceOfExpiredHold(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	session, place, wish := f.yoga(5)
	date := noon(5).Format(time.DateOnly)
	found := ok(f, appointmentv1.NewAvailabilityServiceClient(f.Conns.For("appointment")).SearchAvailability, f.ann,
		&appointmentv1.SearchAvailabilityRequest{
			Segments: []*appointmentv1.SegmentFilter{{ServiceId: session.GetServiceId()}}, StartDate: date, EndDate: date,
		}).GetSlots()
	ok(f, f.appointments.CreateAppointment, f.dora, place)
	hold := &appointmentv1.CreateHoldRequest{Quote: found[0].GetQuote()}
	over := func(h *appointmentv1.Hold) {
		f.exec(`WITH h AS (UPDATE holds SET expire_time = clock_timestamp() WHERE id = ? RETURNING *),
			c AS (UPDATE claims c SET expire_time = h.expire_time FROM h WHERE c.appointment_id = h.appointment_id)
			UPDATE group_places p SET expire_time = h.expire_time FROM h WHERE p.appointment_id = h.appointment_id`, h.GetId())
	}
	f.join(f.ann, f.wish(20)) // ann is a customer of the salon
	over(ok(f, f.holds.CreateHold, f.ann, hold))
	again := ok(f, f.holds.CreateHold, f.ann, hold) // nobody waits on that day: whoever comes first has the place
	e := f.join(f.cas, wish())
	over(again)
	refused(f, f.appointments.CreateAppointment, f.ben, place, "GROUP_FULL", "start_time")
	f.work()
	f.wantState("O", e)
}
