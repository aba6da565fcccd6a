package e2e_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

const (
	watchAppointments = appointmentv1.WatchService_WatchAppointments_FullMethodName
	watchAvailability = appointmentv1.WatchService_WatchAvailability_FullMethodName
	issueWatchTicket  = appointmentv1.WatchService_IssueWatchTicket_FullMethodName
)

// watchDiary asks for the appointments of the next two months.
func watchDiary() *appointmentv1.WatchAppointmentsRequest {
	now := time.Now().Truncate(time.Second)
	return &appointmentv1.WatchAppointmentsRequest{From: timestamppb.New(now), To: timestamppb.New(now.Add(62 * 24 * time.Hour))}
}

// watchFree asks for the free times of a service tomorrow.
func watchFree(serviceID string) *appointmentv1.WatchAvailabilityRequest {
	day := time.Now().AddDate(0, 0, 1).Format(time.DateOnly)
	return &appointmentv1.WatchAvailabilityRequest{ServiceIds: []string{serviceID}, StartDate: day, EndDate: day}
}

func ticketOf(req *appointmentv1.WatchAppointmentsRequest) *appointmentv1.IssueWatchTicketRequest {
	return &appointmentv1.IssueWatchTicketRequest{Stream: &appointmentv1.IssueWatchTicketRequest_Appointments{Appointments: req}}
}

// wantEvent reads events up to one of this name, leaving out heartbeats and the setting of the pause.
func wantEvent(t *testing.T, events *bufio.Reader, name string) salontest.Event {
	t.Helper()
	for {
		e, err := salontest.ReadEvent(events)
		if err != nil {
			t.Fatalf("wait for %q: %v", name, err)
		}
		if e.Name == name {
			return e
		}
		if e.Name != "" {
			t.Fatalf("got %+v, want %q", e, name)
		}
	}
}

// appointmentOf reads the appointment of an event.
func appointmentOf(t *testing.T, e salontest.Event) *appointmentv1.Appointment {
	t.Helper()
	var m appointmentv1.WatchAppointmentsResponse
	if err := protojson.Unmarshal([]byte(e.Data), &m); err != nil {
		t.Fatalf("%q: %v", e.Data, err)
	}
	return m.GetAppointment()
}

func TestEventsOfAppointments(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	start := s.NextStart() // of all tests of the system, so perhaps many weeks ahead
	diary := &appointmentv1.WatchAppointmentsRequest{From: timestamppb.New(start.Add(-time.Hour)), To: timestamppb.New(start.Add(time.Hour))}
	req := salontest.RESTRequest(t, watchAppointments, diary).As(t, cast.CustomerA)
	events, stop := s.OpenEvents(t, req)
	ready := wantEvent(t, events, "ready")
	booked := salontest.Do[*appointmentv1.Appointment](t, s.REST(), cast.CustomerA,
		appointmentv1.AppointmentService_CreateAppointment_FullMethodName, salontest.Booking(cast.Master1, cast.Service, start))
	e := wantEvent(t, events, "created")
	if got := appointmentOf(t, e); got.GetId() != booked.GetId() || e.ID == "" || e.ID == ready.ID {
		t.Errorf("got %+v", e)
	}
	stop()
	cast.Confirm(t, cast.Master1, booked)
	// Browsers send the header; who opens the stream anew has the parameter.
	for name, again := range map[string]*salontest.Request{
		"header":    salontest.NewRequest(req.Method, req.Path, "").As(t, cast.CustomerA).With("Last-Event-ID", e.ID),
		"parameter": salontest.NewRequest(req.Method, req.Path+"&last_event_id="+url.QueryEscape(e.ID), "").As(t, cast.CustomerA),
		"both": salontest.NewRequest(req.Method, req.Path+"&last_event_id="+url.QueryEscape(ready.ID), "").As(t, cast.CustomerA).
			With("Last-Event-ID", e.ID),
	} {
		events, stop := s.OpenEvents(t, again)
		wantEvent(t, events, "ready")
		if got := appointmentOf(t, wantEvent(t, events, "changed")); got.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CONFIRMED {
			t.Errorf("%s: got %v", name, got)
		}
		stop()
	}
}

func TestEventsOfAvailability(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	events, _ := s.OpenEvents(t, salontest.RESTRequest(t, watchAvailability, watchFree(cast.Service.GetId())))
	if e := wantEvent(t, events, "snapshot"); !strings.Contains(e.Data, `"slots"`) || e.ID == "" {
		t.Errorf("got %+v", e)
	}
	wantEvent(t, events, "ready")
	stream, err := appointmentv1.NewWatchServiceClient(s.Conn()).WatchAvailability(t.Context(), watchFree(cast.Service.GetId()))
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Recv(); err != nil || m.GetType() != appointmentv1.WatchEventType_WATCH_EVENT_TYPE_SNAPSHOT {
		t.Errorf("over gRPC: %v %v", m, err)
	}
}

func TestTicketsOpenStreams(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		ticket := salontest.Do[*appointmentv1.WatchTicket](t, c, cast.CustomerB, issueWatchTicket, ticketOf(watchDiary())).GetTicket()
		by := &appointmentv1.WatchAppointmentsRequest{Ticket: ticket}
		salontest.Do[*appointmentv1.WatchAppointmentsResponse](t, c, nil, watchAppointments, by)
		refuse(t, c,
			refused{"TICKET_SPENT", nil, watchAppointments, by},
			refused{"TICKET_SPENT", nil, watchAvailability, &appointmentv1.WatchAvailabilityRequest{Ticket: ticket}},
			refused{"UNAUTHENTICATED", nil, watchAppointments, watchDiary()},
			refused{"NOT_OFFERED", nil, watchAvailability, watchFree(cast.CustomerA.ID)},
			refused{"UNAUTHENTICATED", nil, issueWatchTicket, ticketOf(watchDiary())},
			refused{"INVALID_FIELDS", cast.CustomerA, watchAppointments, &appointmentv1.WatchAppointmentsRequest{}},
			refused{"INVALID_FIELDS", cast.CustomerA, issueWatchTicket, ticketOf(&appointmentv1.WatchAppointmentsRequest{Ticket: "x"})},
		)
	})
	// A spent ticket ends the retries of EventSource. A token does not belong into a URL.
	if got := s.HTTP(t, get("/v1/appointments:watch?ticket=spent")); got.StatusCode != http.StatusNoContent {
		t.Errorf("a spent ticket: %s", got.Status)
	}
	s.HTTP(t, get("/v1/appointments:watch?access_token=x")).Result(t, nil).Want(t, 3, "INVALID_FIELDS")
	s.HTTP(t, get("/v1/availability:watch?search=x")).Result(t, nil).Want(t, 3, "INVALID_FIELDS")
	if got := s.HTTP(t, salontest.NewRequest(http.MethodHead, "/v1/availability:watch?"+queryOfFree(cast.Service.GetId()), "")); got.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %s", got.Status)
	}
}

func queryOfFree(serviceID string) string {
	r := watchFree(serviceID)
	return url.Values{"serviceIds": r.GetServiceIds(), "startDate": {r.GetStartDate()}, "endDate": {r.GetEndDate()}}.Encode()
}

func TestStreamsEndWithTheSession(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Leaving")
	tokens := customer.SignIn(t)
	as := salontest.Token(tokens.GetAccessToken())
	events, _ := s.OpenEvents(t, salontest.RESTRequest(t, watchAppointments, watchDiary()).As(t, as))
	wantEvent(t, events, "ready")
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+tokens.GetAccessToken())
	stream, err := appointmentv1.NewWatchServiceClient(s.Conn()).WatchAppointments(ctx, watchDiary())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil {
		t.Fatal(err)
	}
	s.GRPC().Call(t, as, userv1.AuthService_Logout_FullMethodName, &userv1.LogoutRequest{RefreshToken: tokens.GetRefreshToken()})
	began := time.Now()
	if e := wantEvent(t, events, "error"); !strings.Contains(e.Data, `"UNAUTHENTICATED"`) || !strings.Contains(e.Data, `"status":401`) {
		t.Errorf("got %+v", e)
	}
	if _, err := salontest.ReadEvent(events); !errors.Is(err, io.EOF) {
		t.Errorf("after the error: %v", err)
	}
	_, err = stream.Recv()
	s.Declared(watchAppointments, err)
	salontest.GRPCResult(t, err).Want(t, 16, "UNAUTHENTICATED")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the streams ended after %v", took)
	}
}

// Streams resume over a stop of the program, which does not wait for them.
func TestStreamsResumeAfterARestart(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithArgs("--drain-time=20s"))
	cast := s.NewCast(t)
	events, _ := s.OpenEvents(t, salontest.RESTRequest(t, watchAppointments, watchDiary()).As(t, cast.CustomerA))
	req := watchDiary()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+cast.CustomerA.SignIn(t).GetAccessToken())
	stream, err := appointmentv1.NewWatchServiceClient(s.Conn()).WatchAppointments(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	first, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	wantEvent(t, events, "ready")
	process := s.PID()
	began := time.Now()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		if err := s.Signal(os.Interrupt); err != nil {
			t.Errorf("stop %d: %v", process, err)
		}
	})
	if e := wantEvent(t, events, "error"); !strings.Contains(e.Data, `"UNAVAILABLE"`) {
		t.Errorf("got %+v", e)
	}
	_, err = stream.Recv()
	salontest.GRPCResult(t, err).Want(t, 14, "UNAVAILABLE")
	stopping.Wait()
	if err := s.Wait(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("the program stopped after %v", took)
	}
	if err := s.Restart(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	booked := cast.Book(t, cast.CustomerA, cast.Master1)
	req.ResumeToken = first.GetResumeToken()
	ctx = metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+cast.CustomerA.SignIn(t).GetAccessToken())
	if stream, err = appointmentv1.NewWatchServiceClient(s.Conn()).WatchAppointments(ctx, req); err != nil {
		t.Fatal(err)
	}
	for _, want := range []appointmentv1.WatchEventType{
		appointmentv1.WatchEventType_WATCH_EVENT_TYPE_READY, appointmentv1.WatchEventType_WATCH_EVENT_TYPE_CREATED,
	} {
		m, err := stream.Recv()
		if err != nil || m.GetType() != want || m.GetAppointment() != nil && m.GetAppointment().GetId() != booked.GetId() {
			t.Fatalf("got %v %v, want %v", m, err, want)
		}
	}
}
