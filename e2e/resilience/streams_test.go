package resilience_test

import (
	"bufio"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestStreamsOfTwoProcesses: a stream through one gateway shows what was booked through another one, and its resume token works there.
// Each copy is a gateway and an appointment process.
func TestStreamsOfTwoProcesses(t *testing.T) {
	t.Parallel()
	site := newSite(t)
	here, there := site.copy(t), site.copy(t)
	cast := here.NewCast(t)
	start := here.NextStart()
	diary := salontest.RESTRequest(t, appointmentv1.WatchService_WatchAppointments_FullMethodName, &appointmentv1.WatchAppointmentsRequest{
		From: timestamppb.New(start.Add(-time.Hour)), To: timestamppb.New(start.Add(48 * time.Hour)),
	})
	watch := func(s *salontest.System, token string) (*bufio.Reader, func()) {
		req := salontest.NewRequest(diary.Method, diary.Path, "").As(t, cast.CustomerA)
		if token != "" {
			req.With("Last-Event-ID", token)
		}
		return s.OpenEvents(t, req)
	}
	next := func(events *bufio.Reader, name string) (*appointmentv1.Appointment, string) {
		t.Helper()
		for {
			e, err := salontest.ReadEvent(events)
			switch {
			case err != nil:
				t.Fatalf("wait for %q: %v", name, err)
			case e.Name == "":
				continue // a heartbeat
			case e.Name != name:
				t.Fatalf("got %+v, want %q", e, name)
			}
			var m appointmentv1.WatchAppointmentsResponse
			if err := protojson.Unmarshal([]byte(e.Data), &m); err != nil {
				t.Fatal(err)
			}
			return m.GetAppointment(), e.ID
		}
	}
	book := func(s *salontest.System, after time.Duration) string {
		t.Helper()
		return salontest.Do[*appointmentv1.Appointment](t, s.REST(), cast.CustomerA, createAppointment,
			salontest.Booking(cast.Master1, cast.Service, start.Add(after))).GetId()
	}

	events, stop := watch(here, "")
	next(events, "ready")
	booked := book(there, 0)
	got, token := next(events, "created")
	if got.GetId() != booked {
		t.Errorf("the stream shows %v, want %s", got, booked)
	}
	stop()
	missed := []string{book(here, 2*time.Hour), book(there, 4*time.Hour)}
	events, _ = watch(there, token)
	next(events, "ready")
	for _, want := range append(missed, book(here, 6*time.Hour)) {
		if got, _ := next(events, "created"); got.GetId() != want {
			t.Errorf("the stream of the other gateway shows %v, want %s", got, want)
		}
	}
}
