package schedule

import (
	"cmp"
	"slices"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

const (
	kindPrefix   = "TIME_OFF_KIND_"
	sourcePrefix = "SCHEDULE_SOURCE_"
)

func openingHoursToProto(w WeeklyEntry) *appointmentv1.OpeningHours {
	return &appointmentv1.OpeningHours{SalonId: w.SalonID, Periods: periodsToProto(w.Periods), Etag: etag.Format(w.Version)}
}

func workingHoursToProto(w WeeklyEntry) *appointmentv1.WorkingHours {
	return &appointmentv1.WorkingHours{
		MasterId: w.ID, SalonId: w.SalonID, Periods: periodsToProto(w.Periods), Etag: etag.Format(w.Version),
	}
}

func periodsToProto(periods []Period) []*appointmentv1.WeeklyHours {
	list := make([]*appointmentv1.WeeklyHours, len(periods))
	for i, p := range periods {
		list[i] = &appointmentv1.WeeklyHours{
			ValidFrom: dateText(p.From), ValidUntil: dateText(p.Until), Intervals: weekToProto(p.Week),
		}
	}
	return list
}

// weekToProto returns each interval of a week once, by start and end, with its days from Monday on.
func weekToProto(week civil.Week) []*appointmentv1.WeeklyInterval {
	days := map[civil.Interval][]appointmentv1.DayOfWeek{}
	var intervals []civil.Interval
	for n := int(appointmentv1.DayOfWeek_DAY_OF_WEEK_MONDAY); n <= int(appointmentv1.DayOfWeek_DAY_OF_WEEK_SUNDAY); n++ {
		for _, interval := range week[n%7] {
			if days[interval] == nil {
				intervals = append(intervals, interval)
			}
			days[interval] = append(days[interval], appointmentv1.DayOfWeek(n))
		}
	}
	slices.SortFunc(intervals, func(a, b civil.Interval) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To)) })
	list := make([]*appointmentv1.WeeklyInterval, len(intervals))
	for i, interval := range intervals {
		list[i] = &appointmentv1.WeeklyInterval{Days: days[interval], Interval: intervalToProto(interval)}
	}
	return list
}

func intervalToProto(i civil.Interval) *appointmentv1.WallInterval {
	return &appointmentv1.WallInterval{Start: i.From.String(), End: i.To.String()}
}

func dayToProto(day civil.Day) []*appointmentv1.WallInterval {
	list := make([]*appointmentv1.WallInterval, len(day))
	for i, interval := range day {
		list[i] = intervalToProto(interval)
	}
	return list
}

func closureToProto(e DatedEntry) *appointmentv1.Closure {
	return &appointmentv1.Closure{
		Id: e.ID, SalonId: e.SalonID, StartDate: e.From.String(), EndDate: e.Until.String(), Intervals: dayToProto(e.Day),
		Title: e.Note, CreateTime: protoconv.Timestamp(e.CreateTime),
	}
}

func overrideToProto(e DatedEntry) *appointmentv1.Override {
	return &appointmentv1.Override{
		Id: e.ID, MasterId: e.Subject.ID, StartDate: e.From.String(), EndDate: e.Until.String(), Intervals: dayToProto(e.Day),
		Note: e.Note, CreateTime: protoconv.Timestamp(e.CreateTime),
	}
}

func timeOffToProto(e TimeOffEntry, zone *time.Location) *appointmentv1.TimeOff {
	off := e.In(zone)
	return &appointmentv1.TimeOff{
		Id: e.ID, MasterId: e.MasterID, Kind: appointmentv1.TimeOffKind(appointmentv1.TimeOffKind_value[kindPrefix+string(e.Kind)]),
		StartTime: protoconv.Timestamp(off.Start), EndTime: protoconv.Timestamp(off.End),
		StartDate: dateText(e.From), EndDate: dateText(e.Until), Note: e.Note, CreateTime: protoconv.Timestamp(e.CreateTime),
	}
}

func conflictsToProto(found []Conflict) []*appointmentv1.Conflict {
	list := make([]*appointmentv1.Conflict, len(found))
	for i, c := range found {
		list[i] = &appointmentv1.Conflict{
			AppointmentId: c.ID, Etag: etag.Format(c.Version),
			StartTime: protoconv.Timestamp(c.Start), EndTime: protoconv.Timestamp(c.End), MasterIds: c.MasterIDs,
		}
	}
	return list
}

func sessionsToProto(found []Conflict) []*appointmentv1.GroupSessionConflict {
	list := make([]*appointmentv1.GroupSessionConflict, len(found))
	for i, c := range found {
		list[i] = &appointmentv1.GroupSessionConflict{
			GroupSessionId: c.ID, Etag: etag.Format(c.Version),
			StartTime: protoconv.Timestamp(c.Start), EndTime: protoconv.Timestamp(c.End), MasterId: c.MasterIDs[0],
		}
	}
	return list
}

func scheduleDayToProto(day Day, zone *time.Location) *appointmentv1.ScheduleDay {
	p := &appointmentv1.ScheduleDay{
		Date: day.Date.String(), StartTime: protoconv.Timestamp(day.Start), EndTime: protoconv.Timestamp(day.End),
		HoursSource: sourceToProto(day.HoursSource), SalonSource: sourceToProto(day.SalonSource),
	}
	for _, s := range day.Open {
		_, from := civil.Local(s.Start, zone)
		to := civil.WallTime(24 * 60)
		if s.End.Before(day.End) {
			_, to = civil.Local(s.End, zone)
		}
		p.Open = append(p.Open, &appointmentv1.OpenInterval{
			StartTime: protoconv.Timestamp(s.Start), EndTime: protoconv.Timestamp(s.End), Start: from.String(), End: to.String(),
		})
	}
	return p
}

func sourceToProto(s Source) appointmentv1.ScheduleSource {
	return appointmentv1.ScheduleSource(appointmentv1.ScheduleSource_value[sourcePrefix+string(s)])
}
