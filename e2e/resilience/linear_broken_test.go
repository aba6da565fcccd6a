package resilience_test

import (
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"
)

// TestCheckerCanFail gives histories to the checker that must not happen, and some that may.
func TestCheckerCanFail(t *testing.T) {
	t.Parallel()
	call := func(name string, number, of int, start int8, outcome string) porcupine.Operation {
		return callOf(aMaster, name, number, of, start, outcome)
	}
	found := func(number int, offered uint8) porcupine.Operation {
		op := call("search", number, 0, 0, "OK")
		op.Output = output{outcome: "OK", offered: offered}
		return op
	}
	late := func(op porcupine.Operation) porcupine.Operation {
		op.Return = 1000
		return op
	}
	for name, tt := range map[string]struct {
		right   bool
		history []porcupine.Operation
	}{
		"two at once": {false, []porcupine.Operation{call("book", 0, 0, 0, "OK"), call("book", 1, 0, 1, "OK")}},
		"two at once, of which one may be later": {
			false, []porcupine.Operation{late(call("book", 0, 0, 0, "OK")), late(call("book", 1, 0, 1, "OK"))},
		},
		"one after the other":         {true, []porcupine.Operation{call("book", 0, 0, 0, "OK"), call("book", 1, 0, 2, "OK")}},
		"refused without a reason":    {false, []porcupine.Operation{call("book", 0, 0, 0, "SLOT_UNAVAILABLE")}},
		"a booking is lost":           {false, []porcupine.Operation{call("book", 0, 0, 0, "OK"), found(1, 0b111111)}},
		"a booking is seen":           {true, []porcupine.Operation{call("book", 0, 0, 0, "OK"), found(1, 0b111100)}},
		"a booking is seen too late":  {false, []porcupine.Operation{call("book", 0, 0, 0, "OK"), found(1, 0b111111), found(2, 0b111100)}},
		"without an answer it may be": {true, []porcupine.Operation{late(call("book", 0, 0, 0, unknown)), found(1, 0b111111), found(2, 0b111100)}},
		"without an answer it is no more": {
			false, []porcupine.Operation{late(call("book", 0, 0, 0, unknown)), found(1, 0b111100), found(2, 0b111111)},
		},
		"a hold is booked twice": {false, []porcupine.Operation{
			call("hold", 0, 0, 0, "OK"), call("book the hold", 1, 0, 0, "OK"), call("book the hold", 2, 0, 0, "OK"),
		}},
		"a hold that was given back is booked": {false, []porcupine.Operation{
			call("hold", 0, 0, 0, "OK"), call("release", 1, 0, 0, "OK"), call("book the hold", 2, 0, 0, "OK"),
		}},
		"held time is booked": {false, []porcupine.Operation{call("hold", 0, 0, 0, "OK"), call("book", 1, 0, 1, "OK")}},
		"expired time is not free": {false, []porcupine.Operation{
			call("hold", 0, 0, 0, "OK"), call("expire", 1, 0, 0, "OK"), call("book", 2, 0, 0, "SLOT_UNAVAILABLE"),
		}},
		"a move keeps the old time": {false, []porcupine.Operation{
			call("book", 0, 0, 0, "OK"), call("move", 1, 0, 4, "OK"), call("book", 2, 0, 0, "SLOT_UNAVAILABLE"),
		}},
		"confirmed after it was cancelled": {false, []porcupine.Operation{
			call("book", 0, 0, 0, "OK"), call("cancel", 1, 0, 0, "OK"), call("confirm", 2, 0, 0, "OK"),
		}},
	} {
		if got, _ := linearizable(tt.history); got != tt.right {
			t.Errorf("%s: the checker says %v", name, got)
		}
	}
	for _, op := range operations {
		if strings.TrimSpace(op.name) == "" || op.weight == 0 {
			t.Errorf("%+v is never done", op)
		}
	}
}
