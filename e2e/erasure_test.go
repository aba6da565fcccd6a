package e2e_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// personalTables are the tables with a column that refers to an account: the kind of their records in an export, or in
// parentheses why they are in none.
var personalTables = map[string]string{
	"users.users":                        "account",
	"users.sessions":                     "sessions",
	"users.sign_in_networks":             "networks",
	"users.memberships":                  "memberships",
	"users.masters":                      "master",
	"users.master_offerings":             "master_offerings",
	"users.erasures":                     "(made when there is nothing to export any more)",
	"appointments.accounts":              "account",
	"appointments.customers":             "customers",
	"appointments.masters":               "master",
	"appointments.offerings":             "offerings",
	"appointments.segments":              "segments",
	"appointments.archived_segments":     "segments",
	"appointments.appointments":          "appointments",
	"appointments.archived_appointments": "appointments",
	"appointments.appointment_history":   "appointment_history",
	"appointments.archived_history":      "appointment_history",
	"appointments.appointment_series":    "appointment_series",
	"appointments.holds":                 "holds",
	"appointments.waitlist_entries":      "waitlist_entries",
	"appointments.waitlist_moves":        "waitlist_moves",
	"appointments.group_sessions":        "(work of a master: appointments have who was there)",
	"appointments.group_places":          "(appointments have them)",
	"appointments.erased_accounts":       "(as users.erasures)",
	"appointments.watch_tickets":         "(of a minute, with nothing but the request)",
	"ratings.appointments":               "appointments",
	"ratings.ratings":                    "ratings",
	"ratings.rating_summaries":           "rating_summary",
	"ratings.erased_accounts":            "(as users.erasures)",
	"notifications.notifications":        "notifications",
	"notifications.erased_accounts":      "(as users.erasures)",
	"notifications.watch_tickets":        "(of a minute, with nothing but the account)",
	"users.idempotency_keys":             "(answers that were sent, for a day)",
	"appointments.idempotency_keys":      "(answers that were sent, for a day)",
	"ratings.idempotency_keys":           "(answers that were sent, for a day)",
	"notifications.idempotency_keys":     "(answers that were sent, for a day)",
}

// schemas are those of the services.
const schemas = "('users', 'appointments', 'ratings', 'notifications')"

func texts1(t *testing.T, conn *pgx.Conn, query string) []string {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPersonalTables: who adds a table that refers to an account says whether an export has it.
func TestPersonalTables(t *testing.T) {
	t.Parallel()
	conn := shared.Get(t).Database(t)
	found := texts1(t, conn, `SELECT DISTINCT table_schema || '.' || table_name FROM information_schema.columns
		WHERE table_schema IN `+schemas+` AND (column_name IN ('account_id', 'user_id', 'recipient_id', 'caller', 'master_id', 'customer_id')
			OR column_name = 'id' AND table_name IN ('users', 'accounts', 'masters'))`)
	for _, table := range found {
		if personalTables[table] == "" {
			t.Errorf("%s refers to accounts: export it and erase it, or say in the list why not", table)
		}
	}
	for table := range personalTables {
		if !slices.Contains(found, table) {
			t.Errorf("there is no %s", table)
		}
	}
}

// person is somebody whose data has markers everywhere, with an appointment that was rated and one in the future.
type person struct {
	*salontest.Account
	marker string
	future string
}

func newPerson(t *testing.T, s *salontest.System, c salontest.Caller) person {
	t.Helper()
	cast := s.NewCast(t)
	marker := "marker" + salontest.Unique()
	p := person{Account: s.NewCustomerWith(t, marker, marker+"@example.com"), marker: marker}
	phone := "+49" + fmt.Sprint(1_000_000_000+len(marker)*7+int(marker[10])*1_000_003)
	c.Call(t, p, userv1.UserService_UpdateMe_FullMethodName, &userv1.UpdateMeRequest{Phone: &phone}).Want(t, codes.OK, "")
	past := cast.Complete(t, cast.Master1, cast.Book(t, p.Account, cast.Master1))
	c.Call(t, p, ratingv1.RatingService_CreateRating_FullMethodName, &ratingv1.CreateRatingRequest{
		AppointmentId: past.GetId(), Stars: 5, Comment: marker + " was here",
	}).Want(t, codes.OK, "")
	req := salontest.Chain(s.NextStart(), salontest.Segment(cast.Master1, cast.Service))
	req.Note = marker + " is allergic"
	p.future = salontest.Do[*appointmentv1.Appointment](t, c, p, appointmentv1.AppointmentService_CreateAppointment_FullMethodName, req).GetId()
	notes := marker + " pays late"
	c.Call(t, s.Admin(), appointmentv1.CustomerService_UpdateCustomer_FullMethodName, &appointmentv1.UpdateCustomerRequest{
		CustomerId: past.GetCustomerId(), Notes: &notes,
	}).Want(t, codes.OK, "")
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, c, p,
			notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
		return errorUnless(len(list.GetNotifications()) > 1, "no notifications")
	})
	return p
}

// tablesWith returns the tables of all services with a text, also in columns of bytes.
func tablesWith(t *testing.T, conn *pgx.Conn, text string) []string {
	t.Helper()
	var found []string
	for _, table := range texts1(t, conn, `SELECT table_schema || '.' || table_name FROM information_schema.tables WHERE table_schema IN `+schemas) {
		var has bool
		err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM `+table+` AS r WHERE position(lower($1) IN lower(to_jsonb(r)::text)) > 0
			OR position(encode(convert_to($1, 'UTF8'), 'hex') IN to_jsonb(r)::text) > 0)`, text).Scan(&has)
		if err != nil {
			t.Fatal(err)
		}
		if has {
			found = append(found, table)
		}
	}
	return found
}

// export is everything that is kept of somebody, page by page.
func export(t *testing.T, c salontest.Caller, as salontest.Identity) []*apiv1.PersonalRecord {
	t.Helper()
	var all []*apiv1.PersonalRecord
	for req := (&userv1.ExportMeRequest{}); ; {
		page := salontest.Do[*userv1.PersonalData](t, c, as, userv1.UserService_ExportMe_FullMethodName, req)
		all = append(all, page.GetRecords()...)
		if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
			return all
		}
	}
}

// TestExportAndErasure: an export has whatever names the person, and after the erasure nothing does.
func TestExportAndErasure(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		conn := s.Database(t)
		p := newPerson(t, s, c)
		exported := map[string]bool{}
		records := export(t, c, p)
		for _, r := range records {
			exported[r.GetService()+"."+r.GetKind()] = true
			if text := r.String(); strings.Contains(text, "argon2id") || strings.Contains(text, "search") {
				t.Errorf("exported %s", text)
			}
		}
		for _, table := range tablesWith(t, conn, p.marker) {
			service, _, _ := strings.Cut(table, ".")
			kind, known := personalTables[table]
			if !known || !strings.HasPrefix(kind, "(") && !exported[strings.TrimSuffix(service, "s")+"."+kind] {
				t.Errorf("%s names the person, and is not in the export: %v", table, exported)
			}
		}
		for _, kind := range []string{"user.sessions", "appointment.segments", "appointment.appointment_history", "rating.ratings", "notification.notifications"} {
			if !exported[kind] {
				t.Errorf("no %s in the export", kind)
			}
		}

		c.Call(t, p, userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{CurrentPassword: "wrong"}).
			Want(t, codes.FailedPrecondition, "CURRENT_PASSWORD_WRONG")
		c.Call(t, p, userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{}).Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		receipt := salontest.Do[*userv1.Erasure](t, c, p, userv1.UserService_EraseMe_FullMethodName,
			&userv1.EraseMeRequest{CurrentPassword: p.Password})
		c.Call(t, p, userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
		salontest.Eventually(t, func() error {
			receipt = salontest.Do[*userv1.Erasure](t, c, nil, userv1.UserService_GetErasure_FullMethodName,
				&userv1.GetErasureRequest{ErasureId: receipt.GetId()})
			return errorUnless(receipt.GetCompleteTime() != nil && len(receipt.GetServices()) == 4, "the receipt is %v", receipt)
		})
		for _, text := range []string{p.marker, strings.ToUpper(p.marker)} {
			if found := tablesWith(t, conn, text); len(found) != 0 {
				t.Errorf("%v name the person", found)
			}
		}
		a := read(t, c, s.Admin(), p.future)
		if a.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || a.GetCustomer().GetDisplayName() != "Deleted customer" {
			t.Errorf("the future appointment is %v", a)
		}
		again := salontest.Do[*userv1.Erasure](t, c, s.Admin(), userv1.UserService_EraseUser_FullMethodName, &userv1.EraseUserRequest{UserId: p.ID})
		if again.GetId() != receipt.GetId() {
			t.Errorf("the administrator gets %v", again)
		}
		// The address is free.
		s.NewCustomerWith(t, "Somebody", p.Email)
	})
}

// TestErasureRefused: members leave their salons first, and bad input names its field.
func TestErasureRefused(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		master := s.NewMaster(t, "Master")
		c.Call(t, master, userv1.UserService_EraseMe_FullMethodName, &userv1.EraseMeRequest{CurrentPassword: master.Password}).
			Want(t, codes.FailedPrecondition, "STILL_MEMBER")
		c.Call(t, s.Admin(), userv1.UserService_EraseUser_FullMethodName, &userv1.EraseUserRequest{UserId: master.ID}).
			Want(t, codes.FailedPrecondition, "STILL_MEMBER")
		for _, admin := range []*salontest.Result{
			c.Call(t, s.Admin(), userv1.UserService_EraseUser_FullMethodName, &userv1.EraseUserRequest{UserId: "nobody"}),
			c.Call(t, nil, userv1.UserService_GetErasure_FullMethodName, &userv1.GetErasureRequest{ErasureId: "nothing"}),
		} {
			admin.Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		}
		c.Call(t, master, userv1.UserService_ExportMe_FullMethodName, &userv1.ExportMeRequest{PageToken: "forged"}).
			Want(t, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
	})
}
