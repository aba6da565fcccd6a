package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/service"
)

// testServices have the contract of Salon's services and no implementation.
var testServices = []service.Definition{
	{Name: "user", APIs: []service.API{
		service.RESTAPI(&userv1.AuthService_ServiceDesc, userv1.NewAuthServiceClient, userv1.RegisterAuthServiceHandlerClient),
		service.RESTAPI(&userv1.UserService_ServiceDesc, userv1.NewUserServiceClient, userv1.RegisterUserServiceHandlerClient),
		service.RESTAPI(&userv1.MasterService_ServiceDesc, userv1.NewMasterServiceClient, userv1.RegisterMasterServiceHandlerClient),
		service.RESTAPI(&userv1.MemberService_ServiceDesc, userv1.NewMemberServiceClient, userv1.RegisterMemberServiceHandlerClient),
		{Desc: &userv1.IdentityService_ServiceDesc},
	}},
	{Name: "appointment", APIs: []service.API{
		service.RESTAPI(&appointmentv1.SalonService_ServiceDesc, appointmentv1.NewSalonServiceClient,
			appointmentv1.RegisterSalonServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AvailabilityService_ServiceDesc, appointmentv1.NewAvailabilityServiceClient,
			appointmentv1.RegisterAvailabilityServiceHandlerClient),
		service.RESTAPI(&appointmentv1.CustomerService_ServiceDesc, appointmentv1.NewCustomerServiceClient,
			appointmentv1.RegisterCustomerServiceHandlerClient),
		service.RESTAPI(&appointmentv1.CatalogService_ServiceDesc, appointmentv1.NewCatalogServiceClient,
			appointmentv1.RegisterCatalogServiceHandlerClient),
		service.RESTAPI(&appointmentv1.ScheduleService_ServiceDesc, appointmentv1.NewScheduleServiceClient,
			appointmentv1.RegisterScheduleServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AppointmentService_ServiceDesc, appointmentv1.NewAppointmentServiceClient,
			appointmentv1.RegisterAppointmentServiceHandlerClient),
		service.RESTAPI(&appointmentv1.AppointmentSeriesService_ServiceDesc, appointmentv1.NewAppointmentSeriesServiceClient,
			appointmentv1.RegisterAppointmentSeriesServiceHandlerClient),
		service.RESTAPI(&appointmentv1.WatchService_ServiceDesc, appointmentv1.NewWatchServiceClient,
			appointmentv1.RegisterWatchServiceHandlerClient),
		{Desc: &appointmentv1.DirectoryService_ServiceDesc},
	}},
	{Name: "rating", APIs: []service.API{
		service.RESTAPI(&ratingv1.RatingService_ServiceDesc, ratingv1.NewRatingServiceClient, ratingv1.RegisterRatingServiceHandlerClient),
	}},
	{Name: "notification", APIs: []service.API{
		service.RESTAPI(&notificationv1.NotificationService_ServiceDesc, notificationv1.NewNotificationServiceClient,
			notificationv1.RegisterNotificationServiceHandlerClient),
	}},
}

// newTestRoutes reads the contract.
func newTestRoutes(t *testing.T) *routes {
	t.Helper()
	rs, err := newRoutes(testServices)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

// newBareGateway is a gateway without services behind it, whose logs go to out.
func newBareGateway(t *testing.T, cfg Config, out *strings.Builder) *Gateway {
	t.Helper()
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	log := zerolog.New(out)
	return &Gateway{
		cfg: cfg, routes: newTestRoutes(t), metrics: m,
		deps: Deps{Services: testServices, Log: log, AccessLog: log},
	}
}

// wantError fails the test unless err has this reason and names just these fields.
func wantError(t *testing.T, err error, reason string, fields ...string) {
	t.Helper()
	var e *apierr.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want %s", err, reason)
	}
	if got := fieldsOf(e); e.ReasonName() != reason || !slices.Equal(got, fields) {
		t.Errorf("got %s %v, want %s %v", e.ReasonName(), got, reason, fields)
	}
}

func fieldsOf(e *apierr.Error) []string {
	var fields []string
	for _, d := range e.GRPCStatus().Details() {
		if bad, ok := d.(*errdetails.BadRequest); ok {
			for _, v := range bad.GetFieldViolations() {
				fields = append(fields, v.GetField())
			}
		}
	}
	slices.Sort(fields)
	return fields
}

// problemOf reads a recorded answer as a problem.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem {
	t.Helper()
	if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("Content-Type is %q: %s", got, w.Body)
	}
	var p problem
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != w.Code {
		t.Errorf("the problem's status is %d, the answer's %d", p.Status, w.Code)
	}
	return p
}

func request(method, target, body string) *http.Request {
	return httptest.NewRequest(method, target, strings.NewReader(body))
}
