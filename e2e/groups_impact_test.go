package e2e_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestGroupSessionsInTheWay: what takes the hours or the resource of a session away names the session, in which nobody has a place; and who has a
// place in a session is not offered another one, also where appointments may overlap.
func TestGroupSessionsInTheWay(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		h := newShop(t, c, "UTC", 1)
		manager := s.NewManager(t, h.salon)
		kind := salontest.Do[*appointmentv1.ResourceKind](t, c, manager, createResourceKind,
			&appointmentv1.CreateResourceKindRequest{SalonId: h.salon, Name: "Hall"})
		hall := salontest.Do[*appointmentv1.Resource](t, c, manager, createResource,
			&appointmentv1.CreateResourceRequest{SalonId: h.salon, ResourceKindId: kind.GetId(), Name: "Hall 1"})
		service := s.NewServiceOf(t, h.salon, func(r *appointmentv1.CreateServiceRequest) {
			r.Capacity, r.DurationMinutes = new(int32(3)), new(int32(60))
			r.Phases = []*appointmentv1.Phase{{
				Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: 60, ResourceKindIds: []string{kind.GetId()},
			}}
		})
		s.Offer(t, h.masters[0], service)
		start := time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 20).Add(12 * time.Hour)
		date := start.Format(time.DateOnly)
		g := grouped(t, c, manager, createGroup, &appointmentv1.CreateGroupSessionRequest{
			ServiceId: service.GetId(), MasterId: h.masters[0].ID, StartTime: timestamp(start),
		})
		type impact interface {
			proto.Message
			GetConflicts() []*appointmentv1.Conflict
			GetGroupSessions() []*appointmentv1.GroupSessionConflict
		}
		mornings := []*appointmentv1.WeeklyHours{{Intervals: []*appointmentv1.WeeklyInterval{{
			Days: []appointmentv1.DayOfWeek{1, 2, 3, 4, 5, 6, 7}, Interval: &appointmentv1.WallInterval{Start: "08:00", End: "12:30"},
		}}}}
		for method, req := range map[string]proto.Message{
			setOpening:    &appointmentv1.SetOpeningHoursRequest{SalonId: h.salon, Periods: mornings, ValidateOnly: true},
			setWorking:    &appointmentv1.SetWorkingHoursRequest{MasterId: h.masters[0].ID, Periods: mornings, ValidateOnly: true},
			createClosure: &appointmentv1.CreateClosureRequest{SalonId: h.salon, StartDate: date, ValidateOnly: true},
			createTimeOff: &appointmentv1.CreateTimeOffRequest{
				MasterId: h.masters[0].ID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: date, ValidateOnly: true,
			},
			updateResource: &appointmentv1.UpdateResourceRequest{ResourceId: hall.GetId(), Active: new(false), ValidateOnly: true},
			deleteResource: &appointmentv1.DeleteResourceRequest{ResourceId: hall.GetId(), ValidateOnly: true},
			createResourceClosure: &appointmentv1.CreateResourceClosureRequest{
				ResourceId: hall.GetId(), StartTime: timestamp(start), EndTime: timestamp(start.Add(time.Minute)), ValidateOnly: true,
			},
		} {
			got, _ := salontest.Do[proto.Message](t, c, manager, method, req).(impact)
			want := &appointmentv1.GroupSessionConflict{
				GroupSessionId: g.GetId(), Etag: "1", StartTime: g.GetStartTime(), EndTime: g.GetEndTime(), MasterId: h.masters[0].ID,
			}
			if len(got.GetGroupSessions()) != 1 || len(got.GetConflicts()) != 0 || !proto.Equal(got.GetGroupSessions()[0], want) {
				t.Errorf("%s names %v", method, got)
			}
		}

		h.policy(t, &appointmentv1.UpdateBookingPolicyRequest{AllowCustomerOverlap: new(true)})
		place := &appointmentv1.CreateAppointmentRequest{GroupSessionId: new(g.GetId())}
		book(t, c, h.customer, place)
		found := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, c, h.customer, searchAvailability, &appointmentv1.SearchAvailabilityRequest{
			Segments: filters(service), StartDate: date, EndDate: date,
		})
		busy := appointmentv1.BlockReason_BLOCK_REASON_CUSTOMER_BUSY
		if len(found.GetSlots()) != 0 || len(found.GetReasons()) != 1 || found.GetReasons()[0] != busy {
			t.Errorf("who has a place is offered %v", found)
		}
		why := salontest.Do[*appointmentv1.ExplainSlotResponse](t, c, h.customer, explainSlot, &appointmentv1.ExplainSlotRequest{
			Segments: filters(service), StartTime: timestamp(start),
		})
		if len(why.GetBlocks()) != 1 || why.GetBlocks()[0].GetReason() != busy {
			t.Errorf("explained by %v", why)
		}
		refuse(t, c, refused{"CUSTOMER_BUSY", h.customer, createAppointment, place})
	})
}
