package resilience_test

import (
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
)

// TestCheckerCanFailForTheLine gives histories of group sessions and of the waitlist to the checker that must not happen, and some that may.
func TestCheckerCanFailForTheLine(t *testing.T) {
	t.Parallel()
	type calls []porcupine.Operation
	at := func(k *kind) func(name string, of int, start int8, outcome string) func(number int) porcupine.Operation {
		return func(name string, of int, start int8, outcome string) func(number int) porcupine.Operation {
			return func(number int) porcupine.Operation { return callOf(k, name, number, of, start, outcome) }
		}
	}
	m, g := at(aMaster), at(aGroup)
	looked := func(k *kind, of int, entry standing) func(number int) porcupine.Operation {
		return func(number int) porcupine.Operation {
			op := callOf(k, "look", number, of, 0, "OK")
			op.Output = output{outcome: "OK", entry: entry}
			return op
		}
	}
	history := func(all ...func(number int) porcupine.Operation) (list calls) {
		for n, call := range all {
			list = append(list, call(n))
		}
		return list
	}
	// The master is taken at start 0, then somebody waits for it, and then it is cancelled.
	freed := func(then ...func(number int) porcupine.Operation) calls {
		return history(append([]func(int) porcupine.Operation{m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), m("cancel", 0, 0, "OK")}, then...)...)
	}
	// The same with two who wait, #1 and #2.
	freedForTwo := func(then ...func(number int) porcupine.Operation) calls {
		return history(append([]func(int) porcupine.Operation{
			m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), m("join", 0, 0, "OK"), m("cancel", 0, 0, "OK"),
		}, then...)...)
	}
	// Of two places one is taken and one is held, and somebody waits, #2.
	full := func(then ...func(number int) porcupine.Operation) calls {
		return history(append([]func(int) porcupine.Operation{g("hold", 0, 0, "OK"), g("book", 0, 0, "OK"), g("join", 0, 0, "OK")}, then...)...)
	}
	offer := looked(aMaster, 1, offered)
	for name, tt := range map[string]struct {
		right   bool
		history calls
	}{
		"a stranger is before the line":         {false, freed(m("book", 0, 0, "OK"))},
		"a stranger holds before the line":      {false, freed(m("hold", 0, 1, "OK"))},
		"a stranger is refused":                 {true, freed(m("book", 0, 0, "SLOT_UNAVAILABLE"))},
		"a stranger gets what nobody wishes":    {true, history(m("book", 0, 0, "OK"), m("join", 0, 4, "OK"), m("cancel", 0, 0, "OK"), m("book", 0, 0, "OK"))},
		"a stranger is before who comes later":  {true, history(m("book", 0, 0, "OK"), m("cancel", 0, 0, "OK"), m("join", 0, 0, "OK"), m("book", 0, 0, "OK"))},
		"offered what is taken":                 {false, history(m("book", 0, 0, "OK"), m("join", 0, 0, "OK"), offer)},
		"an offer is accepted":                  {true, freed(offer, m("accept", 1, 0, "OK"), looked(aMaster, 1, accepted))},
		"an offer is accepted twice":            {false, freed(offer, m("accept", 1, 0, "OK"), m("accept", 1, 0, "OK"))},
		"an offer that was declined is booked":  {false, freed(offer, m("decline the offer", 1, 0, "OK"), m("accept", 1, 0, "OK"))},
		"an offer that has run out is booked":   {false, freed(offer, m("let the offer expire", 1, 0, "OK"), m("accept", 1, 0, "OK"))},
		"an offer that was declined comes back": {false, freed(offer, m("decline the offer", 1, 0, "OK"), offer)},
		"an offer ends by itself":               {false, freed(offer, looked(aMaster, 1, waiting))},
		"whoever has left is offered something": {false, freed(m("leave", 1, 0, "OK"), offer)},
		"nobody is ever asked":                  {false, freed(m("settle", 0, 0, "OK"), looked(aMaster, 1, waiting))},
		"somebody is asked":                     {true, freed(m("settle", 0, 0, "OK"), offer)},
		"two are offered one time":              {false, freedForTwo(offer, looked(aMaster, 2, offered))},
		"the second is asked before the first":  {false, freedForTwo(looked(aMaster, 2, offered))},
		"the second is asked after the first":   {true, freedForTwo(offer, m("decline the offer", 1, 0, "OK"), looked(aMaster, 2, offered))},
		"the second is not asked":               {false, freedForTwo(m("accept", 1, 0, "OK"), m("cancel", 4, 0, "OK"), m("settle", 0, 0, "OK"), looked(aMaster, 2, waiting))},
		"after a decline a stranger is first":   {false, freedForTwo(offer, m("decline the offer", 1, 0, "OK"), m("book", 0, 0, "OK"))},
		"after an expiry a stranger is first":   {false, freedForTwo(offer, m("let the offer expire", 1, 0, "OK"), m("book", 0, 0, "OK"))},
		"when all have declined it is free":     {true, freed(offer, m("decline the offer", 1, 0, "OK"), m("book", 0, 0, "OK"))},
		"two places of two":                     {true, history(g("book", 0, 0, "OK"), g("hold", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL"))},
		"three places of two":                   {false, history(g("book", 0, 0, "OK"), g("hold", 0, 0, "OK"), g("book", 0, 0, "OK"))},
		"full with one place of two":            {false, history(g("book", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL"))},
		"a place is lost when it moves":         {false, full(g("move", 1, 1, "OK"), g("settle", 0, 0, "OK"), looked(aGroup, 2, waiting))},
		"a place goes to the line":              {true, full(g("cancel", 1, 0, "OK"), looked(aGroup, 2, offered))},
		"a place goes to a stranger":            {false, full(g("cancel", 1, 0, "OK"), g("book", 0, 0, "OK"))},
		"an expired place goes to a stranger":   {false, full(g("expire", 0, 0, "OK"), g("book", 0, 0, "OK"))},
		"an expired place goes to the line":     {true, full(g("expire", 0, 0, "OK"), g("book", 0, 0, "GROUP_FULL"), looked(aGroup, 2, offered))},
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
