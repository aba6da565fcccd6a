package watch

import (
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// search is a search for the cut on the days that are watched.
func (f *fixture) search() *appointmentv1.SearchAvailabilityRequest {
	day := f.hour(0).AsTime()
	return &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId()}},
		StartDate: day.Format(time.DateOnly), EndDate: day.AddDate(0, 0, 3).Format(time.DateOnly), Limit: 500,
	}
}

// offers reports whether a result has the nth hour.
func (f *fixture) offers(r *appointmentv1.SearchAvailabilityResponse, n int) bool {
	for _, s := range r.GetSlots() {
		if s.GetStartTime().AsTime().Equal(f.hour(n).AsTime()) {
			return true
		}
	}
	return false
}

func TestAvailabilityFollowsBookingsAndHours(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.find(auth.Principal{}, &appointmentv1.WatchAvailabilityRequest{Search: f.search()})
	before := c.want(inventory)
	if !f.offers(before.GetResult(), 2) {
		t.Fatalf("the hour is not offered: %v", before)
	}
	c.want(ready)
	a := f.book(2)
	if got := c.want(changed); f.offers(got.GetResult(), 2) {
		t.Error("a taken hour is offered")
	}
	f.cancel(a)
	if got := c.want(changed); !f.offers(got.GetResult(), 2) {
		t.Error("a free hour is not offered")
	}
	// No event tells of hours; the version of the rules does.
	_, err := f.schedule.CreateClosure(f.As(f.admin), &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: f.search().GetStartDate(), EndDate: f.search().GetEndDate(),
	})
	f.must(err)
	if got := c.want(changed); len(got.GetResult().GetSlots()) > 0 {
		t.Error("a closed salon has slots")
	}
}

func TestAvailabilityResumesWithWhatIsNew(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	req := &appointmentv1.WatchAvailabilityRequest{
		ServiceIds: []string{f.cut.GetId()}, StartDate: f.search().GetStartDate(), EndDate: f.search().GetEndDate(), Limit: 500,
	}
	c := f.find(f.ann, req)
	c.want(inventory)
	c.want(ready)
	c.stop()
	req.ResumeToken = c.last
	same := f.find(f.ann, req)
	same.want(ready)
	same.stop()
	f.book(2)
	other := f.find(f.ann, req)
	if got := other.want(inventory); f.offers(got.GetResult(), 2) {
		t.Error("a taken hour is offered")
	}
	other.want(ready)
	other.stop()
	req.ResumeToken = other.last
	f.Clock.Advance(availability.QuoteTime)
	renewed := f.find(f.ann, req)
	if got := renewed.want(inventory).GetResult().GetSlots(); !got[0].GetQuoteExpireTime().AsTime().After(f.Clock.Now()) {
		t.Errorf("the quote is not new: %v", got[0])
	}
}

func TestAvailabilityRefusesBadRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	paged, both := f.search(), f.search()
	paged.PageToken = "x"
	unknown := f.search()
	unknown.Segments[0].ServiceId = f.NewID()
	for name, c := range map[string]struct {
		req    *appointmentv1.WatchAvailabilityRequest
		code   codes.Code
		reason string
	}{
		"nothing":         {&appointmentv1.WatchAvailabilityRequest{}, codes.InvalidArgument, "INVALID_FIELDS"},
		"a page":          {&appointmentv1.WatchAvailabilityRequest{Search: paged}, codes.InvalidArgument, "INVALID_FIELDS"},
		"both forms":      {&appointmentv1.WatchAvailabilityRequest{Search: both, Limit: 3}, codes.InvalidArgument, "INVALID_FIELDS"},
		"no such service": {&appointmentv1.WatchAvailabilityRequest{Search: unknown}, codes.FailedPrecondition, "NOT_OFFERED"},
		"no dates":        {&appointmentv1.WatchAvailabilityRequest{ServiceIds: []string{f.cut.GetId()}}, codes.InvalidArgument, "INVALID_FIELDS"},
		"no ticket":       {&appointmentv1.WatchAvailabilityRequest{Ticket: "x"}, codes.FailedPrecondition, "TICKET_SPENT"},
	} {
		_, err := f.find(f.ann, c.req).receive()
		t.Log(name)
		wantError(t, err, c.code, c.reason)
	}
}

func TestATicketOpensOneStream(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	issue := func(who auth.Principal, req *appointmentv1.IssueWatchTicketRequest) string {
		t.Helper()
		ticket, err := f.streams.IssueWatchTicket(f.As(who), req)
		f.must(err)
		return ticket.GetTicket()
	}
	diary := &appointmentv1.IssueWatchTicketRequest{Stream: &appointmentv1.IssueWatchTicketRequest_Appointments{Appointments: f.diary()}}
	ticket := issue(f.ann, diary)
	c := f.open(auth.Principal{}, &appointmentv1.WatchAppointmentsRequest{Ticket: ticket})
	c.want(ready)
	f.book(0)
	c.want(created)
	wantError(t, f.open(auth.Principal{}, &appointmentv1.WatchAppointmentsRequest{Ticket: ticket}).ends(), codes.FailedPrecondition, "TICKET_SPENT")
	// The token belongs to the stream's request, however the stream is opened.
	f.book(1)
	again := f.open(auth.Principal{}, &appointmentv1.WatchAppointmentsRequest{Ticket: issue(f.ann, diary), ResumeToken: c.last})
	again.want(ready)
	again.want(created)
	f.SignOut(f.ann)
	wantError(t, again.ends(), codes.Unauthenticated, "UNAUTHENTICATED")

	search := &appointmentv1.IssueWatchTicketRequest{Stream: &appointmentv1.IssueWatchTicketRequest_Availability{
		Availability: &appointmentv1.WatchAvailabilityRequest{Search: f.search()},
	}}
	public := issue(auth.Principal{}, search)
	wantError(t, f.open(auth.Principal{}, &appointmentv1.WatchAppointmentsRequest{Ticket: public}).ends(), codes.FailedPrecondition, "TICKET_SPENT")
	f.find(auth.Principal{}, &appointmentv1.WatchAvailabilityRequest{Ticket: issue(auth.Principal{}, search)}).want(inventory)
	late := issue(auth.Principal{}, search)
	f.Clock.Advance(time.Minute)
	wantError(t, f.find(auth.Principal{}, &appointmentv1.WatchAvailabilityRequest{Ticket: late}).ends(), codes.FailedPrecondition, "TICKET_SPENT")
	f.Clock.Advance(time.Hour + time.Minute)
	f.must(f.watch.Prune(t.Context()))
	var left int
	f.must(f.Deps("appointments").DB.Conn(t.Context()).Raw("SELECT count(*) FROM watch_tickets").Scan(&left).Error)
	if left != 0 {
		t.Errorf("%d tickets are kept", left)
	}
}

func TestTicketsRefuseBadRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	of := func(r *appointmentv1.WatchAppointmentsRequest) *appointmentv1.IssueWatchTicketRequest {
		return &appointmentv1.IssueWatchTicketRequest{Stream: &appointmentv1.IssueWatchTicketRequest_Appointments{Appointments: r}}
	}
	ticket, token := f.diary(), f.diary()
	ticket.Ticket, token.ResumeToken = "x", "x"
	for name, req := range map[string]*appointmentv1.IssueWatchTicketRequest{
		"nothing": {}, "a ticket": of(ticket), "a token": of(token), "no time": of(&appointmentv1.WatchAppointmentsRequest{}),
	} {
		_, err := f.streams.IssueWatchTicket(f.As(f.ann), req)
		t.Log(name)
		wantError(t, err, codes.InvalidArgument, "INVALID_FIELDS")
	}
	_, err := f.streams.IssueWatchTicket(t.Context(), of(f.diary()))
	wantError(t, err, codes.Unauthenticated, "UNAUTHENTICATED")
}
