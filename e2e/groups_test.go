package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	createGroup     = appointmentv1.GroupService_CreateGroupSession_FullMethodName
	getGroup        = appointmentv1.GroupService_GetGroupSession_FullMethodName
	listGroups      = appointmentv1.GroupService_ListGroupSessions_FullMethodName
	resizeGroup     = appointmentv1.GroupService_ResizeGroupSession_FullMethodName
	rescheduleGroup = appointmentv1.GroupService_RescheduleGroupSession_FullMethodName
	cancelGroup     = appointmentv1.GroupService_CancelGroupSession_FullMethodName
)

// class is a service of a salon for three customers.
func class(t testing.TB, s *salontest.System, salonID string, by *salontest.Account) *appointmentv1.Service {
	t.Helper()
	service := s.NewServiceOf(t, salonID, func(r *appointmentv1.CreateServiceRequest) { r.Capacity = new(int32(3)) })
	s.Offer(t, by, service)
	return service
}

func grouped(t testing.TB, c salontest.Caller, as salontest.Identity, method string, req proto.Message) *appointmentv1.GroupSession {
	t.Helper()
	return salontest.Do[*appointmentv1.GroupSession](t, c, as, method, req)
}

// opening asks for a session of master 1 at a start that nobody else uses.
func (s *stage) opening() *appointmentv1.CreateGroupSessionRequest {
	if s.class == nil {
		s.class = class(s.t, s.system, salontest.DefaultSalon, s.Master1)
	}
	return &appointmentv1.CreateGroupSessionRequest{
		ServiceId: s.class.GetId(), MasterId: s.Master1.ID, StartTime: timestamp(s.system.NextStart()),
	}
}

// group is a session of master 1.
func (s *stage) group() string {
	s.t.Helper()
	return grouped(s.t, s.system.GRPC(), s.receptionist, createGroup, s.opening()).GetId()
}

const runsGroup = "--  no no  OK no OK OK  no no no  OK"

var groupRights = []right{
	{createGroup, runsGroup, func(s *stage) proto.Message { return s.opening() }},
	{getGroup, everybody, func(s *stage) proto.Message { return &appointmentv1.GetGroupSessionRequest{GroupSessionId: s.group()} }},
	{listGroups, everybody, fixed(&appointmentv1.ListGroupSessionsRequest{SalonId: salontest.DefaultSalon})},
	{resizeGroup, runsGroup, func(s *stage) proto.Message {
		return &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: s.group(), Capacity: 5}
	}},
	{rescheduleGroup, runsGroup, func(s *stage) proto.Message {
		return &appointmentv1.RescheduleGroupSessionRequest{GroupSessionId: s.group(), StartTime: timestamp(s.system.NextStart())}
	}},
	{cancelGroup, runsGroup, func(s *stage) proto.Message {
		return &appointmentv1.CancelGroupSessionRequest{GroupSessionId: s.group(), Reason: "The master is ill."}
	}},
}

// TestGroupSessions: a session is opened, found, booked, moved and cancelled, and every reason of its methods is driven.
func TestGroupSessions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 2)
		desk := s.NewReceptionist(t, h.salon)
		service := class(t, s, h.salon, h.masters[0])
		noon := func(days int) time.Time {
			return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, days).Add(12 * time.Hour)
		}
		open := func(start time.Time) *appointmentv1.CreateGroupSessionRequest {
			return &appointmentv1.CreateGroupSessionRequest{ServiceId: service.GetId(), MasterId: h.masters[0].ID, StartTime: timestamp(start)}
		}
		preview := open(noon(20))
		preview.ValidateOnly = true
		if g := grouped(t, c, desk, createGroup, preview); g.GetId() != "" || g.GetCapacity() != 3 {
			t.Errorf("would open %v", g)
		}
		g := grouped(t, c, desk, createGroup, open(noon(20)))
		id := g.GetId()
		date := noon(20).Format(time.DateOnly)
		found := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, c, nil, searchAvailability, &appointmentv1.SearchAvailabilityRequest{
			Segments: []*appointmentv1.SegmentFilter{{ServiceId: service.GetId()}}, StartDate: date, EndDate: date,
		}).GetSlots()
		if len(found) != 1 || found[0].GetGroupSessionId() != id {
			t.Fatalf("found %v", found)
		}
		a := book(t, c, h.customer, &appointmentv1.CreateAppointmentRequest{GroupSessionId: &id})
		if a.GetGroupSessionId() != id || a.GetGroupPlace() != 1 {
			t.Errorf("booked %v", a)
		}
		other := s.NewCustomer(t, "Other")
		book(t, c, other, &appointmentv1.CreateAppointmentRequest{Quote: new(found[0].GetQuote())})
		unknown := open(noon(21))
		unknown.ServiceId = h.service.GetId()
		gone := open(noon(21))
		gone.MasterId = unknownID
		colleague := open(noon(21))
		colleague.MasterId = h.masters[1].ID
		resize := func(n int32) *appointmentv1.ResizeGroupSessionRequest {
			return &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: id, Capacity: n}
		}
		move := func(start time.Time) *appointmentv1.RescheduleGroupSessionRequest {
			return &appointmentv1.RescheduleGroupSessionRequest{GroupSessionId: id, StartTime: timestamp(start)}
		}
		past := time.Now().Add(-time.Hour).Truncate(time.Minute)
		second := grouped(t, c, desk, createGroup, open(noon(22)))
		third := s.NewCustomer(t, "Third")
		refuse(t, c,
			refused{"SLOT_UNAVAILABLE", desk, createGroup, open(noon(20))},
			refused{"START_IN_PAST", desk, createGroup, open(past)},
			refused{"NOT_OFFERED", desk, createGroup, unknown},
			refused{"MASTER_UNAVAILABLE", desk, createGroup, gone},
			refused{"PERMISSION_DENIED", h.masters[0], createGroup, colleague},
			refused{"GROUP_PLACES_TAKEN", desk, resizeGroup, resize(1)},
			refused{"START_IN_PAST", desk, rescheduleGroup, move(past)},
			refused{"SLOT_UNAVAILABLE", desk, rescheduleGroup, move(noon(22))},
			refused{"PERMISSION_DENIED", h.masters[1], resizeGroup, resize(4)},
			refused{"PERMISSION_DENIED", h.masters[1], rescheduleGroup, move(noon(23))},
			refused{"PERMISSION_DENIED", h.masters[1], cancelGroup, &appointmentv1.CancelGroupSessionRequest{GroupSessionId: id, Reason: "No."}},
			refused{"NOT_FOUND", third, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(unknownID)}},
			refused{"INVALID_FIELDS", third, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: &id, StartTime: timestamp(noon(20))}},
		)
		grouped(t, c, desk, resizeGroup, resize(2))
		thirds := book(t, c, third, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(second.GetId())})
		refuse(t, c,
			refused{"GROUP_FULL", third, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: &id}},
			refused{"GROUP_FULL", third, createHold, &appointmentv1.CreateHoldRequest{Quote: found[0].GetQuote()}},
			refused{"GROUP_FULL", third, rescheduleAppointment, &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: thirds.GetId(), StartTime: timestamp(noon(20)),
			}},
		)
		if moved := grouped(t, c, desk, rescheduleGroup, move(noon(23))); !moved.GetStartTime().AsTime().Equal(noon(23)) {
			t.Errorf("moved %v", moved)
		}
		salontest.Do[*appointmentv1.Appointment](t, c, desk, appointmentv1.AppointmentService_ConfirmAppointment_FullMethodName,
			&appointmentv1.ConfirmAppointmentRequest{AppointmentId: thirds.GetId()})
		salontest.Do[*appointmentv1.Appointment](t, c, desk, appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
			&appointmentv1.CompleteAppointmentRequest{AppointmentId: thirds.GetId(), Early: true})
		refuse(t, c, refused{"ILLEGAL_STATE", desk, cancelGroup, &appointmentv1.CancelGroupSessionRequest{GroupSessionId: second.GetId(), Reason: "Too late."}})
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{HorizonDays: new(int32(2))})
		refuse(t, c,
			refused{"NOT_BOOKABLE", desk, createGroup, open(noon(24))},
			refused{"NOT_BOOKABLE", desk, rescheduleGroup, move(noon(24))},
		)
		cancel := &appointmentv1.CancelGroupSessionRequest{GroupSessionId: id, Reason: "The master is ill."}
		salontest.Same(t, grouped(t, c, desk, cancelGroup, cancel), grouped(t, c, desk, cancelGroup, cancel))
		refuse(t, c,
			refused{"ILLEGAL_STATE", desk, resizeGroup, resize(4)},
			refused{"ILLEGAL_STATE", desk, rescheduleGroup, move(noon(24))},
		)
		got := salontest.Do[*appointmentv1.Appointment](t, c, h.customer, getAppointment, &appointmentv1.GetAppointmentRequest{AppointmentId: a.GetId()})
		if got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || got.GetCancelReason() != cancel.GetReason() {
			t.Errorf("a place of a cancelled session is %v", got)
		}
	})
}

// groups is what cannot be done with group sessions.
func (w *world) groups() []refusal {
	var cases []refusal
	add := func(name, method, reason, field string, req proto.Message) {
		r := refusal{name: name, as: w.receptionist, method: method, req: req, reason: reason}
		if field != "" {
			r.fields = []string{field}
		}
		cases = append(cases, r)
	}
	const invalid = "INVALID_FIELDS"
	open := func(change func(*appointmentv1.CreateGroupSessionRequest)) proto.Message {
		req := &appointmentv1.CreateGroupSessionRequest{
			ServiceId: w.Service.GetId(), MasterId: w.Master1.ID, StartTime: timestamp(time.Now().Add(240 * time.Hour).Truncate(time.Hour)),
		}
		change(req)
		return req
	}
	for _, capacity := range []int32{-1, 0, 501} {
		add("a session for a number that cannot be", createGroup, invalid, "capacity", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.Capacity = &capacity }))
		add("another capacity that cannot be", resizeGroup, invalid, "capacity", &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: unknownID, Capacity: capacity})
	}
	add("a session of no service", createGroup, invalid, "service_id", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.ServiceId = "" }))
	add("a session of an unknown service", createGroup, "NOT_OFFERED", "service_id", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.ServiceId = unknownID }))
	add("a session of a service for one", createGroup, "NOT_OFFERED", "service_id", open(func(*appointmentv1.CreateGroupSessionRequest) {}))
	add("a session of nobody", createGroup, invalid, "master_id", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.MasterId = "Mira" }))
	add("a session at no time", createGroup, invalid, "start_time", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.StartTime = nil }))
	add("a session with seconds", createGroup, invalid, "start_time", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.StartTime.Seconds++ }))
	add("a session in a room that is none", createGroup, invalid, "resource_ids[0]", open(func(r *appointmentv1.CreateGroupSessionRequest) { r.ResourceIds = []string{"room"} }))
	add("a move of nothing", rescheduleGroup, "NOT_FOUND", "", &appointmentv1.RescheduleGroupSessionRequest{GroupSessionId: unknownID, StartTime: timestamp(time.Now())})
	add("a cancellation without a reason", cancelGroup, invalid, "reason", &appointmentv1.CancelGroupSessionRequest{GroupSessionId: unknownID})
	add("a cancellation of nothing", cancelGroup, "NOT_FOUND", "", &appointmentv1.CancelGroupSessionRequest{GroupSessionId: unknownID, Reason: "x"})
	add("a list backwards", listGroups, invalid, "", &appointmentv1.ListGroupSessionsRequest{
		SalonId: salontest.DefaultSalon, From: timestamp(time.Unix(1e9, 0)), To: timestamp(time.Unix(1e9-1, 0)),
	})
	cases = append(cases, refusal{
		name: "a capacity in words", over: onlyREST, as: w.receptionist, reason: "MALFORMED_REQUEST", fields: []string{"capacity"},
		http: salontest.NewRequest(http.MethodPost, "/v1/groupSessions/"+unknownID+":resize", `{"capacity":"many"}`),
	})
	return cases
}
