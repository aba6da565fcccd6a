package resilience_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// access is a way in which clients use the database.
type access struct {
	name string
	call func(t *testing.T, c salontest.Caller) *salontest.Result
}

// accesses read and write in every service.
func accesses(t *testing.T, s *salontest.System) []access {
	cast := s.NewCast(t)
	master := cast.Master1.ID
	rated := cast.CompleteEarly(t, cast.Master1, cast.Confirm(t, cast.Master1, cast.Book(t, cast.CustomerA, cast.Master1)))
	simple := func(name string, as *salontest.Account, method string, req proto.Message) access {
		return access{name, func(t *testing.T, c salontest.Caller) *salontest.Result { return c.Call(t, as, method, req) }}
	}
	book := func(t *testing.T, c salontest.Caller) *salontest.Result {
		return c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			salontest.Booking(cast.Master1, cast.Service, s.NextStart()))
	}
	name := "Customer A"
	return []access{
		simple("own account", cast.CustomerA, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}),
		simple("masters", cast.Admin, userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{}),
		simple("users", cast.Admin, userv1.UserService_ListUsers_FullMethodName, &userv1.ListUsersRequest{PageSize: 5}),
		simple("appointment", cast.CustomerA, appointmentv1.AppointmentService_GetAppointment_FullMethodName,
			&appointmentv1.GetAppointmentRequest{AppointmentId: rated.GetId()}),
		simple("appointments", cast.CustomerA, appointmentv1.AppointmentService_ListAppointments_FullMethodName,
			&appointmentv1.ListAppointmentsRequest{PageSize: 5}),
		simple("notifications", cast.CustomerA, notificationv1.NotificationService_ListNotifications_FullMethodName,
			&notificationv1.ListNotificationsRequest{PageSize: 5}),
		simple("ratings", cast.CustomerA, ratingv1.RatingService_ListMasterRatings_FullMethodName, &ratingv1.ListMasterRatingsRequest{MasterId: master}),
		{"book", book},
		{"cancel", func(t *testing.T, c salontest.Caller) *salontest.Result {
			booked := book(t, c)
			appointment, ok := booked.Message.(*appointmentv1.Appointment)
			if !ok {
				return booked
			}
			return c.Call(t, cast.CustomerA, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
				&appointmentv1.CancelAppointmentRequest{AppointmentId: appointment.GetId(), Reason: "ill"})
		}},
		simple("change account", cast.CustomerA, userv1.UserService_UpdateMe_FullMethodName, &userv1.UpdateMeRequest{DisplayName: &name}),
		simple("read all", cast.CustomerA, notificationv1.NotificationService_MarkAllNotificationsRead_FullMethodName,
			&notificationv1.MarkAllNotificationsReadRequest{}),
	}
}

// atOnce makes n calls of every access at once and reports those that fail.
func atOnce(t *testing.T, c salontest.Caller, all []access, n int) {
	t.Helper()
	var group sync.WaitGroup
	for _, a := range all {
		for range n {
			group.Go(func() {
				if r := a.call(t, c); r.Code != codes.OK {
					t.Errorf("%s: %v", a.name, r)
				}
			})
		}
	}
	group.Wait()
}

// TestDatabaseDropsAllConnections: nobody notices, because a dead connection is found before anything is sent.
func TestDatabaseDropsAllConnections(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t)
	all, db := accesses(t, s), s.Database(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for _, some := range [][]access{all, all[:7], all[7:]} {
			atOnce(t, c, all, 8) // fills the pools
			var dropped int
			if err := db.QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
				WHERE usename LIKE 'salon\_%'`).Scan(&dropped); err != nil || dropped < 8 {
				t.Fatalf("%d connections were dropped: %v", dropped, err)
			}
			atOnce(t, c, some, 30/len(some)+1)
		}
	})
}

// TestColumnsAreAddedUnderLoad adds a column to every table of every service while clients read and write: to them it
// is as if nothing had happened.
func TestColumnsAreAddedUnderLoad(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t)
	all, db := accesses(t, s), s.Database(t)
	callers := s.Callers()
	atOnce(t, callers[0], all, 4)
	atOnce(t, callers[1], all, 4)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var group sync.WaitGroup
	var made atomic.Int64
	for _, c := range callers {
		for _, a := range all {
			group.Go(func() {
				for ctx.Err() == nil {
					if r := a.call(t, c); r.Code != codes.OK {
						t.Errorf("%s over %s: %v", a.name, c.Name(), r)
						return
					}
					made.Add(1)
				}
			})
		}
	}
	tables := tables(t, db)
	for _, table := range tables {
		if _, err := db.Exec(t.Context(), "ALTER TABLE "+table+" ADD COLUMN added_later text"); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
	stop()
	group.Wait()
	atOnce(t, callers[0], all, 4)
	atOnce(t, callers[1], all, 4)
	t.Logf("%d calls while %d tables were changed", made.Load(), len(tables))
}

// tables are those of the services, and what goose keeps. No service has functions in its schema: postgres.DB takes a
// SELECT for a read, which may be tried again.
func tables(t *testing.T, db *pgx.Conn) []string {
	t.Helper()
	read := func(query string) []string {
		rows, err := db.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	const services = `n.nspname IN ('users', 'appointments', 'ratings', 'notifications')`
	if functions := read(`SELECT p.proname::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		WHERE p.prokind = 'f' AND p.provolatile = 'v' AND p.prorettype <> 'trigger'::regtype AND ` + services); len(functions) > 0 {
		t.Errorf("functions that a SELECT could call: %v", functions)
	}
	found := read(`SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ` + services)
	if len(found) < 20 {
		t.Fatal(fmt.Sprint(found))
	}
	return found
}
