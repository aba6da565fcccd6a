package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	createHold  = appointmentv1.HoldService_CreateHold_FullMethodName
	getHold     = appointmentv1.HoldService_GetHold_FullMethodName
	extendHold  = appointmentv1.HoldService_ExtendHold_FullMethodName
	releaseHold = appointmentv1.HoldService_ReleaseHold_FullMethodName
)

// held is the answer of a method of holds that has to succeed.
func held(t testing.TB, c salontest.Caller, as salontest.Identity, method string, req proto.Message) *appointmentv1.Hold {
	t.Helper()
	return salontest.Do[*appointmentv1.Hold](t, c, as, method, req)
}

// quote is one of a start that nobody else uses, at master 1.
func (s *stage) quote() string {
	s.t.Helper()
	start := s.system.NextStart()
	date := start.UTC().Format(time.DateOnly)
	found := salontest.Do[*appointmentv1.SearchAvailabilityResponse](s.t, s.system.GRPC(), nil, searchAvailability,
		&appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: s.Service.GetId(), MasterIds: []string{s.Master1.ID}}},
			StartDate: date, EndDate: date, Limit: 500,
		})
	for _, slot := range found.GetSlots() {
		if slot.GetStartTime().AsTime().Equal(start) {
			return slot.GetQuote()
		}
	}
	s.t.Fatalf("%v is not offered", start)
	return ""
}

// hold is one of customer A.
func (s *stage) hold() string {
	s.t.Helper()
	return held(s.t, s.system.GRPC(), s.CustomerA, createHold, &appointmentv1.CreateHoldRequest{Quote: s.quote()}).GetId()
}

// released is a hold of customer A that was given back, so that there are never too many.
func (s *stage) released() string {
	id := s.hold()
	held(s.t, s.system.GRPC(), s.CustomerA, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: id})
	return id
}

var holdRights = []right{
	{createHold, everybody, func(s *stage) proto.Message { return &appointmentv1.CreateHoldRequest{Quote: s.quote()} }},
	{getHold, "404 OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.GetHoldRequest{HoldId: s.released()}
	}},
	{extendHold, "404 wrong 404  wrong 404 wrong wrong  404 404 404  wrong", func(s *stage) proto.Message {
		return &appointmentv1.ExtendHoldRequest{HoldId: s.released()}
	}},
	{releaseHold, "404 OK 404  OK 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.ReleaseHoldRequest{HoldId: s.released()}
	}},
}

// TestHolds: what somebody holds is theirs to book, whatever changes, until it expires or they give it back.
func TestHolds(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		receptionist := s.NewReceptionist(t, h.salon)
		slots := h.slots(t, inDays(20), inDays(20))
		slot := slots[40]
		start := slot.GetStartTime().AsTime()
		c.Call(t, h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{Quote: new(slot.GetQuote()), HoldProof: "proof"}).
			Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		// Who was signed in does not become a guest.
		c.Call(t, salontest.Token("expired"), createHold, &appointmentv1.CreateHoldRequest{Quote: slot.GetQuote()}).
			Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
		hold := held(t, c, h.customer, createHold, &appointmentv1.CreateHoldRequest{Quote: slot.GetQuote()})
		salontest.Same(t, held(t, c, h.customer, getHold, &appointmentv1.GetHoldRequest{HoldId: hold.GetId()}), hold)
		other := s.NewCustomer(t, "Other")
		c.Call(t, other, createAppointment, salontest.Booking(h.masters[0], h.service, start)).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		if blocks := h.explain(t, receptionist, start); len(blocks) == 0 {
			t.Error("nothing speaks against a start that is held")
		}
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(129600))})
		a := book(t, c, h.customer, &appointmentv1.CreateAppointmentRequest{HoldId: new(hold.GetId())})
		salontest.Same(t, a.GetTotalPrice(), slot.GetTotalPrice())
		salontest.Same(t, a.GetStartTime(), slot.GetStartTime())
		if got := held(t, c, h.customer, getHold, &appointmentv1.GetHoldRequest{HoldId: hold.GetId()}); got.GetAppointmentId() != a.GetId() ||
			got.GetState() != appointmentv1.HoldState_HOLD_STATE_BOOKED {
			t.Errorf("the hold is %v", got)
		}
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(0))})

		// One that is given back, and one that expires.
		for _, end := range []func(id, proof string){
			func(id, proof string) {
				held(t, c, nil, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: id, Proof: proof})
			},
			func(id, _ string) { s.ExpireNow(t, id) },
		} {
			hold := held(t, c, nil, createHold, &appointmentv1.CreateHoldRequest{Quote: slots[4].GetQuote()})
			if hold.GetProof() == "" || hold.GetCustomerId() != "" {
				t.Errorf("a guest holds %v", hold)
			}
			c.Call(t, nil, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: hold.GetId(), Proof: "guess"}).
				Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
			held(t, c, nil, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: hold.GetId(), Proof: hold.GetProof()})
			end(hold.GetId(), hold.GetProof())
			salontest.Same(t, h.slots(t, inDays(20), inDays(20))[4].GetStartTime(), slots[4].GetStartTime())
		}
		hold = held(t, c, nil, createHold, &appointmentv1.CreateHoldRequest{Quote: slots[4].GetQuote()})
		a = book(t, c, other, &appointmentv1.CreateAppointmentRequest{HoldId: new(hold.GetId()), HoldProof: hold.GetProof()})
		salontest.Same(t, a.GetStartTime(), slots[4].GetStartTime())
	})
}

// TestHoldOverHTTP: a hold is created at its own address, and its proof is stored nowhere.
func TestHoldOverHTTP(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	h := newShop(t, s.REST(), "UTC", 1)
	quote := h.slots(t, inDays(20), inDays(20))[4].GetQuote()
	r := s.HTTP(t, salontest.NewRequest(http.MethodPost, "/v1/holds", `{"quote":"`+quote+`"}`))
	var hold appointmentv1.Hold
	r.Result(t, &hold)
	if r.StatusCode != http.StatusCreated || r.Header.Get("Location") != "/v1/holds/"+hold.GetId() || r.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("answered %d with %v", r.StatusCode, r.Header)
	}
}

// TestReasonsOfHolds drives what is declared beside the methods of holds.
func TestReasonsOfHolds(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	abroad := salontest.Start(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 2)
		receptionist := s.NewReceptionist(t, h.salon)
		slots := h.slots(t, inDays(20), inDays(20))
		request := func(i int) *appointmentv1.CreateHoldRequest {
			return &appointmentv1.CreateHoldRequest{Quote: slots[i].GetQuote()}
		}
		forSomebody := request(0)
		forSomebody.CustomerId = new("019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c99")
		hold := held(t, c, h.customer, createHold, request(0))
		id := hold.GetId()
		foreign := newShop(t, abroad.Callers()[0], "UTC", 1).slots(t, inDays(20), inDays(20))[0].GetQuote()
		refuse(t, c,
			refused{"SLOT_UNAVAILABLE", receptionist, createHold, request(0)},
			refused{"PERMISSION_DENIED", h.customer, createHold, forSomebody},
			refused{"CUSTOMER_UNAVAILABLE", receptionist, createHold, forSomebody},
			refused{"QUOTE_INVALID", h.customer, createHold, &appointmentv1.CreateHoldRequest{Quote: "tomorrow"}},
			refused{"QUOTE_FOREIGN", h.customer, createHold, &appointmentv1.CreateHoldRequest{Quote: foreign}},
			refused{"NOT_FOUND", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(forSomebody.GetCustomerId())}},
			refused{"INVALID_FIELDS", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: &id, Quote: new(slots[1].GetQuote())}},
		)
		held(t, c, h.customer, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: id})
		refuse(t, c, refused{"ILLEGAL_STATE", h.customer, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: id}})
		s.ExpireNow(t, id)
		refuse(t, c,
			refused{"HOLD_EXPIRED", h.customer, extendHold, &appointmentv1.ExtendHoldRequest{HoldId: id}},
			refused{"HOLD_EXPIRED", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: &id}},
		)
		guests := held(t, c, nil, createHold, request(0))
		refuse(t, c, refused{"PERMISSION_DENIED", nil, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: guests.GetId()}})
		refuse(t, c, refused{"PERMISSION_DENIED", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(guests.GetId())}})
		book(t, c, h.customer, &appointmentv1.CreateAppointmentRequest{HoldId: new(guests.GetId()), HoldProof: guests.GetProof()})
		refuse(t, c,
			refused{"ILLEGAL_STATE", nil, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: guests.GetId(), Proof: guests.GetProof()}},
			refused{"ILLEGAL_STATE", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(guests.GetId()), HoldProof: guests.GetProof()}},
		)
		// The other master is free at the time that the customer is booked.
		found := h.find(t, nil, &appointmentv1.SearchAvailabilityRequest{StartDate: inDays(20), EndDate: inDays(20), Limit: 1}).GetSlots()
		refuse(t, c, refused{"CUSTOMER_BUSY", h.customer, createHold, &appointmentv1.CreateHoldRequest{Quote: found[0].GetQuote()}})
		var held3 []*appointmentv1.Hold
		for i := range 3 {
			held3 = append(held3, held(t, c, h.customer, createHold, request(20+8*i)))
		}
		refuse(t, c, refused{"TOO_MANY_HOLDS", h.customer, createHold, request(60)})
		held(t, c, h.customer, releaseHold, &appointmentv1.ReleaseHoldRequest{HoldId: held3[0].GetId()})
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{MaxOpenAppointments: new(int32(1))})
		refuse(t, c, refused{"TOO_MANY_OPEN_APPOINTMENTS", h.customer, createHold, request(60)})
		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{HorizonDays: new(int32(2)), MaxOpenAppointments: new(int32(0))})
		refuse(t, c, refused{"NOT_BOOKABLE", h.customer, createHold, request(60)})
		salontest.Do[proto.Message](t, c, s.Admin(), appointmentv1.CatalogService_UpdateService_FullMethodName,
			&appointmentv1.UpdateServiceRequest{ServiceId: h.service.GetId(), Active: new(false)})
		refuse(t, c, refused{"NOT_OFFERED", h.customer, createHold, request(60)})
		for _, master := range h.masters {
			c.Call(t, s.Admin(), userv1.MasterService_DeleteMaster_FullMethodName, &userv1.DeleteMasterRequest{MasterId: master.ID})
		}
		refuse(t, c,
			refused{"MASTER_UNAVAILABLE", h.customer, createHold, request(60)},
			refused{"MASTER_UNAVAILABLE", h.customer, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(held3[1].GetId())}},
		)
	})
}
