package resilience_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// linearClient is who makes a call.
type linearClient struct {
	*linearDay
	random *rand.Rand
	caller salontest.Caller
	who    *salontest.Account
	number int8
	// patient is whether it waits for all answers.
	patient bool
}

// as is the client with another account.
func (c *linearClient) as(who *salontest.Account) *linearClient {
	other := *c
	other.who = who
	return &other
}

// call makes a call, now and then one that does not wait for its answer.
func (c *linearClient) call(method string, req proto.Message) (proto.Message, string) {
	if c.patient || c.random.IntN(16) > 0 {
		r := c.caller.Call(c.t, c.who, method, req)
		if r.Code == codes.OK {
			return r.Message, "OK"
		}
		return nil, r.Reason
	}
	token := c.who.Pair(c.t).GetAccessToken()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Duration(c.random.IntN(int(8*time.Millisecond))))
	defer cancel()
	answer := salontest.NewAnswer(c.t, method)
	err := attempt(ctx, c.system.Conn(), token, method, req, answer)
	switch code := status.Code(err); {
	case err == nil:
		return answer, "OK"
	case code == codes.DeadlineExceeded || code == codes.Canceled || code == codes.Unavailable:
		return nil, unknown
	default:
		return nil, salontest.GRPCResult(c.t, err).Reason
	}
}

// made makes a call that answers with something that has an id.
func (c *linearClient) made(method string, req proto.Message) (out output, id string) {
	answer, outcome := c.call(method, req)
	if made, ok := answer.(interface{ GetId() string }); ok {
		id = made.GetId()
	}
	return output{outcome: outcome}, id
}

// slots searches the day of a place.
func (c *linearClient) slots(place int) ([]*appointmentv1.Slot, string) {
	date, p := c.first.Format(time.DateOnly), c.places[place]
	answer, outcome := c.call(appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: p.service.GetId(), MasterIds: []string{p.master.ID}}},
		StartDate: date, EndDate: date, Limit: 500,
	})
	found, _ := answer.(*appointmentv1.SearchAvailabilityResponse)
	return found.GetSlots(), outcome
}

// prepare opens the group sessions of a day, and returns the quotes of all starts of the place.
func (c *linearClient) prepare(place int) []string {
	p := c.places[place]
	for _, start := range c.starts(place) {
		if p.group() {
			salontest.Do[*appointmentv1.GroupSession](c.t, c.caller, p.staff, createGroup, &appointmentv1.CreateGroupSessionRequest{
				ServiceId: p.service.GetId(), MasterId: p.master.ID, StartTime: salontest.Chain(start).GetStartTime(),
			})
		}
	}
	slots, outcome := c.as(p.staff).slots(place)
	quotes := make([]string, p.starts)
	for _, slot := range slots {
		if start := c.startOf(place, slot.GetStartTime()); start >= 0 {
			quotes[start] = slot.GetQuote()
		}
	}
	for start, quote := range quotes {
		if quote == "" {
			c.t.Fatalf("an empty day does not offer start %d of %d: %s", start, p.starts, outcome)
		}
	}
	return quotes
}

// expire makes the time of a hold be over if it is active. That of an offer stays taken for a while, as it does when it is over by itself.
func (c *linearClient) expire(holdID string) output {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, err := c.database.Exec(c.t.Context(), `WITH h AS (
			UPDATE appointments.holds SET expire_time = now() WHERE id = $1 AND state = 'ACTIVE' AND expire_time > now()
			RETURNING salon_id, appointment_id, now() + CASE WHEN entry_id IS NULL THEN interval '0' ELSE interval '30 seconds' END AS until
		), p AS (
			UPDATE appointments.group_places p SET expire_time = h.until FROM h WHERE p.salon_id = h.salon_id AND p.appointment_id = h.appointment_id
		) UPDATE appointments.claims c SET expire_time = h.until FROM h WHERE c.salon_id = h.salon_id AND c.appointment_id = h.appointment_id`, holdID)
	if err != nil {
		c.t.Errorf("let a hold expire: %v", err)
	}
	return output{outcome: "OK"}
}

// settle waits until the line of a place was asked about everything, also about what nobody had noticed yet that it is over.
func (c *linearClient) settle(place int) output {
	salontest.Eventually(c.t, func() error {
		var left int
		err := c.database.QueryRow(c.t.Context(), `SELECT (SELECT count(*) FROM appointments.freed_times WHERE salon_id = $1)
			+ (SELECT count(*) FROM appointments.waitlist_entries WHERE salon_id = $1 AND state = 'WAITING' AND fresh)
			+ (SELECT count(*) FROM appointments.holds WHERE salon_id = $1 AND state = 'ACTIVE' AND expire_time <= clock_timestamp())
			+ (SELECT count(*) FROM appointments.claims WHERE salon_id = $1 AND kept)
			+ (SELECT count(*) FROM appointments.group_places WHERE salon_id = $1 AND freed_id IS NOT NULL)`, c.places[place].salon).Scan(&left)
		if err == nil && left > 0 {
			err = fmt.Errorf("the line was not asked about %d things", left)
		}
		return err
	})
	return output{outcome: "OK"}
}
