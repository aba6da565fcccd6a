package e2e_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

const (
	createEntry  = appointmentv1.WaitlistService_CreateWaitlistEntry_FullMethodName
	getEntry     = appointmentv1.WaitlistService_GetWaitlistEntry_FullMethodName
	listEntries  = appointmentv1.WaitlistService_ListWaitlistEntries_FullMethodName
	leaveList    = appointmentv1.WaitlistService_LeaveWaitlist_FullMethodName
	declineOffer = appointmentv1.WaitlistService_DeclineWaitlistOffer_FullMethodName
	moveEntry    = appointmentv1.WaitlistService_MoveWaitlistEntry_FullMethodName
)

// waits makes a call that answers with an entry of the waitlist, which has to succeed.
func waits(t testing.TB, c salontest.Caller, as salontest.Identity, method string, req proto.Message) *appointmentv1.WaitlistEntry {
	t.Helper()
	return salontest.Do[*appointmentv1.WaitlistEntry](t, c, as, method, req)
}

// fitting asks for what an appointment takes, at its time and no other.
func fitting(a *appointmentv1.Appointment) *appointmentv1.CreateWaitlistEntryRequest {
	start := a.GetStartTime().AsTime().Add(time.Duration(a.GetUtcOffsetMinutes()) * time.Minute)
	req := &appointmentv1.CreateWaitlistEntryRequest{
		StartDate: start.Format(time.DateOnly), EndDate: start.Format(time.DateOnly),
		PartOfDay: &appointmentv1.WallInterval{Start: start.Format("15:04"), End: start.Add(time.Minute).Format("15:04")},
	}
	for _, s := range a.GetSegments() {
		req.Segments = append(req.Segments, &appointmentv1.SegmentFilter{ServiceId: s.GetServiceId(), MasterIds: []string{s.GetMasterId()}})
	}
	return req
}

// becomes waits until an entry stands somewhere.
func becomes(
	t testing.TB, c salontest.Caller, as salontest.Identity, entryID string, state appointmentv1.WaitlistState,
) *appointmentv1.WaitlistEntry {
	t.Helper()
	var e *appointmentv1.WaitlistEntry
	if !salontest.Deadline(20*time.Second, func() bool {
		e = waits(t, c, as, getEntry, &appointmentv1.GetWaitlistEntryRequest{EntryId: entryID})
		return e.GetState() == state
	}) {
		t.Fatalf("the entry does not become %v: %v", state, e)
	}
	return e
}

// entryOf is one of customer A for a time that is booked.
func (s *stage) entryOf() string {
	s.t.Helper()
	for _, e := range salontest.Do[*appointmentv1.ListWaitlistEntriesResponse](s.t, s.system.GRPC(), s.CustomerA, listEntries,
		&appointmentv1.ListWaitlistEntriesRequest{States: []appointmentv1.WaitlistState{1, 2}}).GetEntries() {
		waits(s.t, s.system.GRPC(), s.CustomerA, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: e.GetId()})
	}
	return waits(s.t, s.system.GRPC(), s.CustomerA, createEntry, fitting(s.Book(s.t, s.CustomerA, s.Master1))).GetId()
}

const frontDesk = "--  no 404  404 404 OK OK  404 404 404  OK"

var waitlistRights = []right{
	{createEntry, signedIn, func(s *stage) proto.Message {
		s.entryOf() // so that customer A has never too many
		return fitting(s.Book(s.t, s.CustomerA, s.Master1))
	}},
	{getEntry, "--  OK 404  404 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.GetWaitlistEntryRequest{EntryId: s.entryOf()}
	}},
	{listEntries, signedIn, fixed(&appointmentv1.ListWaitlistEntriesRequest{})},
	{leaveList, "--  OK 404  404 404 OK OK  404 404 404  OK", func(s *stage) proto.Message {
		return &appointmentv1.LeaveWaitlistRequest{EntryId: s.entryOf()}
	}},
	{declineOffer, "--  wrong 404  404 404 wrong wrong  404 404 404  wrong", func(s *stage) proto.Message {
		return &appointmentv1.DeclineWaitlistOfferRequest{EntryId: s.entryOf()}
	}},
	{moveEntry, frontDesk, func(s *stage) proto.Message {
		return &appointmentv1.MoveWaitlistEntryRequest{EntryId: s.entryOf(), Position: 1, Reason: "Waits long"}
	}},
}

// TestErasedTimeIsOffered: the account of a booked customer is erased, three wait; the first of the three is offered the place. When they do not
// answer, the second is, who books it.
func TestErasedTimeIsOffered(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "Europe/Berlin", 1)
		a := book(t, c, h.customer, &appointmentv1.CreateAppointmentRequest{Quote: new(h.slots(t, inDays(20), inDays(20))[4].GetQuote())})
		var customers []*salontest.Account
		var entries []string
		for _, name := range []string{"First", "Second", "Third"} {
			who := s.NewCustomer(t, name)
			e := waits(t, c, who, createEntry, fitting(a))
			if int(e.GetPosition()) != len(entries)+1 {
				t.Errorf("%s is at place %d", name, e.GetPosition())
			}
			customers, entries = append(customers, who), append(entries, e.GetId())
		}
		salontest.Do[*userv1.Erasure](t, c, h.customer, userv1.UserService_EraseMe_FullMethodName,
			&userv1.EraseMeRequest{CurrentPassword: h.customer.Password})
		first := becomes(t, c, customers[0], entries[0], appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED)
		if !first.GetOffer().GetStartTime().AsTime().Equal(a.GetStartTime().AsTime()) {
			t.Errorf("the first of the three is offered %v", first.GetOffer())
		}
		c.Call(t, s.NewCustomer(t, "Other"), createAppointment, salontest.Booking(h.masters[0], h.service, a.GetStartTime().AsTime())).
			Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")
		told := func(who *salontest.Account, typ notificationv1.NotificationType) {
			t.Helper()
			if !salontest.Deadline(20*time.Second, func() bool {
				list := salontest.Do[*notificationv1.ListNotificationsResponse](t, c, who,
					notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
				return slices.ContainsFunc(list.GetNotifications(), func(n *notificationv1.Notification) bool { return n.GetType() == typ })
			}) {
				t.Errorf("nobody tells of %v", typ)
			}
		}
		told(customers[0], notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFERED)

		s.ExpireNow(t, first.GetOffer().GetHoldId())
		second := becomes(t, c, customers[1], entries[1], appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED)
		told(customers[0], notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFER_EXPIRED)
		becomes(t, c, customers[0], entries[0], appointmentv1.WaitlistState_WAITLIST_STATE_WAITING)
		booked := book(t, c, customers[1], &appointmentv1.CreateAppointmentRequest{HoldId: new(second.GetOffer().GetHoldId())})
		salontest.Same(t, booked.GetStartTime(), a.GetStartTime())
		becomes(t, c, customers[1], entries[1], appointmentv1.WaitlistState_WAITLIST_STATE_BOOKED)
		becomes(t, c, customers[2], entries[2], appointmentv1.WaitlistState_WAITLIST_STATE_WAITING)
	})
}

// TestReasonsOfWaitlist drives what is declared beside the methods of the waitlist, and what is wrong in requests.
func TestReasonsOfWaitlist(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		receptionist := s.NewReceptionist(t, h.salon)
		a := book(t, c, s.NewCustomer(t, "Other"), &appointmentv1.CreateAppointmentRequest{Quote: new(h.slots(t, inDays(20), inDays(20))[4].GetQuote())})
		with := func(change func(*appointmentv1.CreateWaitlistEntryRequest)) *appointmentv1.CreateWaitlistEntryRequest {
			req := fitting(a)
			change(req)
			return req
		}
		forSomebody := with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.CustomerId = new(id.New()) })
		refuse(t, c,
			refused{"PERMISSION_DENIED", h.customer, createEntry, forSomebody},
			refused{"CUSTOMER_UNAVAILABLE", receptionist, createEntry, forSomebody},
			refused{"NOT_OFFERED", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.Segments[0].ServiceId = id.New() })},
			refused{"MASTER_UNAVAILABLE", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) {
				r.Segments[0].MasterIds = []string{h.customer.ID}
			})},
			refused{"INVALID_FIELDS", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.Segments = nil })},
			refused{"INVALID_FIELDS", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.StartDate = "tomorrow" })},
			refused{"INVALID_FIELDS", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.EndDate = inDays(100) })},
			refused{"INVALID_FIELDS", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) {
				r.StartDate, r.EndDate = inDays(-3), inDays(-2)
			})},
			refused{"INVALID_FIELDS", h.customer, createEntry, with(func(r *appointmentv1.CreateWaitlistEntryRequest) { r.PartOfDay.End = "00:00" })},
		)
		entry := waits(t, c, h.customer, createEntry, fitting(a)).GetId()
		for range 9 {
			waits(t, c, h.customer, createEntry, fitting(a))
		}
		refuse(t, c,
			refused{"TOO_MANY_WAITLIST_ENTRIES", h.customer, createEntry, fitting(a)},
			refused{"ILLEGAL_STATE", h.customer, declineOffer, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: entry}},
			refused{"PERMISSION_DENIED", h.customer, moveEntry, &appointmentv1.MoveWaitlistEntryRequest{EntryId: entry, Position: 1, Reason: "I"}},
			refused{"INVALID_FIELDS", receptionist, moveEntry, &appointmentv1.MoveWaitlistEntryRequest{EntryId: entry, Position: 1}},
			refused{"INVALID_FIELDS", receptionist, moveEntry, &appointmentv1.MoveWaitlistEntryRequest{EntryId: entry, Reason: "I"}},
			refused{"NOT_FOUND", h.customer, getEntry, &appointmentv1.GetWaitlistEntryRequest{EntryId: id.New()}},
		)
		salontest.Do[proto.Message](t, c, s.Admin(), appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
		offer := becomes(t, c, h.customer, entry, appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED).GetOffer()
		book(t, c, h.customer, &appointmentv1.CreateAppointmentRequest{HoldId: new(offer.GetHoldId())})
		refuse(t, c,
			refused{"ILLEGAL_STATE", h.customer, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: entry}},
			refused{"ILLEGAL_STATE", receptionist, moveEntry, &appointmentv1.MoveWaitlistEntryRequest{EntryId: entry, Position: 1, Reason: "I"}},
		)
	})
}
