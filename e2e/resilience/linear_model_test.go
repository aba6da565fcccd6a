package resilience_test

import (
	"maps"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	// most is how many calls a history can have.
	most = 64
	// cells is how many parts a day has at most. A start takes one part of a group session's day, two of a master's.
	cells = 7
)

// kind is what a calendar is about.
type kind struct {
	name string
	// starts is how many starts are booked, spacing how far apart they are.
	starts  int8
	spacing time.Duration
	// width is how many cells a start takes, capacity how often each can be taken.
	width, capacity int8
	// full is the reason of a refusal where the time is taken.
	full string
}

var (
	// aMaster is a master's day: starts half an hour apart of a service that takes an hour, so that neighbours overlap.
	aMaster = &kind{name: "master", starts: 6, spacing: 30 * time.Minute, width: 2, capacity: 1, full: "SLOT_UNAVAILABLE"}
	// aGroup are two group sessions of a day with two places each, of which a customer has one at most.
	aGroup = &kind{name: "group", starts: 2, spacing: 3 * time.Hour, width: 1, capacity: 2, full: "GROUP_FULL"}
)

func (k *kind) group() bool { return k.capacity > 1 }

// overlap is whether two starts take the same cell.
func (k *kind) overlap(a, b int8) bool { return a-b < k.width && b-a < k.width }

// taken are the cells of a start.
func (k *kind) taken(start int8) (list []int8) {
	for n := range k.width {
		list = append(list, start+n)
	}
	return list
}

// standing is what became of a hold, an appointment or an entry of the waitlist.
type standing byte

const (
	nothing standing = iota
	active           // a hold
	released
	over // a hold whose time is over, which nobody has noticed
	expired
	booked1 // a hold that was booked
	pending // an appointment
	confirmedNow
	declined
	cancelled
	waiting // an entry
	offered
	accepted
	left
)

// thing is a hold, an appointment, or an entry of the waitlist.
type thing struct {
	is standing
	// start is that of a hold or an appointment, or the first that an entry asks for; upto is the last that it asks for.
	start, upto int8
	// owner is the number of the customer.
	owner int8
	// line is what entries know.
	line
}

// calendar is the state of the model: what the calls have made of a day. Everything has the number of the call that has made it.
type calendar struct {
	*kind

	things [most]thing
	// kept is how often each cell is kept for those who wait, until they were asked.
	kept [cells]int8
}

// takes is whether something takes time at a start; late is whether that counts whose time is over.
func (e thing) takes(late bool) (start int8, ok bool) {
	switch {
	case e.is == active || e.is == pending || e.is == confirmedNow, late && e.is == over:
		return e.start, true
	case e.offer == active || e.offer == over: // its time stays taken until somebody has noticed
		return e.at, true
	}
	return 0, false
}

// used is how often a cell is taken, when what has this number counts for nothing; -1: everything counts.
func (c *calendar) used(cell int8, without int, over bool) (n int8) {
	for i := range c.things {
		if start, ok := c.things[i].takes(over); ok && i != without && start <= cell && cell < start+c.width {
			n++
		}
	}
	return n
}

// free is whether a start can be booked by whoever is not in the line.
func (c *calendar) free(start int8, without int, over bool) bool {
	for _, cell := range c.taken(start) {
		if c.used(cell, without, over)+c.kept[cell] >= c.capacity {
			return false
		}
	}
	return true
}

// inSession is whether a customer has a place in a group session.
func (c *calendar) inSession(owner, start int8, without int) bool {
	if !c.group() {
		return false
	}
	for i := range c.things {
		if at, ok := c.things[i].takes(false); ok && i != without && at == start && c.things[i].owner == owner {
			return true
		}
	}
	return false
}

// offered are the starts that a search shows, as bits. What is over does not count.
func (c *calendar) offered() (bits uint8) {
	for start := range c.starts {
		if c.free(start, -1, false) {
			bits |= 1 << start
		}
	}
	return bits
}

// with is the calendar after something has another standing. Time that it does not take any more goes to the line first.
func (c calendar) with(n int, is standing) calendar {
	start, took := c.things[n].takes(true)
	c.things[n].is = is
	if now, takes := c.things[n].takes(true); took && (!takes || now != start) {
		c = c.freed(start)
	}
	return c.asked()
}

// input is a call of a history.
type input struct {
	op *operation
	*kind
	// number is that of the call, place whose calendar it is about.
	number, place int
	// start is which start it is about, upto the last one that is asked for; of is the number of what it is about.
	start, upto int8
	of          int
	// owner is the number of the customer that the new thing is for; rank is the place of a new entry in the line.
	owner, rank int8
}

// output is what came of a call.
type output struct {
	// outcome is "OK", the reason of a refusal, or unknown.
	outcome string
	// offered are the starts that a search has found, as bits.
	offered uint8
	// entry is where an entry stands, at the start that it is offered, and hold the id of the hold.
	entry standing
	at    int8
	hold  string
}

// unknown is the outcome of a call without an answer: it has had its effect, will have it, or never.
const unknown = "unknown"

// right is an outcome that a call can have, and the calendar after it.
type right struct {
	outcome string
	after   calendar
}

// states are what the calendar may be, as nobody sees when the line is asked.
type states struct{ set map[calendar]bool }

// model is what the calls must look like from outside: each happens at one moment between its beginning and its answer. The program may ask
// the line, and notice what has expired, at any moment in between.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byPlace := map[int][]porcupine.Operation{}
		for _, op := range history {
			p := op.Input.(input).place
			byPlace[p] = append(byPlace[p], op)
		}
		return slices.Collect(maps.Values(byPlace))
	},
	Init: func() any { return &states{map[calendar]bool{{}: true}} },
	Step: func(state, in, out any) (bool, any) {
		i, got := in.(input), out.(output)
		after := map[calendar]bool{}
		for before := range state.(*states).set {
			before.kind = i.kind
			for c := range before.meanwhile() {
				for _, r := range i.op.step(c, i, got) {
					if r.outcome == got.outcome || got.outcome == unknown {
						after[r.after] = true
					}
				}
			}
			// Who gives up among many others has changed nothing.
			if got.outcome == unknown || got.outcome == "CONTENTION" {
				after[before] = true
			}
		}
		return len(after) > 0, &states{after}
	},
	Equal:             func(a, b any) bool { return maps.Equal(a.(*states).set, b.(*states).set) },
	DescribeOperation: func(in, out any) string { return describe(in.(input), out.(output)) },
	DescribeState: func(state any) string {
		text := ""
		for c := range state.(*states).set {
			text += c.String() + "\n"
		}
		return text
	},
}

// linearizable checks a history. The info can be drawn.
func linearizable(history []porcupine.Operation) (bool, porcupine.LinearizationInfo) {
	result, info := porcupine.CheckOperationsVerbose(model, history, 0)
	return result == porcupine.Ok, info
}

// take is what comes of taking time for something new, or of moving something (without).
func take(c calendar, in input, without int, then func(c calendar) calendar) (list []right) {
	if c.inSession(in.owner, in.start, without) {
		list = append(list, right{"CUSTOMER_BUSY", c})
	}
	for _, v := range c.passed(c.taken(in.start)) {
		switch {
		case !v.free(in.start, without, false):
			list = append(list, right{c.full, v})
		case v.free(in.start, without, true) && !v.inSession(in.owner, in.start, without):
			list = append(list, right{"OK", then(v)})
		}
	}
	return list
}

// become is what comes of a change from some standings to another one. Whatever is so already stays, and all else is refused.
func become(c calendar, in input, to standing, from ...standing) []right {
	switch e := c.things[in.of]; {
	case slices.Contains(from, e.is):
		return []right{{"OK", c.with(in.of, to)}}
	case e.is == to:
		return []right{{"OK", c}}
	default:
		return []right{{"ILLEGAL_STATE", c}}
	}
}
