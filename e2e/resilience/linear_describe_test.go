package resilience_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// describe is a call and what came of it, for people.
func describe(i input, o output) string {
	text := fmt.Sprintf("#%d %s", i.number, i.op.name)
	if i.op.about != nil {
		text += fmt.Sprintf(" #%d", i.of)
	}
	switch {
	case i.op.name == "join":
		text += fmt.Sprintf(" for %d-%d at rank %d", i.start, i.upto, i.rank)
	case i.op.starts:
		text += fmt.Sprintf(" at %d", i.start)
	}
	switch {
	case o.outcome == "OK" && i.op.name == "search":
		return fmt.Sprintf("%s: %06b", text, o.offered)
	case o.outcome == "OK" && i.op.name == "look":
		return fmt.Sprintf("%s: %d at %d", text, o.entry, o.at)
	}
	return text + ": " + o.outcome
}

// String describes what takes time, what is kept, and who waits.
func (c calendar) String() (text string) {
	if c.kind == nil {
		return ""
	}
	for n, e := range c.things {
		if start, ok := e.takes(true); ok {
			text += fmt.Sprintf("#%d is at %d (%d); ", n, start, e.is)
		} else if e.is == waiting {
			text += fmt.Sprintf("#%d waits, is owed %07b, late %07b; ", n, e.owes, e.late)
		}
	}
	return text + fmt.Sprintf("kept %v", c.kept)
}

// logHistory shows calls in the order of their beginnings.
func logHistory(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	for _, op := range slices.SortedFunc(slices.Values(history), func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) }) {
		in := op.Input.(input)
		t.Logf("client %d (owner %d) from %s to %s: %s: %s", op.ClientId, in.owner, time.Duration(op.Call).Round(time.Microsecond),
			time.Duration(op.Return).Round(time.Microsecond), in.name, describe(in, op.Output.(output)))
	}
}
