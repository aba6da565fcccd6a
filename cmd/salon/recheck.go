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
	const wall = "Mon 2006-01-02 15:04"
	found := 0
	err = booking.NewStore(db).ChangedTimes(ctx, time.Now(), func(t booking.ChangedTime) error {
		if found++; found == 1 {
			fmt.Fprintln(w, "APPOINTMENT\tSALON\tSTARTS\tPROMISED\tZONE\tNOW\tZONE")
		}
		_, err := fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", t.AppointmentID, t.SalonID, t.Start.Format(time.RFC3339),
			t.Promised.Format(wall), t.Promised.Location(), t.Now.Format(wall), t.Now.Location())
		return err
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d appointments have another wall time than was promised (tzdata %s)\n", found, zoneinfo.Version())
	return nil
}
