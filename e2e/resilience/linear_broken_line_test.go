package resilience_test

import (
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
)

// TestCheckerCanFailForTheLine gives histories of group sessions and of the waitlist to the checker that must not happen, and some that may.
func TestCheckerCanFailForTheLine(t *testing.T) {
	t.Parallel()
	type call func(number int) porcupine.Operation
	type calls []call
	at := func(k *kind) func(name string, of int, start int8, outcome string) call {
		return func(name string, of int, start int8, outcome string) call {
			return func(number int) porcupine.Operation { return callOf(k, name, number, of, start, outcome) }
		}
	}
	m, g := at(aMaster), at(aGroup)
	looked := func(k *kind, of int, entry standing) call {
		return func(number int) porcupine.Operation {
			op := callOf(k, "look", number, of, 0, "OK")
			op.Output = output{outcome: "OK", entry: entry}
			return op
		}
	}
	// by is a call for the customer of another one.
	by := func(owner int8, of call) call {
		return func(number int) porcupine.Operation {
			op := of(number)
			in := op.Input.(input)
			in.owner = owner
			op.Input = in
			return op
		}
	}
	history := func(all calls) (list []porcupine.Operation) {
		for n, call := range all {
			list = append(list, call(n))
		}
		return list
	}
	// The master is taken at start 0, then somebody waits for it, and then it is cancelled.
	freed := func(then calls) []porcupine.Operation {
		return history(append(calls{m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), m("cancel", 0, 0, "OK")}, then...))
	}
	// The same with two who wait, #1 and #2.
	freedForTwo := func(then calls) []porcupine.Operation {
		return history(append(calls{
			m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), m("join", 0, 0, "OK"), m("cancel", 0, 0, "OK"),
		}, then...))
	}
	// Of two places one is taken and one is held, and somebody waits, #2.
	full := func(then calls) []porcupine.Operation {
		return history(append(calls{g("hold", 0, 0, "OK"), g("book", 0, 0, "OK"), g("join", 0, 0, "OK")}, then...))
	}
	// A place is kept for one who leaves, #2, while somebody waits for something else, #3. Then #7 and #8 come, and the other place is kept too.
	kept := func(then calls) []porcupine.Operation {
		return full(append(calls{
			g("join", 0, 1, "OK"), g("cancel", 1, 0, "OK"), g("leave", 2, 0, "OK"), looked(aGroup, 3, waiting),
			g("join", 0, 0, "OK"), g("join", 0, 0, "OK"), g("release", 0, 0, "OK"), looked(aGroup, 7, waiting),
		}, then...))
	}
	offer := looked(aMaster, 1, offered)
	for name, tt := range map[string]struct {
		right   bool
		history []porcupine.Operation
	}{
		"a stranger is before the line":    {false, freed(calls{m("book", 0, 0, "OK")})},
		"a stranger holds before the line": {false, freed(calls{m("hold", 0, 1, "OK")})},
		"a stranger is refused":            {true, freed(calls{m("book", 0, 0, "SLOT_UNAVAILABLE")})},
		"a stranger gets what nobody waits for": {true, history(calls{
			m("book", 0, 0, "OK"), m("join", 0, 4, "OK"), m("cancel", 0, 0, "OK"), m("book", 0, 0, "OK"),
		})},
		"a stranger is before who comes later": {true, history(calls{
			m("book", 0, 0, "OK"), m("cancel", 0, 0, "OK"), m("join", 0, 0, "OK"), m("book", 0, 0, "OK"),
		})},
		"offered what is taken": {false, history(calls{m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), offer})},
		"an offer is accepted": {true, freed(calls{
			offer, m("accept", 1, 0, "OK"), looked(aMaster, 1, accepted),
		})},
		"an offer is accepted twice": {false, freed(calls{offer, m("accept", 1, 0, "OK"), m("accept", 1, 0, "OK")})},
		"an offer that was declined is booked": {false, freed(calls{
			offer, m("decline the offer", 1, 0, "OK"), m("accept", 1, 0, "OK"),
		})},
		"an offer that has run out is booked": {false, freed(calls{
			offer, m("let the offer expire", 1, 0, "OK"), m("accept", 1, 0, "OK"),
		})},
		"an offer that was declined comes back": {false, freed(calls{offer, m("decline the offer", 1, 0, "OK"), offer})},
		"an offer ends by itself":               {false, freed(calls{offer, looked(aMaster, 1, waiting)})},
		"whoever has left is offered something": {false, freed(calls{m("leave", 1, 0, "OK"), offer})},
		"nobody is ever asked":                  {false, freed(calls{m("settle", 0, 0, "OK"), looked(aMaster, 1, waiting)})},
		"somebody is asked":                     {true, freed(calls{m("settle", 0, 0, "OK"), offer})},
		"two are offered one time":              {false, freedForTwo(calls{offer, looked(aMaster, 2, offered)})},
		"the second is asked before the first":  {false, freedForTwo(calls{looked(aMaster, 2, offered)})},
		"the second is asked after the first": {true, freedForTwo(calls{
			offer, m("decline the offer", 1, 0, "OK"), looked(aMaster, 2, offered),
		})},
		"the second is not asked": {false, freedForTwo(calls{
			m("accept", 1, 0, "OK"), m("cancel", 4, 0, "OK"), m("settle", 0, 0, "OK"), looked(aMaster, 2, waiting),
		})},
		"after a decline a stranger is first": {false, freedForTwo(calls{
			offer, m("decline the offer", 1, 0, "OK"), m("book", 0, 0, "OK"),
		})},
		"after an expiry a stranger is first": {false, freedForTwo(calls{
			offer, m("let the offer expire", 1, 0, "OK"), m("book", 0, 0, "OK"),
		})},
		"when all have declined it is free": {true, freed(calls{
			offer, m("decline the offer", 1, 0, "OK"), m("book", 0, 0, "OK"),
		})},
		"two places of two": {true, history(calls{
			g("book", 0, 0, "OK"), g("hold", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL"),
		})},
		"three places of two": {false, history(calls{
			g("book", 0, 0, "OK"), g("hold", 0, 0, "OK"), g("book", 0, 0, "OK"),
		})},
		"full with one place of two": {false, history(calls{g("book", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL")})},
		"a place is lost when it moves": {false, full(calls{
			g("move", 1, 1, "OK"), g("settle", 0, 0, "OK"), looked(aGroup, 2, waiting),
		})},
		"a place goes to the line":            {true, full(calls{g("cancel", 1, 0, "OK"), looked(aGroup, 2, offered)})},
		"a place goes to a stranger":          {false, full(calls{g("cancel", 1, 0, "OK"), g("book", 0, 0, "OK")})},
		"an expired place goes to a stranger": {false, full(calls{g("expire", 0, 0, "OK"), g("book", 0, 0, "OK")})},
		"an expired place goes to the line": {true, full(calls{
			g("expire", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL"), looked(aGroup, 2, offered),
		})},
		"a place that was kept for nobody else goes to a stranger": {true, kept(calls{
			g("book", 0, 0, "OK"), looked(aGroup, 7, offered), looked(aGroup, 8, waiting),
		})},
		"nobody is asked whose own place is over": {false, history(calls{
			g("join", 0, 0, "OK"), by(0, g("hold", 0, 0, "OK")), g("expire", 1, 0, "OK"), g("settle", 0, 0, "OK"), looked(aGroup, 0, waiting),
		})},
		"somebody is asked whose own place is over": {true, history(calls{
			g("join", 0, 0, "OK"), by(0, g("hold", 0, 0, "OK")), g("expire", 1, 0, "OK"), g("settle", 0, 0, "OK"), looked(aGroup, 0, offered),
		})},
		"both places go to strangers": {false, kept(calls{g("book", 0, 0, "OK"), g("book", 0, 0, "OK")})},
	} {
		if got, _ := linearizable(tt.history); got != tt.right {
			t.Errorf("%s: the checker says %v", name, got)
		}
	}
}

// callOf is a call of a history in which one call follows the other.
func callOf(k *kind, name string, number, of int, start int8, outcome string) porcupine.Operation {
	all := append(slices.Clone(operations), settledNow)
	i := slices.IndexFunc(all, func(op *operation) bool { return op.name == name })
	at := int64(number) * 10
	return porcupine.Operation{
		ClientId: number, Call: at, Return: at + 5,
		Input:  input{op: all[i], kind: k, number: number, of: of, start: start, upto: start, owner: int8(number), rank: int8(number)},
		Output: output{outcome: outcome},
	}
}
