package e2e_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// undriven are the declared reasons that no test can make the program answer with, and why.
var undriven = map[string]string{
	"createHold QUOTE_EXPIRED":             "as for createAppointment",
	"createHold START_IN_PAST":             "a start is offered while it lies ahead; the tests of package booking do it with another clock",
	"watchAppointments STREAM_TOO_SLOW":    streamsOfWatch,
	"watchAppointments PERMISSION_DENIED":  streamsOfWatch,
	"watchAvailability UNAUTHENTICATED":    streamsOfWatch,
	"watchAvailability STREAM_TOO_SLOW":    streamsOfWatch,
	"watchAvailability ILLEGAL_STATE":      "the error is that of searchAvailability, which is driven",
	"watchAvailability ALREADY_STARTED":    "the error is that of searchAvailability, which is driven",
	"watchAvailability TOO_LATE":           "the error is that of searchAvailability, which is driven",
	"watchAvailability NOT_FOUND":          "the error is that of searchAvailability, which is driven",
	"watchAvailability PERMISSION_DENIED":  streamsOfWatch,
	"watchNotifications STREAM_TOO_SLOW":   streamsOfWatch,
	"watchNotifications PERMISSION_DENIED": "it depends on time; the tests of package notification drive it",
	"createAppointment QUOTE_EXPIRED":      "a quote expires after 15 minutes; the tests of package booking do it with another clock",
}

const streamsOfWatch = "it depends on time; the tests of package watch drive it"

// checkReasons fails a run of the whole suite in which some declared reason was not seen. What is answered and not declared
// fails where it is answered.
func checkReasons(status int) int {
	if status != 0 || testing.Short() || !wholeSuite() {
		return status
	}
	for _, complaint := range salontest.Unseen(undriven) {
		fmt.Fprintln(os.Stderr, "reasons:", complaint)
		status = 1
	}
	return status
}

// wholeSuite reports whether no test was left out by a flag.
func wholeSuite() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
