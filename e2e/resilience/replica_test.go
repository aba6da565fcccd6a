package resilience_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
)

// replicaAge is how old the answers of the standby may be in the test, so that one that is paused stays in use for a while.
const replicaAge = 20 * time.Second

// TestReplicas runs two copies of everything with a standby for lists. Whoever books at one copy sees that at the other at once, also while the
// standby shows nothing new, Redis is away, or the standby dies.
func TestReplicas(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	standby := pgtest.StartStandby(t, s.database.AdminURL())
	env := []string{"SALON_DATABASE_REPLICA_URLS=" + standby.URL(), "SALON_DATABASE_REPLICA_MAX_AGE=" + replicaAge.String()}
	here, there := s.copy(t, env...), s.copy(t, env...)
	cast := here.NewCast(t)
	own := func() []*appointmentv1.Appointment {
		t.Helper()
		return salontest.Do[*appointmentv1.ListAppointmentsResponse](t, there.GRPC(), cast.CustomerA, listAppointments,
			&appointmentv1.ListAppointmentsRequest{PageSize: 100}).GetAppointments()
	}
	public := func(at *salontest.System) *salontest.Result {
		t.Helper()
		return at.REST().Call(t, nil, appointmentv1.CatalogService_ListServices_FullMethodName, &appointmentv1.ListServicesRequest{PageSize: 100})
	}
	cast.CustomerA.Pair(t)
	fromStandby := func(name, service string, read func()) {
		t.Helper()
		before := replicaReads(t, there, service)
		if !salontest.Deadline(2*time.Minute, func() bool { read(); return replicaReads(t, there, service) > before }) {
			t.Errorf("%s never come from the standby", name)
		}
	}
	fromStandby("anybody's services", "appointment", func() { public(there) })
	fromStandby("the customer's appointments", "appointment", func() { own() })
	for method, req := range listsOf(cast) {
		service := strings.Split(method, ".")[1] // of "/salon.appointment.v1…"
		fromStandby(method, service, func() { there.REST().Call(t, cast.Admin, method, req).Want(t, codes.OK, "") })
	}

	seesAtOnce := func(when string) {
		t.Helper()
		booked := cast.Book(t, cast.CustomerA, cast.Master1)
		if !slices.ContainsFunc(own(), func(a *appointmentv1.Appointment) bool { return a.GetId() == booked.GetId() }) {
			t.Errorf("%s: the customer's list lacks what was just booked", when)
		}
	}
	seesAtOnce("all is well")
	standby.Pause()
	before := replicaReads(t, there, "appointment")
	for range 3 {
		seesAtOnce("the standby shows nothing new")
	}
	public(there).Want(t, codes.OK, "")
	t.Logf("reads from the paused standby: %d", replicaReads(t, there, "appointment")-before)
	s.cache.Stop()
	seesAtOnce("Redis is away")
	s.cache.Start()
	seesAtOnce("Redis has lost everything")
	standby.Resume()

	standby.Kill()
	for i := range 20 {
		for _, at := range []*salontest.System{here, there} {
			if r := public(at); r.Code != codes.OK {
				t.Fatalf("list %d after the death of the standby: %v", i, r)
			}
		}
	}
	seesAtOnce("the standby is dead")
}

// listsOf are requests of an administrator for every list that may be a moment old.
func listsOf(cast *salontest.Cast) map[string]proto.Message {
	salonID, masterID := salontest.DefaultSalon, cast.Master1.ID
	return map[string]proto.Message{
		appointmentv1.AppointmentService_ListAppointments_FullMethodName:            &appointmentv1.ListAppointmentsRequest{},
		appointmentv1.AppointmentSeriesService_ListAppointmentSeries_FullMethodName: &appointmentv1.ListAppointmentSeriesRequest{SalonId: &salonID},
		appointmentv1.CatalogService_ListOfferings_FullMethodName:                   &appointmentv1.ListOfferingsRequest{MasterId: masterID},
		appointmentv1.CatalogService_ListServices_FullMethodName:                    &appointmentv1.ListServicesRequest{},
		appointmentv1.CustomerService_ListCustomers_FullMethodName:                  &appointmentv1.ListCustomersRequest{SalonId: &salonID},
		appointmentv1.GroupService_ListGroupSessions_FullMethodName:                 &appointmentv1.ListGroupSessionsRequest{SalonId: salonID},
		appointmentv1.ResourceService_ListResourceKinds_FullMethodName:              &appointmentv1.ListResourceKindsRequest{SalonId: salonID},
		appointmentv1.ResourceService_ListResources_FullMethodName:                  &appointmentv1.ListResourcesRequest{SalonId: salonID},
		appointmentv1.SalonService_ListSalons_FullMethodName:                        &appointmentv1.ListSalonsRequest{},
		appointmentv1.ScheduleService_ListClosures_FullMethodName:                   &appointmentv1.ListClosuresRequest{SalonId: salonID},
		appointmentv1.ScheduleService_ListOverrides_FullMethodName:                  &appointmentv1.ListOverridesRequest{MasterId: masterID},
		appointmentv1.ScheduleService_ListTimeOff_FullMethodName:                    &appointmentv1.ListTimeOffRequest{MasterId: masterID},
		appointmentv1.WaitlistService_ListWaitlistEntries_FullMethodName:            &appointmentv1.ListWaitlistEntriesRequest{SalonId: &salonID},
		notificationv1.NotificationService_ListNotifications_FullMethodName:         &notificationv1.ListNotificationsRequest{},
		ratingv1.RatingService_ListMasterRatings_FullMethodName:                     &ratingv1.ListMasterRatingsRequest{MasterId: masterID},
		userv1.MasterService_ListMasters_FullMethodName:                             &userv1.ListMastersRequest{},
		userv1.MemberService_ListInvitations_FullMethodName:                         &userv1.ListInvitationsRequest{SalonId: salonID},
		userv1.MemberService_ListMembers_FullMethodName:                             &userv1.ListMembersRequest{SalonId: salonID},
		userv1.MemberService_ListMyInvitations_FullMethodName:                       &userv1.ListMyInvitationsRequest{},
		userv1.UserService_ListUsers_FullMethodName:                                 &userv1.ListUsersRequest{},
	}
}

// replicaReads is how often a service of a copy has read from its standby.
func replicaReads(t *testing.T, at *salontest.System, service string) (n int) {
	t.Helper()
	for line := range strings.Lines(metricsOf(t, at)) {
		if strings.HasPrefix(line, "salon_db_replica_reads_total{") && strings.Contains(line, `pool="`+service+`"`) {
			value, err := strconv.Atoi(strings.TrimSpace(line[strings.LastIndex(line, " "):]))
			if err != nil {
				t.Fatal(fmt.Errorf("%q: %w", line, err))
			}
			n += value
		}
	}
	return n
}

// metricsOf returns the metrics of a copy.
func metricsOf(t *testing.T, at *salontest.System) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at.InternalURL()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
