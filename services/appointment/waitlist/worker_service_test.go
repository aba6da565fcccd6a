package waitlist

import (
	"sync"
	"testing"
	"time"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestAbandoned: freed time that no process works on is free when it expires; the work is done later all the same.
func TestAbandoned(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.dora, f.mira, 6)
	e := f.join(f.ann, f.wants(6))
	f.cancel(a)
	f.exec("UPDATE claims SET expire_time = clock_timestamp() WHERE kept")
	a = f.book(f.ben, f.mira, 6)
	f.work()
	f.wantState("W", e)
	f.wantNothingKept()
	f.cancel(a)
	f.work()
	f.wantState("O", e)
}

// TestExpire: an entry ends when its last date has passed in the zone of the salon.
func TestExpire(t *testing.T) {
	f := newFixture(t)
	f.book(f.dora, f.mira, 6)
	e := f.join(f.ann, f.wants(6))
	for _, c := range []struct {
		now  time.Time
		want string
	}{{noon(6).Add(11 * time.Hour), "W"}, {noon(6).Add(13 * time.Hour), "E"}} {
		f.Clock.Set(c.now)
		if err := f.waitlist.Expire(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.wantState(c.want, e)
	}
}

// TestTwoWorkers: two processes that go through one line at once make one offer of a time.
func TestTwoWorkers(t *testing.T) {
	f := newFixture(t)
	for day := 6; day < 12; day++ {
		a := f.book(f.dora, f.mira, day)
		list := []*appointmentv1.WaitlistEntry{f.join(f.ann, f.wants(day)), f.join(f.ben, f.wants(day))}
		f.cancel(a)
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				if err := f.waitlist.Work(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		workers.Wait()
		f.work()
		f.wantState("OW", list...)
		for i, who := range []auth.Principal{f.ann, f.ben} {
			ok(f, f.entries.LeaveWaitlist, who, &leaveReq{EntryId: list[i].GetId()})
		}
		f.work()
	}
}
