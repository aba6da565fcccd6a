package e2e_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// errorUnless is an error unless a condition is met.
func errorUnless(met bool, format string, args ...any) error {
	if met {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// TestListsOverlap: a list by time has what overlaps with it: an appointment that began the day before, and the one that is
// under way.
func TestListsOverlap(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := s.NewCastOf(t, s.NewSalon(t).GetId())
	day := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 30)
	overnight := book(t, s.REST(), cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, day.Add(-30*time.Minute)))
	morning := book(t, s.REST(), cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, day.Add(9*time.Hour)))
	current := cast.Book(t, cast.CustomerA, cast.Master2)
	now := time.Now().UTC().Truncate(time.Minute)
	s.MoveTo(t, current.GetId(), now.Add(-30*time.Minute))
	names := listed{overnight.GetId(): "overnight", morning.GetId(): "morning", current.GetId(): "current"}
	list := func(name string, from, to time.Time, want string) []listing {
		var rows []listing
		for _, as := range []*salontest.Account{cast.CustomerA, s.NewReceptionist(t, overnight.GetSalonId())} {
			req := &appointmentv1.ListAppointmentsRequest{SalonId: new(overnight.GetSalonId())}
			if !from.IsZero() {
				req.From = timestamp(from)
			}
			if !to.IsZero() {
				req.To = timestamp(to)
			}
			rows = append(rows, listing{name + ", as " + as.Name, as, listAppointments, req, want})
		}
		return rows
	}
	var never time.Time
	next := day.Add(24 * time.Hour)
	names.want(t, s, slices.Concat(
		list("its day", day.Add(-24*time.Hour), day, "overnight"),
		list("the next day", day, next, "overnight morning"),
		list("the day after", next, next.Add(24*time.Hour), ""),
		list("until its start", never, overnight.GetStartTime().AsTime(), "current"),
		list("from its end", overnight.GetEndTime().AsTime(), next, "morning"),
		list("its last minute", day.Add(29*time.Minute), day.Add(30*time.Minute), "overnight"),
		list("from now", now, never, "current overnight morning"),
		list("until now", never, now, "current"),
		list("from the end of the current one", now.Add(30*time.Minute), day, "overnight"),
	))
}

// TestSpellingsOfTimes: a time is read in every form of RFC 3339, in bodies as in queries.
func TestSpellingsOfTimes(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := s.NewCast(t)
	for _, layout := range []string{
		"2006-01-02t15:04:05z", "2006-01-02T15:04:05.000000000Z", "2006-01-02t15:04:05.0Z", "2006-01-02T15:04:05-00:00", "2006-01-02t15:04:05+00:00",
	} {
		start := s.NextStart()
		text := start.Format(layout)
		body := fmt.Sprintf(`{"startTime":%q,"segments":[{"serviceId":%q,"masterId":%q}]}`, text, cast.Service.GetId(), cast.Master1.ID)
		made := s.HTTP(t, salontest.NewRequest(http.MethodPost, "/v1/appointments", body).As(t, cast.CustomerA)).
			Result(t, &appointmentv1.Appointment{}).Message.(*appointmentv1.Appointment)
		if !made.GetStartTime().AsTime().Equal(start) {
			t.Errorf("%s was read as %v", text, made.GetStartTime().AsTime())
		}
		query := url.Values{"from": {text}, "to": {start.Add(time.Minute).Format(layout)}}
		list := s.HTTP(t, salontest.NewRequest(http.MethodGet, "/v1/appointments?"+query.Encode(), "").As(t, cast.CustomerA)).
			Result(t, &appointmentv1.ListAppointmentsResponse{}).Message.(*appointmentv1.ListAppointmentsResponse)
		if ids := idsOf(list); len(ids) != 1 || ids[0] != made.GetId() {
			t.Errorf("the list from %s has %v, want %s", text, ids, made.GetId())
		}
	}
}

// TestEarlyCompletion: staff may complete a confirmed appointment before its start if they say so. Nobody is thanked for
// what lies ahead, and nothing is rated.
func TestEarlyCompletion(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		made := cast.Book(t, cast.CustomerA, cast.Master1)
		complete := &appointmentv1.CompleteAppointmentRequest{AppointmentId: made.GetId(), Early: true}
		c.Call(t, cast.Master1, completeAppointment, complete).Want(t, codes.FailedPrecondition, "ILLEGAL_STATE") // not confirmed
		cast.Confirm(t, cast.Master1, made)
		c.Call(t, cast.Master1, completeAppointment, &appointmentv1.CompleteAppointmentRequest{AppointmentId: made.GetId()}).
			Want(t, codes.FailedPrecondition, "NOT_STARTED")
		c.Call(t, cast.CustomerA, completeAppointment, complete).Want(t, codes.PermissionDenied, "PERMISSION_DENIED")
		completed := change(t, c, cast.Master1, completeAppointment, complete)
		if stateOf(completed) != "COMPLETED" || !completed.GetStartTime().AsTime().Equal(made.GetStartTime().AsTime()) {
			t.Errorf("completed %v", completed)
		}
		c.Call(t, cast.CustomerA, createRating, newRating(made.GetId(), "")).Want(t, codes.FailedPrecondition, "NOT_COMPLETED")
		wantText(t, c, cast.CustomerA, made.GetId(), "APPOINTMENT_COMPLETED", func(title, body string) bool {
			return title != "" && body != "" && !mentions(title+body, "thank", "rate")
		})
		s.MoveToPast(t, made.GetId())
		c.Call(t, cast.Master1, completeAppointment, complete).Want(t, codes.OK, "") // once more
	})
}

// TestLateDecisions: what nobody has confirmed in time can still be confirmed, completed or marked as missed, by staff only.
func TestLateDecisions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCast(t)
		late := func() string {
			id := cast.Book(t, cast.CustomerA, cast.Master1).GetId()
			s.MoveToPast(t, id)
			return id
		}
		confirmed := change(t, c, cast.Master1, confirmAppointment, &appointmentv1.ConfirmAppointmentRequest{AppointmentId: late()})
		completed := change(t, c, cast.Master1, completeAppointment, &appointmentv1.CompleteAppointmentRequest{AppointmentId: late()})
		missed := change(t, c, cast.Master1, markNoShow, &appointmentv1.MarkNoShowRequest{AppointmentId: late()})
		cancelled := cancel(t, c, cast.Master1, late())
		for want, got := range map[string]*appointmentv1.Appointment{
			"CONFIRMED": confirmed, "COMPLETED": completed, "NO_SHOW": missed, "CANCELLED": cancelled,
		} {
			if stateOf(got) != want {
				t.Errorf("the state is %s, want %s", stateOf(got), want)
			}
		}
		id := late()
		c.Call(t, cast.CustomerA, cancelAppointment, &appointmentv1.CancelAppointmentRequest{AppointmentId: id}).
			Want(t, codes.FailedPrecondition, "ALREADY_STARTED")
		c.Call(t, cast.CustomerA, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, StartTime: timestamp(s.NextStart())}).
			Want(t, codes.FailedPrecondition, "ALREADY_STARTED")
	})
}
