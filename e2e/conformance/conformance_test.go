package conformance_test

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

var shared = salontest.Shared{Options: []salontest.Option{
	salontest.WithArgs("--limit-user=0", "--limit-address=0", "--limit-auth=0"),
}}

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("rapid.nofailfile", "true") // a file would name ids that are gone
	os.Exit(shared.Close(m.Run()))
}

// budget is how long requests are generated.
func budget() time.Duration {
	if os.Getenv("SALON_SOAK") != "" {
		return 5 * time.Minute
	}
	return time.Minute
}

// rounds is how many checks of rapid are made on one stage, before requests have removed too much of it.
const rounds = 5

// TestConformance: whatever is asked, and whoever asks, every answer is one that the document has for the operation, and
// none is a server's error. A failure names the seed that generates the same requests: -rapid.seed. Ids differ.
func TestConformance(t *testing.T) {
	s := shared.Get(t)
	answers := map[int]int{}
	deadline := time.Now().Add(budget())
	for time.Now().Before(deadline) {
		stage := newStage(t, s)
		for round := 0; round < rounds && time.Now().Before(deadline); round++ {
			rapid.Check(t, func(rt *rapid.T) {
				principal := rapid.SampledFrom(stage.principals).Draw(rt, "principal")
				op := rapid.SampledFrom(salontest.Operations()).Draw(rt, "operation")
				req := stage.pool.request(rt, op)
				if principal.token != "" {
					req.Header.Set("Authorization", "Bearer "+principal.token)
				}
				status, err := send(t, s, req)
				if err != nil {
					rt.Fatalf("as %s: %s %s %v %s: %v", principal.name, req.Method, req.Path, req.Header, req.Body, err)
				}
				answers[status/100]++
			})
		}
	}
	t.Logf("answers by class of status: %v", answers)
	if answers[2] == 0 || answers[4] == 0 {
		t.Error("requests of one kind only were generated")
	}
}

// send sends a request and compares the answer with the document.
func send(t *testing.T, s *salontest.System, r *salontest.Request) (int, error) {
	req, err := http.NewRequestWithContext(t.Context(), r.Method, s.URL()+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		return 0, err
	}
	req.Header = r.Header.Clone()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return resp.StatusCode, nil // a stream has no end
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode >= http.StatusInternalServerError {
		return 0, &serverError{resp.Status, body}
	}
	if resp.Header.Get("Content-Encoding") != "" {
		return resp.StatusCode, nil // the client asked for it, and reads the same elsewhere
	}
	return resp.StatusCode, salontest.CheckResponse(resp, body)
}

// serverError is an answer that no request may cause.
type serverError struct {
	status string
	body   []byte
}

func (e *serverError) Error() string { return e.status + ": " + string(e.body) }

// principal is somebody who calls.
type principal struct{ name, token string }

// stage is what generated requests are about.
type stage struct {
	principals []principal
	pool       pool
}

// newStage makes people of all kinds, and something of everything that they can call about.
func newStage(t *testing.T, s *salontest.System) *stage {
	t.Helper()
	salon := s.NewSalon(t).GetId() // whose rules the requests of earlier stages have not changed
	cast := s.NewCastOf(t, salon)
	other := s.NewSalon(t)
	receptionist, manager := s.NewReceptionist(t, salon), s.NewManager(t, salon)
	spare, spareMaster := s.NewCustomer(t, "Spare"), s.NewMasterOf(t, salon, "Spare")
	done := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
	ended := cast.Complete(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1))
	pending := cast.Book(t, cast.CustomerA, cast.Master1)
	confirmed := cast.Confirm(t, cast.Master2, cast.Book(t, cast.CustomerB, cast.Master2))
	rating := salontest.Do[*ratingv1.Rating](t, s.REST(), cast.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: done.GetId(), Stars: 4})
	spareService := s.NewServiceOf(t, salon)
	ahead := time.Now().UTC().AddDate(0, 0, 40).Format(time.DateOnly)
	series := salontest.Do[*appointmentv1.AppointmentSeries](t, s.REST(), cast.CustomerA,
		appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName, &appointmentv1.CreateAppointmentSeriesRequest{
			Segments:   []*appointmentv1.SegmentInput{salontest.Segment(cast.Master1, cast.Service)},
			Recurrence: "FREQ=WEEKLY;COUNT=3", StartDate: ahead, LocalTime: "12:15",
		})
	kind, spareKind := s.NewResourceKind(t, salon), s.NewResourceKind(t, salon)
	resource, spareResource := s.NewResource(t, kind), s.NewResource(t, kind)
	closure := s.CloseResource(t, resource, s.NextStart())
	ids := func(values ...string) []any {
		out := []any{"019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c99"} // of nothing
		for _, v := range values {
			out = append(out, v)
		}
		return out
	}
	st := &stage{principals: []principal{{name: "nobody"}}}
	for _, p := range []struct {
		name string
		as   *salontest.Account
	}{
		{"customer", cast.CustomerA}, {"other customer", cast.CustomerB}, {"master", cast.Master1}, {"receptionist", receptionist},
		{"manager", manager}, {"administrator", cast.Admin},
	} {
		st.principals = append(st.principals, principal{p.name, p.as.Pair(t).GetAccessToken()})
	}
	st.pool = pool{
		"salonId":       ids(salon, other.GetId()),
		"userId":        ids(spare.ID, spareMaster.ID, cast.CustomerB.ID),
		"masterId":      ids(cast.Master1.ID, cast.Master2.ID, cast.Master1.ID, spareMaster.ID),
		"serviceId":     ids(cast.Service.GetId(), cast.Service.GetId(), cast.Service.GetId(), spareService.GetId()),
		"appointmentId": ids(done.GetId(), ended.GetId(), pending.GetId(), confirmed.GetId()),
		"customerId":    ids(done.GetCustomerId(), confirmed.GetCustomerId()),
		"ratingId":      ids(rating.GetId()),
		"invitationId":  ids(s.Invite(t, salon, cast.CustomerA, apiv1.SalonRole_SALON_ROLE_MASTER).GetId(), s.Invite(t, other.GetId(), cast.CustomerB, apiv1.SalonRole_SALON_ROLE_MASTER).GetId()),
		"requestId":     {"5f0c6c0e-8f0a-4a57-9a3e-0d0a3c1c0001", "5f0c6c0e-8f0a-4a57-9a3e-0d0a3c1c0004", ""},
		"etag":          {"1", "2", "1-1", "", "x"},
		"pageToken":     {"", "x", "AAAA"},
		"updateMask":    {"displayName", "name,bio", "*", "noSuchField", ""},
		"refreshToken":  {"x", spare.Pair(t).GetRefreshToken()},
		"email":         {spare.Email, "new@example.com", cast.CustomerA.Email},
		"password":      {salontest.Password, "password", "another long password"},
		"timeZone":      {"Europe/Berlin", "America/New_York", "UTC"},
		"currencyCode":  {"EUR", "USD", "JPY"},

		"resourceKindId":    ids(kind.GetId(), spareKind.GetId()),
		"resourceKindIds":   {[]string{kind.GetId()}, []string{}, []string{kind.GetId(), spareKind.GetId()}},
		"resourceId":        ids(resource.GetId(), spareResource.GetId()),
		"resourceClosureId": ids(closure.GetId()),
		"bookableUntil":     {"2027-12-31", "", "2027-02-29"},

		"seriesId": ids(series.GetId()), "fromAppointmentId": ids(series.GetOccurrences()[1].GetAppointmentId(), pending.GetId()),
		"recurrence": {"FREQ=WEEKLY;COUNT=3", "FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=2", "FREQ=WEEKLY", "FREQ=DAILY;COUNT=2", ""},
		"localTime":  {"10:00", "18:30", "24:00", ""},
		"shiftDays":  {0, 1, -7, 400},
	}
	return st
}

// times are those of one day, ahead and past, of several forms.
var times = sync.OnceValue(func() []string {
	day := time.Now().UTC().Truncate(24 * time.Hour)
	return []string{
		day.AddDate(0, 0, 30).Add(9 * time.Hour).Format(time.RFC3339), day.AddDate(0, 0, 30).Add(10 * time.Hour).Format(time.RFC3339),
		day.AddDate(0, 0, 31).Add(9*time.Hour + 30*time.Minute).Format(time.RFC3339), day.AddDate(0, 0, -3).Format(time.RFC3339),
		day.AddDate(2, 0, 0).Format(time.RFC3339), day.AddDate(0, 0, 32).Add(90 * time.Second).Format(time.RFC3339),
		day.AddDate(0, 0, 33).Format("2006-01-02T15:04:05.000000+02:00"),
	}
})
