package resilience_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	listEntries     = appointmentv1.WaitlistService_ListWaitlistEntries_FullMethodName
	moveEntry       = appointmentv1.WaitlistService_MoveWaitlistEntry_FullMethodName
	getGroup        = appointmentv1.GroupService_GetGroupSession_FullMethodName
	resizeGroup     = appointmentv1.GroupService_ResizeGroupSession_FullMethodName
	rescheduleGroup = appointmentv1.GroupService_RescheduleGroupSession_FullMethodName
	cancelGroup     = appointmentv1.GroupService_CancelGroupSession_FullMethodName
	// What succeeds with methods that succeed anyway.
	bookedPlace   = "a place of a group session"
	movedPlace    = "a move to another session"
	acceptedOffer = "an accepted offer"
)

// lineActions are what happens to group sessions and to the waitlist.
var lineActions = []action{
	{5, bookedPlace, func(c *everyClient) {
		a, ok := c.do(c.as, createAppointment,
			&appointmentv1.CreateAppointmentRequest{GroupSessionId: new(c.session())}).(*appointmentv1.Appointment)
		if ok {
			c.succeeded(bookedPlace)
			c.mine = append(c.mine, a.GetId())
		}
	}},
	{3, createHold, func(c *everyClient) {
		if quote := c.quoteOf(c.class, c.first, c.first.AddDate(0, 0, 3)); quote != "" {
			if h, ok := c.do(c.as, createHold, &appointmentv1.CreateHoldRequest{Quote: quote}).(*appointmentv1.Hold); ok {
				c.holds = append(c.holds, h)
			}
		}
	}},
	{3, movedPlace, func(c *everyClient) {
		from := c.openSession(3) // days, so that nobody waits for a place
		if from == nil {
			return
		}
		defer c.closeSession(from)
		to, _ := c.do(c.desk, getGroup, &appointmentv1.GetGroupSessionRequest{GroupSessionId: c.session()}).(*appointmentv1.GroupSession)
		if rand.IntN(2) == 0 { // where nobody else wants to be
			if to = c.openSession(3); to == nil {
				return
			}
			defer c.closeSession(to)
		}
		a, ok := c.do(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(from.GetId())}).(*appointmentv1.Appointment)
		if !ok {
			return
		}
		c.mine = append(c.mine, a.GetId())
		if c.do(c.as, moveAppointment, &appointmentv1.RescheduleAppointmentRequest{AppointmentId: a.GetId(), StartTime: to.GetStartTime()}) != nil {
			c.succeeded(movedPlace)
		}
	}},
	{2, resizeGroup, func(c *everyClient) {
		c.do(c.desk, resizeGroup, &appointmentv1.ResizeGroupSessionRequest{GroupSessionId: c.session(), Capacity: int32(3 + rand.IntN(6))})
	}},
	{1, rescheduleGroup, func(c *everyClient) {
		c.do(c.desk, rescheduleGroup, &appointmentv1.RescheduleGroupSessionRequest{GroupSessionId: c.session(), StartTime: c.start()})
	}},
	{1, cancelGroup, func(c *everyClient) {
		if g := c.openSession(0); g != nil {
			c.do(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(g.GetId())})
			c.closeSession(g)
		}
	}},
	{4, createEntry, func(c *everyClient) {
		first := c.start().AsTime()
		filter := &appointmentv1.SegmentFilter{ServiceId: slices.Concat(c.services, []*appointmentv1.Service{c.class})[rand.IntN(len(c.services)+1)].GetId()}
		if rand.IntN(2) == 0 {
			filter.MasterIds = []string{c.masters[rand.IntN(len(c.masters))].ID}
		}
		e, ok := c.do(c.as, createEntry, &appointmentv1.CreateWaitlistEntryRequest{
			Segments: []*appointmentv1.SegmentFilter{filter}, StartDate: first.Format(time.DateOnly), EndDate: first.Format(time.DateOnly),
		}).(*appointmentv1.WaitlistEntry)
		if ok {
			c.entries = append(c.entries, e.GetId())
		}
	}},
	{4, acceptedOffer, func(c *everyClient) {
		e := c.offered()
		if e == nil {
			return
		}
		a, ok := c.do(c.as, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: new(e.GetOffer().GetHoldId())}).(*appointmentv1.Appointment)
		if ok {
			c.succeeded(acceptedOffer)
			c.mine = append(c.mine, a.GetId())
		}
	}},
	{3, declineOffer, func(c *everyClient) {
		if e := c.offered(); e != nil {
			c.do(c.as, declineOffer, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: e.GetId()})
		}
	}},
	{2, leaveList, func(c *everyClient) {
		if id, ok := pull(&c.entries); ok {
			c.do(c.as, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: id})
		}
	}},
	{1, moveEntry, func(c *everyClient) {
		if len(c.entries) > 0 {
			c.do(c.desk, moveEntry, &appointmentv1.MoveWaitlistEntryRequest{
				EntryId: c.entries[rand.IntN(len(c.entries))], Position: int32(1 + rand.IntN(20)), Reason: "She waits so long.",
			})
		}
	}},
}

// openSessions makes the class, and opens the sessions that are there all the time.
func (e *everything) openSessions(t *testing.T) {
	t.Helper()
	e.class = e.system.NewServiceOf(t, salontest.DefaultSalon, func(r *appointmentv1.CreateServiceRequest) { r.Capacity = new(int32(5)) })
	for n, master := range e.masters {
		e.system.Offer(t, master, e.class)
		if n < 2 {
			g := salontest.Do[*appointmentv1.GroupSession](t, e.system.GRPC(), e.desk, createGroup, &appointmentv1.CreateGroupSessionRequest{
				ServiceId: e.class.GetId(), MasterId: master.ID, StartTime: timestamppb.New(e.first.Add(time.Duration(10+20*n) * time.Hour)),
			})
			e.sessions = append(e.sessions, g.GetId())
		}
	}
}

// session is one of those that are there all the time.
func (e *everything) session() string { return e.sessions[rand.IntN(len(e.sessions))] }

// openSession opens a session at a random start some days after those of everybody, or returns nil if the master is taken.
func (c *everyClient) openSession(days int) *appointmentv1.GroupSession {
	g, _ := c.do(c.desk, createGroup, &appointmentv1.CreateGroupSessionRequest{
		ServiceId: c.class.GetId(), MasterId: c.masters[rand.IntN(len(c.masters))].ID,
		StartTime: timestamppb.New(c.start().AsTime().AddDate(0, 0, days)),
	}).(*appointmentv1.GroupSession)
	return g
}

// closeSession cancels a session with its places.
func (c *everyClient) closeSession(g *appointmentv1.GroupSession) {
	c.do(c.desk, cancelGroup, &appointmentv1.CancelGroupSessionRequest{GroupSessionId: g.GetId(), Reason: "Nobody comes."})
}

// succeeded counts what has no method of its own.
func (e *everything) succeeded(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.counts[what+" OK"]++
}

// offered is an entry of the client's account that has an offer, or nil.
func (c *everyClient) offered() *appointmentv1.WaitlistEntry {
	found, _ := c.do(c.as, listEntries, &appointmentv1.ListWaitlistEntriesRequest{
		States: []appointmentv1.WaitlistState{appointmentv1.WaitlistState_WAITLIST_STATE_OFFERED},
	}).(*appointmentv1.ListWaitlistEntriesResponse)
	if len(found.GetEntries()) == 0 {
		return nil
	}
	return found.GetEntries()[rand.IntN(len(found.GetEntries()))]
}

// lineUnsettled counts what is there until the line was asked.
const lineUnsettled = `SELECT (SELECT count(*) FROM freed_times) + (SELECT count(*) FROM claims WHERE kept)
	+ (SELECT count(*) FROM group_places WHERE freed_id IS NOT NULL)`

// lined are statements that count what breaks the rules of places and of the waitlist, once the line was asked about everything.
var lined = map[string]string{
	"sessions with more places than their capacity": `
		SELECT count(*) FROM group_sessions g WHERE g.capacity < (SELECT count(*) FROM group_places p WHERE p.session_id = g.id)
			OR g.capacity < (SELECT max(p.number) FROM group_places p WHERE p.session_id = g.id)`,
	"places without an appointment that stands or an active hold in a session that takes place": `
		SELECT count(*) FROM group_places p WHERE NOT EXISTS (SELECT FROM group_sessions g WHERE g.id = p.session_id AND g.state = 'SCHEDULED')
			OR NOT EXISTS (SELECT FROM appointments a WHERE a.id = p.appointment_id AND a.group_session_id = p.session_id
				AND a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED') AND p.expire_time IS NULL)
			AND NOT EXISTS (SELECT FROM holds h WHERE h.appointment_id = p.appointment_id AND h.state = 'ACTIVE' AND h.expire_time <= p.expire_time)`,
	"appointments in a session without a place in it": `
		SELECT count(*) FROM appointments a WHERE a.group_session_id IS NOT NULL AND a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')
			AND NOT EXISTS (SELECT FROM group_places p WHERE p.appointment_id = a.id AND p.session_id = a.group_session_id)`,
	"entries that are offered without an active hold": `
		SELECT count(*) FROM waitlist_entries e WHERE (e.state = 'OFFERED') <> (1 = (SELECT count(*) FROM waitlist_offers o
			JOIN holds h ON h.id = o.hold_id AND h.entry_id = e.id AND h.state = 'ACTIVE' WHERE o.entry_id = e.id AND o.state = 'OPEN'))`,
	"active holds of an offer that nobody has": `
		SELECT count(*) FROM holds h WHERE h.state = 'ACTIVE' AND h.entry_id IS NOT NULL
			AND 1 <> (SELECT count(*) FROM waitlist_offers o WHERE o.hold_id = h.id AND o.entry_id = h.entry_id AND o.state = 'OPEN')`,
	"offers of the same time to two": `
		SELECT count(*) FROM holds a JOIN claims x ON x.appointment_id = a.appointment_id
		JOIN claims y ON y.subject_id = x.subject_id AND y.subject_kind = x.subject_kind AND y.during && x.during AND y.id <> x.id
		JOIN holds b ON b.appointment_id = y.appointment_id AND b.id <> a.id
		WHERE x.subject_kind <> 'CUSTOMER' AND a.state = 'ACTIVE' AND b.state = 'ACTIVE' AND a.entry_id IS NOT NULL AND b.entry_id IS NOT NULL`,
	"entries that are booked without the appointment of their offer": `
		SELECT count(*) FROM waitlist_entries e WHERE e.state = 'BOOKED' AND NOT EXISTS (SELECT FROM waitlist_offers o
			JOIN holds h ON h.id = o.hold_id AND h.state = 'BOOKED' JOIN appointments a ON a.id = h.appointment_id
			WHERE o.entry_id = e.id AND o.state = 'BOOKED' AND a.id = e.appointment_id)`,
}

// waitForLine waits until the line was asked about everything.
func waitForLine(t *testing.T, count func(statement string) int64) {
	t.Helper()
	salontest.Eventually(t, func() error {
		if n := count(lineUnsettled); n > 0 {
			return fmt.Errorf("the line was not asked about %d things", n)
		}
		return nil
	})
}

// waitInVain joins the line for a date that nobody can have. While somebody waits, what becomes free is kept until the line was asked.
func (e *everything) waitInVain(t *testing.T) {
	t.Helper()
	never := appointmentv1.DayOfWeek(1 + (int(e.first.AddDate(0, 0, 5).Weekday())+6)%7)
	salontest.Do[*appointmentv1.WaitlistEntry](t, e.system.GRPC(), e.system.NewCustomer(t, "In vain"), createEntry,
		&appointmentv1.CreateWaitlistEntryRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: e.services[0].GetId()}},
			StartDate: e.first.Format(time.DateOnly), EndDate: e.first.AddDate(0, 0, 4).Format(time.DateOnly),
			Days: []appointmentv1.DayOfWeek{never},
		})
}

// fillSessions books every place of the sessions, and no more.
func (e *everything) fillSessions(t *testing.T) {
	t.Helper()
	for _, id := range e.sessions {
		g := salontest.Do[*appointmentv1.GroupSession](t, e.system.GRPC(), e.desk, getGroup, &appointmentv1.GetGroupSessionRequest{GroupSessionId: id})
		if g.GetPlacesLeft() != g.GetCapacity() {
			t.Errorf("%d of %d places are left after everything was cancelled", g.GetPlacesLeft(), g.GetCapacity())
		}
		var mu sync.Mutex
		outcomes := map[string]int32{}
		var all sync.WaitGroup
		for _, who := range e.customers {
			all.Go(func() {
				r := e.system.GRPC().Call(t, who, createAppointment, &appointmentv1.CreateAppointmentRequest{GroupSessionId: &id})
				mu.Lock()
				defer mu.Unlock()
				outcomes[r.Code.String()+" "+r.Reason]++
			})
		}
		all.Wait()
		if outcomes[codes.OK.String()+" "] != g.GetCapacity() || outcomes["AlreadyExists GROUP_FULL"] != int32(len(e.customers))-g.GetCapacity() {
			t.Errorf("of %d places were booked: %v", g.GetCapacity(), outcomes)
		}
		salontest.Do[proto.Message](t, e.system.GRPC(), e.desk, cancelGroup, &appointmentv1.CancelGroupSessionRequest{GroupSessionId: id, Reason: "The end."})
	}
}
