package resilience_test

import (
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"
)

const (
	// starts is how many starts of a day are booked, half an hour apart. An appointment takes an hour, so two that are neighbours overlap.
	starts = 6
	// most is how many calls a history can have.
	most = 64
)

// standing is what became of a hold or an appointment.
type standing byte

const (
	nothing standing = iota
	active           // a hold
	released
	expired
	booked1 // a hold that was booked
	pending // an appointment
	confirmedNow
	declined
	cancelled
)

// takesTime is whether nobody else can have the time.
func (s standing) takesTime() bool { return s == active || s == pending || s == confirmedNow }

// calendar is the state of the model: what the calls have made of a master's day. A hold or an appointment has the number of the call that has made it.
type calendar [most]struct {
	is    standing
	start int8
}

// free is whether a start can be booked, when what has this number counts for nothing; -1: everything counts.
func (c calendar) free(start int8, without int) bool {
	for n, e := range c {
		if n != without && e.is.takesTime() && e.start-start < 2 && start-e.start < 2 {
			return false
		}
	}
	return true
}

// offered are the starts that can be booked, as bits.
func (c calendar) offered() uint8 {
	var bits uint8
	for start := range int8(starts) {
		if c.free(start, -1) {
			bits |= 1 << start
		}
	}
	return bits
}

// with is the calendar after something has another standing.
func (c calendar) with(n int, is standing, start int8) calendar {
	c[n].is, c[n].start = is, start
	return c
}

// input is a call of a history.
type input struct {
	op *operation
	// number is that of the call, master whose calendar it is about.
	number, master int
	// start is which start it is about; of is the number of the hold or the appointment that it is about.
	start int8
	of    int
}

// output is what came of a call.
type output struct {
	// outcome is "OK", the reason of a refusal, or unknown.
	outcome string
	// offered are the starts that a search has found, as bits.
	offered uint8
}

// unknown is the outcome of a call without an answer: it has had its effect, will have it, or never.
const unknown = "unknown"

// right is an outcome that a call can have, and the calendar after it.
type right struct {
	outcome string
	after   calendar
}

// model is what the calls must look like from outside: each happens at one moment between its beginning and its answer.
var model = porcupine.NondeterministicModel{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byMaster := map[int][]porcupine.Operation{}
		for _, op := range history {
			m := op.Input.(input).master
			byMaster[m] = append(byMaster[m], op)
		}
		var parts [][]porcupine.Operation
		for _, part := range byMaster {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() []any { return []any{calendar{}} },
	Step: func(state, in, out any) []any {
		before, got := state.(calendar), out.(output)
		var after []any
		for _, r := range in.(input).op.step(before, in.(input), got) {
			if (r.outcome == got.outcome || got.outcome == unknown) && !slices.Contains(after, any(r.after)) {
				after = append(after, r.after)
			}
		}
		// Who gives up among many others has changed nothing.
		if (got.outcome == unknown || got.outcome == "CONTENTION") && !slices.Contains(after, any(before)) {
			after = append(after, before)
		}
		return after
	},
	Equal: func(a, b any) bool { return a == b },
	DescribeOperation: func(in, out any) string {
		i, o := in.(input), out.(output)
		text := fmt.Sprintf("#%d %s", i.number, i.op.name)
		if i.op.about != nil {
			text += fmt.Sprintf(" #%d", i.of)
		}
		if i.op.starts {
			text += fmt.Sprintf(" at %d", i.start)
		}
		if o.outcome == "OK" && i.op.name == "search" {
			return fmt.Sprintf("%s: %06b", text, o.offered)
		}
		return text + ": " + o.outcome
	},
	DescribeState: func(state any) string {
		text := ""
		for n, e := range state.(calendar) {
			if e.is.takesTime() {
				text += fmt.Sprintf("#%d is at %d; ", n, e.start)
			}
		}
		return text
	},
}

// linearizable checks a history. The info can be drawn.
func linearizable(history []porcupine.Operation) (bool, porcupine.LinearizationInfo) {
	result, info := porcupine.CheckOperationsVerbose(model.ToModel(), history, 0)
	return result == porcupine.Ok, info
}

// take is what comes of taking time for something new.
func take(c calendar, in input, is standing) []right {
	if !c.free(in.start, -1) {
		return []right{{"SLOT_UNAVAILABLE", c}}
	}
	return []right{{"OK", c.with(in.number, is, in.start)}}
}

// become is what comes of a change from some standings to another one. Whatever is so already stays, and all else is refused.
func become(c calendar, in input, to standing, from ...standing) []right {
	switch e := c[in.of]; {
	case slices.Contains(from, e.is):
		return []right{{"OK", c.with(in.of, to, e.start)}}
	case e.is == to:
		return []right{{"OK", c}}
	default:
		return []right{{"ILLEGAL_STATE", c}}
	}
}
