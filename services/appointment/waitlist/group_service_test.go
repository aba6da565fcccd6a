package waitlist

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
)

// A place that somebody gives back, or that a larger session has more, is offered to the first in turn, and nobody else gets it before.
func TestPlacesOfGroupSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	catalogue := appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment"))
	yoga := ok(f, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Yoga", Category: "Hair", DurationMinutes: new(int32(60)), Capacity: new(int32(2)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(1000))},
	})
	ok(f, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: yoga.GetId()})
	groups := appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))
	const day = 5
	session := ok(f, groups.CreateGroupSession, f.manager, &appointmentv1.CreateGroupSessionRequest{
		ServiceId: yoga.GetId(), MasterId: f.mira.UserID, StartTime: timestamppb.New(noon(day)),
	})
	place := &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(session.GetId())}
	first := ok(f, f.appointments.CreateAppointment, f.ann, place)
	ok(f, f.appointments.CreateAppointment, f.ben, place)
	wish := func() *joinReq {
		date := noon(day).Format(time.DateOnly)
		return &joinReq{Segments: []*appointmentv1.SegmentFilter{{ServiceId: yoga.GetId()}}, StartDate: date, EndDate: date}
	}
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
