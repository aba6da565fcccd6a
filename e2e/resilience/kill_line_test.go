package resilience_test

import (
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// killedEntry is an entry of the waitlist for one start.
type killedEntry struct {
	id    string
	who   *salontest.Account
	start time.Time
}

// freeForLine books a start for which two people wait, and cancels it: the first is offered it, and the second when the first does not book.
func (c *killedClient) freeForLine(booking *appointmentv1.CreateAppointmentRequest) {
	booking.RequestId = uuid.NewString()
	a, start := &appointmentv1.Appointment{}, booking.GetStartTime().AsTime()
	if !c.call(createAppointment, booking, a) {
		return
	}
	wall := start.Add(time.Duration(a.GetUtcOffsetMinutes()) * time.Minute)
	for _, who := range c.waiters {
		c.trim(who)
		e := &appointmentv1.WaitlistEntry{}
		if !c.callAs(who, createEntry, &appointmentv1.CreateWaitlistEntryRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: c.cast.Service.GetId(), MasterIds: []string{c.master.ID}}},
			StartDate: wall.Format(time.DateOnly), EndDate: wall.Format(time.DateOnly),
			PartOfDay: &appointmentv1.WallInterval{Start: wall.Format("15:04"), End: wall.Add(time.Minute).Format("15:04")},
			RequestId: uuid.NewString(),
		}, e) {
			c.t.Errorf("%s cannot wait", who.Name)
			return
		}
		c.entries = append(c.entries, killedEntry{e.GetId(), who, start})
		c.mu.Lock()
		c.joined = append(c.joined, e.GetId())
		c.mu.Unlock()
	}
	if c.call(cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()}, &appointmentv1.Appointment{}) {
		c.note("freed a time for the line", "")
		c.mu.Lock()
		c.freed[start] = c.master
		c.mu.Unlock()
	}
}

// trim lets somebody leave who waits for much: the number of entries is limited.
func (c *killedClient) trim(who *salontest.Account) {
	const most = 6
	n := 0
	for _, e := range c.entries {
		if e.who == who {
			n++
		}
	}
	for i := 0; n >= most; i++ {
		if e := c.entries[i]; e.who == who {
			c.callAs(who, leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: e.id}, &appointmentv1.WaitlistEntry{})
			c.entries = append(c.entries[:i:i], c.entries[i+1:]...)
			n--
			i--
		}
	}
}

// answer accepts an offer, declines it, or lets it run out.
func (c *killedClient) answer() {
	for range 3 {
		if len(c.entries) == 0 {
			return
		}
		e := c.entries[c.random.IntN(len(c.entries))]
		entry := &appointmentv1.WaitlistEntry{}
		if !c.callAs(e.who, getEntry, &appointmentv1.GetWaitlistEntryRequest{EntryId: e.id}, entry) || entry.GetOffer() == nil {
			continue
		}
		hold := entry.GetOffer().GetHoldId()
		switch c.random.IntN(3) {
		case 0:
			a := &appointmentv1.Appointment{}
			if c.callAs(e.who, createAppointment, &appointmentv1.CreateAppointmentRequest{HoldId: &hold, RequestId: uuid.NewString()}, a) {
				c.note("accepted an offer", a.GetId())
			}
		case 1:
			// Whoever repeats it after a kill hears that the offer has ended.
			if c.callAs(e.who, declineOffer, &appointmentv1.DeclineWaitlistOfferRequest{EntryId: e.id}, &appointmentv1.WaitlistEntry{}) {
				c.note("declined an offer", "")
			}
		case 2:
			c.exec(`WITH h AS (UPDATE holds SET expire_time = now() WHERE id = $1 AND state = 'ACTIVE' RETURNING *)
				UPDATE claims c SET expire_time = h.expire_time + interval '30 seconds' FROM h WHERE c.appointment_id = h.appointment_id`, hold)
			c.note("let an offer run out", "")
		}
		return
	}
}
