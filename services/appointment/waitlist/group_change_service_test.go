package waitlist

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

// classFixture is a class for two by Mira, with a session in which Ann and Ben are.
type classFixture struct {
	*fixture

	service *appointmentv1.Service
	groups  appointmentv1.GroupServiceClient
	session *appointmentv1.GroupSession
	anns    *appointmentv1.Appointment
}

const classDay = 5

func newClassFixture(t *testing.T) *classFixture {
	t.Helper()
	f := &classFixture{fixture: newFixture(t)}
	f.groups = appointmentv1.NewGroupServiceClient(f.Conns.For("appointment"))
	catalogue := appointmentv1.NewCatalogServiceClient(f.Conns.For("appointment"))
	f.service = ok(f.fixture, catalogue.CreateService, f.admin, &appointmentv1.CreateServiceRequest{
		SalonId: new(id.FirstSalon), Name: "Yoga", Category: "Hair", DurationMinutes: new(int32(60)), Capacity: new(int32(2)),
		Price: &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(1000))},
	})
	ok(f.fixture, catalogue.PutOffering, f.admin, &appointmentv1.PutOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.service.GetId()})
	f.session = ok(f.fixture, f.groups.CreateGroupSession, f.manager, &appointmentv1.CreateGroupSessionRequest{
		ServiceId: f.service.GetId(), MasterId: f.mira.UserID, StartTime: timestamppb.New(noon(classDay)),
	})
	f.anns = ok(f.fixture, f.appointments.CreateAppointment, f.ann, f.place())
	ok(f.fixture, f.appointments.CreateAppointment, f.ben, f.place())
	return f
}

func (f *classFixture) place() *appointmentv1.CreateAppointmentRequest {
	return &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(f.session.GetId())}
}

// waits lets somebody wait for the class on a day.
func (f *classFixture) waits(who auth.Principal, day int) *appointmentv1.WaitlistEntry {
	f.t.Helper()
	date := noon(day).Format(time.DateOnly)
	return f.join(who, &joinReq{Segments: []*appointmentv1.SegmentFilter{{ServiceId: f.service.GetId()}}, StartDate: date, EndDate: date})
}

func (f *classFixture) resize(capacity int32) {
	f.t.Helper()
	ok(f.fixture, f.groups.ResizeGroupSession, f.manager, &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: f.session.GetId(), Capacity: capacity})
}

func (f *classFixture) move(day int) {
	f.t.Helper()
	ok(f.fixture, f.groups.RescheduleGroupSession, f.manager, &appointmentv1.RescheduleGroupSessionRequest{
		GroupSessionId: f.session.GetId(), StartTime: timestamppb.New(noon(day)),
	})
}

// A place that is kept for the waitlist stays kept when the session gets more places, or fewer as long as it has room for it.
func TestResizedSessionKeepsPlaces(t *testing.T) {
	t.Parallel()
	f := newClassFixture(t)
	cas, dora := f.waits(f.cas, classDay), f.waits(f.dora, classDay)
	f.cancel(f.anns)
	f.resize(3)
	for range 2 {
		refused(f.fixture, f.appointments.CreateAppointment, f.ann, f.place(), "GROUP_FULL", "group_session_id")
	}
	f.resize(2) // one of the two that are kept has room beside Ben's
	refused(f.fixture, f.appointments.CreateAppointment, f.ann, f.place(), "GROUP_FULL", "group_session_id")
	if n := f.count("group_places WHERE freed_id IS NOT NULL AND number <= 2"); n != 1 {
		t.Errorf("%d places are kept", n)
	}
	f.resize(1) // Ben's alone
	f.resize(2)
	f.work()
	f.wantState("OW", cas, dora)
	f.wantNothingKept()
}

// The places of a session that is moved are offered to who waits for its new date, at once, and nobody else gets them before.
func TestMovedSessionIsOffered(t *testing.T) {
	t.Parallel()
	f := newClassFixture(t)
	f.resize(3)
	const later = 9
	cas := f.waits(f.cas, later)
	f.wantState("W", cas)
	f.move(later)
	refused(f.fixture, f.appointments.CreateAppointment, f.dora, f.place(), "GROUP_FULL", "group_session_id")
	f.work()
	f.wantState("O", cas)
	f.wantNothingKept()
	if start := f.entry(cas).GetOffer().GetStartTime().AsTime(); !start.Equal(noon(later)) {
		t.Errorf("offered %s", start)
	}
}

// What was kept at the old time is kept at the new one.
func TestMovedSessionKeepsPlaces(t *testing.T) {
	t.Parallel()
	f := newClassFixture(t)
	const later = 9
	cas, dora := f.waits(f.cas, classDay), f.waits(f.dora, later)
	f.cancel(f.anns)
	f.move(later)
	refused(f.fixture, f.appointments.CreateAppointment, f.ann, f.place(), "GROUP_FULL", "group_session_id")
	f.work()
	f.wantState("WO", cas, dora)
	f.wantNothingKept()
}
