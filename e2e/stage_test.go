package e2e_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// stage is what the requests of the authorization table are about. Everything is in the default salon unless it says so.
type stage struct {
	*salontest.Cast
	t      *testing.T
	system *salontest.System

	receptionist, manager           *salontest.Account
	otherReceptionist, otherManager *salontest.Account // of another salon
	otherMaster                     *salontest.Account // of another salon
	subject                         *salontest.Account // whose role on the platform is changed
	completed                       *appointmentv1.Appointment
	rating                          *ratingv1.Rating
	notification                    string // of customer A
	customer                        string // customer A as the salon knows them
	kind                            *appointmentv1.ResourceKind
	resource                        *appointmentv1.Resource // of that kind
	class                           *appointmentv1.Service  // for several customers, of master 1; nil until it is needed
}

func newStage(t *testing.T, s *salontest.System) *stage {
	t.Helper()
	other := s.NewSalon(t).GetId()
	st := &stage{
		Cast: s.NewCast(t), t: t, system: s,
		receptionist: s.NewReceptionist(t, salontest.DefaultSalon), manager: s.NewManager(t, salontest.DefaultSalon),
		otherReceptionist: s.NewReceptionist(t, other), otherManager: s.NewManager(t, other),
		otherMaster: s.NewMasterOf(t, other, "Master of Another Salon"),
		subject:     s.NewCustomer(t, "Subject"),
	}
	st.completed = st.Complete(t, st.Master1, st.Book(t, st.CustomerA, st.Master1))
	st.customer = st.completed.GetCustomerId()
	st.rating = st.rate(st.completed)
	st.kind = s.NewResourceKind(t, salontest.DefaultSalon)
	st.resource = s.NewResource(t, st.kind)
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, s.GRPC(), st.CustomerA,
			notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
		if len(list.GetNotifications()) == 0 {
			return errors.New("customer A has no notification")
		}
		st.notification = list.GetNotifications()[0].GetId()
		return nil
	})
	return st
}

// in is the same stage for a subtest.
func (s *stage) in(t *testing.T) *stage {
	inner := *s
	inner.t = t
	return &inner
}

// session opens a session of customer A that nothing else uses.
func (s *stage) session() string {
	s.t.Helper()
	s.CustomerA.SignIn(s.t)
	list := salontest.Do[*userv1.ListSessionsResponse](s.t, s.system.GRPC(), s.CustomerA,
		userv1.AuthService_ListSessions_FullMethodName, &userv1.ListSessionsRequest{})
	for _, session := range list.GetSessions() {
		if !session.GetCurrent() {
			return session.GetId()
		}
	}
	s.t.Fatal("customer A has no other session")
	return ""
}

// newReceptionist is the account of a member without a master's profile, whom nobody needs.
func (s *stage) newReceptionist() string {
	return s.system.NewReceptionist(s.t, salontest.DefaultSalon).ID
}

// formerMaster is a master whom nobody needs.
func (s *stage) formerMaster() string { return s.system.NewMaster(s.t, "Former Master").ID }

// invitation is one for the role that its receiver has in any case, or will decline.
func (s *stage) invitation(to *salontest.Account) string {
	return s.system.Invite(s.t, salontest.DefaultSalon, to, apiv1.SalonRole_SALON_ROLE_RECEPTIONIST).GetId()
}

func (s *stage) pending() string { return s.Book(s.t, s.CustomerA, s.Master1).GetId() }

// seriesRequest asks for a series of one appointment with master 1.
func (s *stage) seriesRequest() *appointmentv1.CreateAppointmentSeriesRequest {
	berlin, err := zoneinfo.Load("Europe/Berlin")
	if err != nil {
		s.t.Fatal(err)
	}
	start := s.system.NextStart().In(berlin)
	return &appointmentv1.CreateAppointmentSeriesRequest{
		Segments:   []*appointmentv1.SegmentInput{salontest.Segment(s.Master1, s.Service)},
		Recurrence: "FREQ=WEEKLY;COUNT=1", StartDate: start.Format(time.DateOnly), LocalTime: start.Format("15:04"),
	}
}

// series is a new series of customer A.
func (s *stage) series() string {
	s.t.Helper()
	return salontest.Do[*appointmentv1.AppointmentSeries](s.t, s.system.REST(), s.CustomerA, createSeries, s.seriesRequest()).GetId()
}

func (s *stage) confirmed() string {
	return s.Confirm(s.t, s.Master1, s.Book(s.t, s.CustomerA, s.Master1)).GetId()
}

func (s *stage) unrated() string {
	return s.Complete(s.t, s.Master1, s.Book(s.t, s.CustomerA, s.Master1)).GetId()
}

func (s *stage) rate(appointment *appointmentv1.Appointment) *ratingv1.Rating {
	s.t.Helper()
	return salontest.Do[*ratingv1.Rating](s.t, s.system.REST(), s.CustomerA, ratingv1.RatingService_CreateRating_FullMethodName,
		&ratingv1.CreateRatingRequest{AppointmentId: appointment.GetId(), Stars: 4})
}

func (s *stage) newRating() *ratingv1.Rating {
	return s.rate(s.Complete(s.t, s.Master1, s.Book(s.t, s.CustomerA, s.Master1)))
}

// timeOff is time off of master 1 on a date that nobody books.
func (s *stage) timeOff() *appointmentv1.CreateTimeOffRequest {
	return &appointmentv1.CreateTimeOffRequest{
		MasterId: s.Master1.ID, StartDate: farDate(), Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION,
	}
}

// farDates counts the dates that farDate has returned.
var farDates atomic.Int32

// farDate is a date of the years from 2100 on that no other call has returned.
func farDate() string {
	return time.Date(2100, time.January, int(farDates.Add(1)), 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// fixed is a request that is the same for all callers.
func fixed(req proto.Message) func(*stage) proto.Message {
	return func(*stage) proto.Message { return req }
}

func timestamp(t time.Time) *timestamppb.Timestamp { return timestamppb.New(t) }

// erasure is the receipt of an account that was erased.
func (s *stage) erasure() string {
	s.t.Helper()
	return salontest.Do[*userv1.Erasure](s.t, s.system.GRPC(), s.Admin, userv1.UserService_EraseUser_FullMethodName,
		&userv1.EraseUserRequest{UserId: s.system.NewCustomer(s.t, "Erased").ID}).GetId()
}
