package main

import (
	"fmt"
	"time"
)

// retentionFlags say how long a process keeps what nobody needs any more.
type retentionFlags struct {
	KeepUnreadDays      int `help:"Days for which notifications are kept that nobody has read; 0 for ever." default:"400"`
	KeepDeadLettersDays int `help:"Days for which dead letters are kept after their last try; 0 for ever." default:"90"`
	ArchiveAfterMonths  int `help:"Months after its end at which an appointment moves to the archive tables; 0 never." default:"0"`
}

const (
	day = 24 * time.Hour
	// maxRetention bounds the numbers, so that a time span of them fits into a duration.
	maxRetention = 10_000
)

func (f retentionFlags) check() error {
	for _, n := range []struct {
		flag  string
		value int
	}{
		{"--keep-unread-days", f.KeepUnreadDays},
		{"--keep-dead-letters-days", f.KeepDeadLettersDays},
		{"--archive-after-months", f.ArchiveAfterMonths},
	} {
		if n.value < 0 || n.value > maxRetention {
			return fmt.Errorf("%s: must be 0 to %d", n.flag, maxRetention)
		}
	}
	return nil
}

func (f retentionFlags) keepUnread() time.Duration { return time.Duration(f.KeepUnreadDays) * day }

func (f retentionFlags) keepDeadLetters() time.Duration {
	return time.Duration(f.KeepDeadLettersDays) * day
}
