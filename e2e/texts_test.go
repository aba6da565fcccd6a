package e2e_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// mentions reports whether a text has one of the words, in any case.
func mentions(text string, words ...string) bool {
	for _, word := range words {
		if strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			return true
		}
	}
	return false
}

// wantText waits until somebody's notification of this type about an appointment has a text that is accepted.
func wantText(t *testing.T, c salontest.Caller, who *salontest.Account, appointmentID, typ string, accept func(title, body string) bool) {
	t.Helper()
	salontest.Eventually(t, func() error {
		list := salontest.Do[*notificationv1.ListNotificationsResponse](t, c, who,
			notificationv1.NotificationService_ListNotifications_FullMethodName, &notificationv1.ListNotificationsRequest{})
		for _, n := range list.GetNotifications() {
			if n.GetAppointmentId() == appointmentID && n.GetType().String() == "NOTIFICATION_TYPE_"+typ {
				return errorUnless(accept(n.GetTitle(), n.GetBody()), "%s reads %q: %q", who.Name, n.GetTitle(), n.GetBody())
			}
		}
		return fmt.Errorf("%s has no notification %s", who.Name, typ)
	})
}

func load(t *testing.T, zone string) *time.Location {
	t.Helper()
	loaded, err := zoneinfo.Load(zone)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// TestNotificationTexts: texts have the names of today, and times in the zone that was promised.
func TestNotificationTexts(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = "America/New_York" })
		cast := s.NewCastOf(t, salon.GetId())
		zone := load(t, salon.GetTimeZone())
		made := cast.Book(t, cast.CustomerA, cast.Master1)
		id, wallTime := made.GetId(), made.GetStartTime().AsTime().In(zone).Format("Mon 2 Jan, 15:04")
		all := func(words ...string) func(title, body string) bool {
			return func(_, body string) bool {
				for _, word := range words {
					if !strings.Contains(body, word) {
						return false
					}
				}
				return true
			}
		}
		wantText(t, c, cast.CustomerA, id, "APPOINTMENT_CREATED", all(wallTime, salon.GetName(), cast.Service.GetName(), cast.Master1.Name))
		wantText(t, c, cast.Master1, id, "APPOINTMENT_CREATED", all(wallTime, salon.GetName(), cast.Service.GetName(), cast.CustomerA.Name))

		// A master who is renamed has the new name in old notifications too; a zone that changes does not move what was promised, until
		// an appointment is moved.
		salontest.Do[*userv1.Master](t, c, cast.Master1, userv1.MasterService_UpdateMaster_FullMethodName,
			&userv1.UpdateMasterRequest{MasterId: cast.Master1.ID, DisplayName: new("Mira Sol")})
		salontest.Do[proto.Message](t, c, s.Admin(), updateSalon,
			&appointmentv1.UpdateSalonRequest{SalonId: salon.GetId(), TimeZone: new("Asia/Tokyo"), Name: new("Lumen " + salontest.Unique())})
		wantText(t, c, cast.CustomerA, id, "APPOINTMENT_CREATED", func(_, body string) bool {
			return strings.Contains(body, wallTime) && strings.Contains(body, "Mira Sol") && strings.Contains(body, "Lumen ")
		})

		later, moved := s.NextStart(), load(t, "Asia/Tokyo")
		change(t, c, cast.CustomerA, rescheduleAppointment,
			&appointmentv1.RescheduleAppointmentRequest{AppointmentId: id, StartTime: timestamp(later)})
		wantText(t, c, cast.Master1, id, "APPOINTMENT_RESCHEDULED", all(made.GetStartTime().AsTime().In(moved).Format("Mon 2 Jan, 15:04"), later.In(moved).Format("Mon 2 Jan, 15:04")))
		s.MoveToPast(t, id)
		change(t, c, cast.Master1, completeAppointment, &appointmentv1.CompleteAppointmentRequest{AppointmentId: id})
		wantText(t, c, cast.CustomerA, id, "APPOINTMENT_COMPLETED", func(_, body string) bool { return mentions(body, "thank") })
	})
}
