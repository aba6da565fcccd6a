package resilience_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// strikeEvery is the time between two faults.
	strikeEvery = 3 * time.Second
	// afterFault is how long after a fault a failed call counts as caused by it.
	afterFault = 5 * time.Second
	// failoverTime is how long after the loss of a PostgreSQL primary calls may fail.
	failoverTime = 30 * time.Second
)

// TestKillAnything breaks a server of a whole installation every three seconds while clients book: it is killed, stopped, or its
// cable is pulled. No acknowledged booking is lost or doubled, everybody is notified once, and clients get no other errors than
// those that say when to try again.
func TestKillAnything(t *testing.T) {
	t.Parallel()
	f := newFleet(t)
	o, stopOperator := startOperator(t, f.database)
	l := newWorkload(t, f.front, f.console, 2)
	c := newChaos(f, o)
	l.start(t)
	l.goesOn(t, time.Minute)
	strikes, primaries := len(fewFaults), map[int]string{}
	long := os.Getenv("SALON_SOAK") != ""
	if long {
		strikes, primaries = 60, map[int]string{15: "killed", 40: "cut off"}
	}
	begin := time.Now()
	for n := range strikes {
		if t.Failed() {
			break
		}
		how := primaries[n]
		switch {
		case !long && fewFaults[n].kind != primaryKind:
			c.one(t, fewFaults[n].kind, fewFaults[n].how)
		case long && how == "":
			c.any(t)
		default:
			for !c.strike(t, c.primary(o), cmp.Or(how, "killed")) {
				<-time.After(operatorLook)
			}
		}
		<-time.After(time.Until(begin.Add(time.Duration(n+1) * strikeEvery)))
	}
	c.mends.Wait()
	took := time.Since(begin)
	l.goesOn(t, 2*time.Minute)
	l.end()
	stopOperator()
	l.check(t, f.console, f.queue.url())
	t.Logf("%d servers were lost in %s:\n%s", len(c.faults), took.Round(time.Second), report(c, o, l))
	c.rare(t, o, l)
	for _, took := range c.relief(o) {
		if took > recovery { // the operator needs less than ten seconds where it is not kept from working
			t.Errorf("commits waited for a standby that was lost for %s", took)
		}
	}
}

// primaryKind names the PostgreSQL primary in fewFaults.
const primaryKind = "PostgreSQL primary"

// fewFaults are what the short form breaks.
var fewFaults = []struct{ kind, how string }{{"NATS", "killed"}, {"Redis", "killed"}, {primaryKind, "killed"}, {"appointment", "stopped"}}

// one breaks a server of a kind.
func (c *chaos) one(t *testing.T, kind, how string) {
	t.Helper()
	for _, v := range c.victims {
		if v.kind == kind {
			c.strike(t, v, how)
		}
	}
}

// any breaks any server of a kind that is whole.
func (c *chaos) any(t *testing.T) {
	t.Helper()
	for _, i := range rand.Perm(len(c.victims)) {
		if c.strike(t, c.victims[i], hows[rand.IntN(len(hows))]) {
			return
		}
	}
	t.Log("every kind of server has one that is still broken")
}

// within reports whether a call was under way in a time.
func (c call) within(begin, end time.Time) bool {
	return c.begin.Before(end) && c.begin.Add(c.took).After(begin)
}

// duringFailover reports whether a call was under way while the primary was lost.
func (o *operator) duringFailover(c call) bool {
	return slices.ContainsFunc(o.failovers, func(s span) bool { return c.within(s.begin, s.begin.Add(failoverTime)) })
}

// rare fails the test when more than one call of a hundred failed, outside of failovers of the database.
func (c *chaos) rare(t *testing.T, o *operator, l *workload) {
	t.Helper()
	all, failed := 0, 0
	for _, call := range l.calls {
		if !o.duringFailover(call) {
			all++
			if call.failed() {
				failed++
			}
		}
	}
	t.Logf("%d of %d calls outside of failovers of the database failed", failed, all)
	if failed*100 > all {
		t.Errorf("that is more than one of a hundred")
	}
}

// relief returns how long after each loss of a standby commits went on.
func (c *chaos) relief(o *operator) (took []time.Duration) {
	for _, f := range c.faults {
		for _, at := range o.relieved {
			if f.kind == standbyKind && at.After(f.begin) && at.Before(f.end) {
				took = append(took, at.Sub(f.begin))
			}
		}
	}
	return took
}

// report is a table of what was broken, and what clients saw of it.
func report(c *chaos, o *operator, l *workload) string {
	type row struct {
		times, calls, failed int
		slowest              time.Duration
		answers              map[string]int
	}
	rows := map[string]*row{}
	for _, f := range c.faults {
		name := f.kind + " | " + f.how
		if f.kind == standbyKind && slices.ContainsFunc(o.failovers, func(s span) bool { return s.end.After(f.begin) && s.end.Before(f.end) }) {
			name = primaryKind + " | " + f.how
		}
		r := rows[name]
		if r == nil {
			r = &row{answers: map[string]int{}}
			rows[name] = r
		}
		r.times++
		for _, call := range l.calls {
			if call.within(f.begin, f.begin.Add(hangsFor+afterFault)) {
				r.calls++
				r.slowest = max(r.slowest, call.took)
				if call.failed() {
					r.failed++
					r.answers[fmt.Sprintf("%d %s", call.answer.status, call.answer.reason)]++
				}
			}
		}
	}
	var text strings.Builder
	text.WriteString("| server | fault | times | calls meanwhile | failed | slowest call |\n|---|---|---|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		fmt.Fprintf(&text, "| %s | %d | %d | %d %v | %.1f s |\n", name, r.times, r.calls, r.failed, r.answers, r.slowest.Seconds())
	}
	for _, s := range o.failovers {
		fmt.Fprintf(&text, "failover: promoted %s after the last sign of life\n", s.end.Sub(s.begin).Round(100*time.Millisecond))
	}
	for _, took := range c.relief(o) {
		fmt.Fprintf(&text, "standby lost: commits went on after %s\n", took.Round(100*time.Millisecond))
	}
	return text.String()
}
