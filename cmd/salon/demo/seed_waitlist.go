package demo

import (
	"context"
	"fmt"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// waiting is how many customers wait for the time of a future appointment that somebody else has.
const waiting = 2

// seedWaitlist lets customers wait for the times of the first appointments that lie ahead. These are taken, so nobody is offered anything.
func (s *Seeder) seedWaitlist(ctx context.Context, today time.Time) error {
	made := 0
	for _, a := range appointments {
		if made == waiting {
			break
		}
		if a.day < 1 || a.outcome == cancelled || len(a.segments) != 1 || a.customer == made {
			continue
		}
		start, err := a.start(today)
		if err != nil {
			return err
		}
		who, err := s.as(ctx, customers[made].email)
		if err != nil {
			return err
		}
		_, err = s.waitlist.CreateWaitlistEntry(who, &appointmentv1.CreateWaitlistEntryRequest{
			Segments: []*appointmentv1.SegmentFilter{{
				ServiceId: s.serviceIDs[a.segments[0].service], MasterIds: []string{s.ids[masters[a.segments[0].master].email]},
			}},
			StartDate: start.Format(time.DateOnly), EndDate: start.Format(time.DateOnly),
			PartOfDay: &appointmentv1.WallInterval{Start: start.Format("15:04"), End: start.Add(time.Minute).Format("15:04")},
		})
		if err != nil {
			return fmt.Errorf("wait for the time of an appointment of day %d: %w", a.day, err)
		}
		made++
	}
	return nil
}
