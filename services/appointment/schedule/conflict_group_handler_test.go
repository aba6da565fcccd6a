package schedule

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// session adds a group session of the first salon, in which nobody has a place, and returns what an answer says of it.
func (f *fixture) session(state, start string, p part) *appointmentv1.GroupSessionConflict {
	f.t.Helper()
	begin := instant(f.t, start)
	end := begin.Add(time.Duration(p.minutes) * time.Minute)
	sessionID := id.New()
	f.exec(`INSERT INTO group_sessions (salon_id, id, service_id, service_name, master_id, state, start_time, end_time, time_zone, capacity, price_minor,
			currency, phases, buffer_before_minutes, buffer_after_minutes, resource_ids, version, create_time, update_time)
		VALUES (?, ?, ?, 'Cut', ?, ?, ?, ?, 'Europe/Berlin', 3, 0, 'EUR', nullif(?, '')::jsonb, 30, 30, '{}', 4, now(), now())`,
		id.FirstSalon, sessionID, f.service, p.master.UserID, state, begin, end, p.phases)
	return &appointmentv1.GroupSessionConflict{
		GroupSessionId: sessionID, Etag: "4", StartTime: stamp(f.t, start), EndTime: stamp(f.t, end.Format("2006-01-02T15:04Z")), MasterId: p.master.UserID,
	}
}

// TestGroupSessionsConflict: sessions that fitted and do not fit any more are named by all changes of hours, also when they are only tried, and
// beside the appointments.
func TestGroupSessionsConflict(t *testing.T) {
	f := newFixture(t)
	f.setOpening(everyDay("09:00", "17:00")) // 08:00Z to 16:00Z
	f.session("SCHEDULED", "2027-02-27T09:00Z", part{f.mira, 60, ""})
	f.session("CANCELLED", "2027-03-02T09:00Z", part{f.mira, 60, ""})
	first := f.session("SCHEDULED", "2027-03-02T09:00Z", part{f.mira, 60, ""})
	second := f.session("SCHEDULED", "2027-03-03T09:00Z", part{f.noor, 120, colour})
	appointment := f.book("CONFIRMED", "2027-03-02T09:00Z", part{f.mira, 60, ""})
	f.session("SCHEDULED", "2027-03-02T18:00Z", part{f.mira, 60, ""}) // did not fit before

	type response interface {
		proto.Message
		GetConflicts() []*appointmentv1.Conflict
		GetGroupSessions() []*appointmentv1.GroupSessionConflict
	}
	want := func(what string, got response, err error, appointments int, sessions ...*appointmentv1.GroupSessionConflict) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if len(got.GetConflicts()) != appointments || appointments > 0 && got.GetConflicts()[0].GetAppointmentId() != appointment {
			t.Errorf("%s: the appointments are %v", what, got.GetConflicts())
		}
		if len(got.GetGroupSessions()) != len(sessions) {
			t.Fatalf("%s: the sessions are %v", what, got.GetGroupSessions())
		}
		for i, s := range sessions {
			servicetest.WantMessage(t, got.GetGroupSessions()[i], s)
		}
	}
	ctx := f.As(f.manager)
	for _, only := range []bool{true, false} {
		opening, err := f.client.SetOpeningHours(ctx, &appointmentv1.SetOpeningHoursRequest{
			SalonId: id.FirstSalon, Periods: []*appointmentv1.WeeklyHours{everyDay("10:30", "17:00")}, ValidateOnly: only,
		})
		want("opening hours", opening, err, 1, first, second)
	}
	f.setOpening(everyDay("09:00", "17:00"))
	working := func(master auth.Principal) (*appointmentv1.SetWorkingHoursResponse, error) {
		return f.client.SetWorkingHours(ctx, &appointmentv1.SetWorkingHoursRequest{
			MasterId: master.UserID, Periods: []*appointmentv1.WeeklyHours{period("", "", weekly("09:00", "10:30", 1, 2, 3), weekly("11:30", "17:00", 1, 2, 3))},
			ValidateOnly: true,
		})
	}
	hours, err := working(f.mira)
	want("working hours", hours, err, 1, first)
	hours, err = working(f.noor) // away while the colour sets
	want("working hours around waiting", hours, err, 0)
	closure, err := f.client.CreateClosure(ctx, &appointmentv1.CreateClosureRequest{SalonId: id.FirstSalon, StartDate: "2027-03-03", ValidateOnly: true})
	want("closure", closure, err, 0, second)
	override, err := f.client.CreateOverride(ctx, &appointmentv1.CreateOverrideRequest{MasterId: f.noor.UserID, StartDate: "2027-03-03", ValidateOnly: true})
	want("override", override, err, 0, second)
	off, err := f.client.CreateTimeOff(ctx, &appointmentv1.CreateTimeOffRequest{
		MasterId: f.mira.UserID, Kind: appointmentv1.TimeOffKind_TIME_OFF_KIND_VACATION, StartDate: "2027-03-02", ValidateOnly: true,
	})
	want("time off", off, err, 1, first)
	longer, err := f.client.CreateClosure(ctx, &appointmentv1.CreateClosureRequest{
		SalonId: id.FirstSalon, StartDate: "2027-03-04", Intervals: []*appointmentv1.WallInterval{wall("09:00", "21:00")},
	})
	if err != nil {
		t.Fatal(err)
	}
	evening := f.session("SCHEDULED", "2027-03-04T18:00Z", part{f.mira, 60, ""})
	usual, err := f.client.DeleteClosure(ctx, &appointmentv1.DeleteClosureRequest{ClosureId: longer.GetClosure().GetId(), ValidateOnly: true})
	want("the usual hours", usual, err, 0, evening)
}

// TestManyGroupSessionsConflict: an answer names a hundred of them, and says when there are more.
func TestManyGroupSessionsConflict(t *testing.T) {
	f := newFixture(t)
	for n := range maxConflicts + 1 {
		f.session("SCHEDULED", instant(t, "2027-03-02T09:00Z").AddDate(0, 0, n).Format("2006-01-02T15:04Z"), part{f.mira, 60, ""})
	}
	got := f.setOpening(period("", "2027-03-01", weekly("09:00", "17:00", 1)))
	if len(got.GetGroupSessions()) != maxConflicts || !got.GetMoreGroupSessions() || got.GetMoreConflicts() {
		t.Errorf("%d sessions, more %v", len(got.GetGroupSessions()), got.GetMoreGroupSessions())
	}
}
