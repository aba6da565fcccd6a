package schedule

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// GetSchedule implements ScheduleServiceServer.
func (s *Schedules) GetSchedule(ctx context.Context, req *appointmentv1.GetScheduleRequest) (*appointmentv1.Schedule, error) {
	of, err := s.master(ctx, req.GetMasterId())
	if err != nil {
		return nil, err
	}
	first, last, err := parseSchedule(req)
	if err != nil {
		return nil, err
	}
	found, err := salon.NewStore(s.deps.DB).Salon(ctx, of.SalonID)
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(found)
	if err != nil {
		return nil, err
	}
	calendar, err := s.store.Calendar(ctx, of.SalonID, zone, []string{of.ID}, first, last)
	if err != nil {
		return nil, err
	}
	answer := &appointmentv1.Schedule{MasterId: of.ID, SalonId: of.SalonID, TimeZone: found.TimeZone}
	for d := first; d.Compare(last) <= 0; d = d.AddDays(1) {
		day := calendar.Day(of.ID, d)
		shown := scheduleDayToProto(day, zone)
		for _, e := range calendar.TimeOff[of.ID] {
			if at := e.In(zone); at.Start.Before(day.End) && day.Start.Before(at.End) {
				shown.TimeOff = append(shown.TimeOff, timeOffToProto(e, zone))
			}
		}
		answer.Days = append(answer.Days, shown)
	}
	return answer, nil
}
