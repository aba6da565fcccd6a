package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/beauty-salon/platform/internal/zoneinfo"
	"github.com/beauty-salon/platform/services/appointment"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

type recheckTimesCmd struct {
	databaseFlags
}

// Run lists the open appointments whose wall time is not the one that was promised any more. It changes nothing: only people
// can decide whether the instant or the wall time counts.
func (c *recheckTimesCmd) Run(ctx context.Context) error {
	db, err := c.open(appointment.Definition)
	if err != nil {
		return err
	}
	defer db.Close()
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	found := 0
	err = booking.NewStore(db).ChangedTimes(ctx, time.Now(), func(t booking.ChangedTime) error {
		if found++; found == 1 {
			fmt.Fprintln(w, "APPOINTMENT\tSALON\tSTART\tPROMISED\tZONE\tZONE NOW\tSALON NOW\tSALON'S ZONE")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.AppointmentID, t.SalonID, t.InSalon.UTC().Format(time.RFC3339),
			wallTime(t.Promised), t.Promised.Location(), wallTime(t.InZone), wallTime(t.InSalon), t.InSalon.Location())
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "appointments with another wall time than was promised: %d (tzdata %s)\n", found, zoneinfo.Version())
	return nil
}

// wallTime is what clocks show in the location of t, and "-" for the zero time.
func wallTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("Mon 2006-01-02 15:04")
}
