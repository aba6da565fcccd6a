package main

import (
	"context"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/beauty-salon/platform/internal/events"
)

type eventsCmd struct {
	Republish republishCmd `cmd:"" help:"Publish events again that the stream may have lost."`
}

type republishCmd struct {
	databaseFlags
	Since   string `help:"Events since when: a time such as 2026-01-31T12:00:00Z, or how long ago, such as 36h. They are kept for 31 days." required:"" placeholder:"TIME"`
	Service string `help:"Only events of this service: ${serviceList}." enum:"${services}," default:""`
}

// Run requests the publication. The active relays do it; consumers ignore what they have handled.
func (c *republishCmd) Run(ctx context.Context) error {
	since, err := parseSince(c.Since, time.Now())
	if err != nil {
		return err
	}
	if d, known := definition(c.Service); known && len(d.Subjects) == 0 {
		return fmt.Errorf("--service: %s publishes no events", c.Service)
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tPUBLISHED AGAIN\tNOT PUBLISHED YET")
	for _, d := range definitions {
		if len(d.Subjects) == 0 || (c.Service != "" && c.Service != d.Name) {
			continue
		}
		db, err := c.open(d)
		if err != nil {
			return err
		}
		done, err := events.Republish(ctx, db, since)
		db.Close()
		if err != nil {
			return fmt.Errorf("events of %s: %w", d.Name, err)
		}
		fmt.Fprintf(w, "%s\t%d\t%d\n", d.Name, done.Events, done.Waiting)
	}
	return w.Flush()
}

// parseSince reads a time, or a duration before now.
func parseSince(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago > 0 {
		return now.Add(-ago), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since: %q is neither a time such as 2026-01-31T12:00:00Z nor a duration such as 36h", text)
	}
	if t.After(now) {
		return time.Time{}, fmt.Errorf("--since: %q is in the future", text)
	}
	return t, nil
}
