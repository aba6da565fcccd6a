package resilience_test

import "fmt"

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
			text += fmt.Sprintf("#%d waits, is owed %07b; ", n, e.owes)
		}
	}
	return text + fmt.Sprintf("kept %v", c.kept)
}
