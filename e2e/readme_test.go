package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestReadme runs the tour of the README, as it is printed there, against a system with the demo salons. The tour runs
// twice and gives the same statuses.
func TestReadme(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithDemo())
	checkTour(t, readTour(t, "../README.md", s), "200 200 201 201 409 200 200 200 201 200 200 201 200 200 200 201 201 200 200 200 200 201 200 201 200 200 200 200", readmeShows)
}

// TestSchedulingPage runs the calls of the page about scheduling in the same way.
func TestSchedulingPage(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithDemo())
	checkTour(t, readTour(t, "../docs/scheduling.md", s), "201 409 201 200 200", schedulingShows)
}

// readmeShows and schedulingShows are what the tours show, in this order.
var (
	readmeShows = []string{
		`"timeZone":"Europe/Berlin"`, `"timeZone":"America/New_York"`,
		`"displayName":"Mira Sol"`, // who does balayage
		`"offerings":[{`,
		`"slots":[{`, `"masterName":"Mira Sol"`, `"quote":"`, "\n200\n",
		`"blocks":[]`, "\n200\n",
		`"state":"APPOINTMENT_STATE_PENDING","segments":[{`, `"serviceName":"Full colour"`, `"masterName":"Nina Kovač"`, "\n201\n",
		"\n201\n", // the same call again
		`"reason":"SLOT_UNAVAILABLE"`, `"alternatives":[{`, "\n409\n",
		`"reason":"BLOCK_REASON_BOOKED"`, "\n200\n",
		`"customer":{"displayName":"Anna Berg","phone":"+4915255500001"}`,
		`"displayName":"Élodie Martin"`,
		`"customer":{"displayName":"Ida Keller"`, "\n201\n",
		`"state":"APPOINTMENT_STATE_CANCELLED"`, `"cancelledBy":"ACTOR_RECEPTIONIST"`,
		`"state":"APPOINTMENT_STATE_CONFIRMED"`,
		`"stars":5`, "\n201\n", `"ratings":[{`, `"histogram":[`, `"notifications":[{`, `"body":"`,
		"salon.appointment.v1.AppointmentService", "salon.user.v1.MasterService",
		`"displayName": "Mira Sol"`, `"displayName": "Anna Berg"`, `"count":`,
		`"state":"APPOINTMENT_STATE_CANCELLED"`, `"cancelledBy":"ACTOR_CUSTOMER"`,
		`"state":"HOLD_STATE_ACTIVE"`, "\n201\n", `"masterName":"Nina Kovač"`, "\n201\n", `"cancelledBy":"ACTOR_CUSTOMER"`,
		`"serviceName":"Trim"`, "event: ready",
		`"masterName":"`, // of the walk-in, or of the next slots
		`"slots":[{`, `"groupSessionId":"`, `"placesLeft":6`, "\n200\n",
		`"serviceName":"Make-up class"`, `"groupSessionId":"`, "\n201\n", `"cancelledBy":"ACTOR_CUSTOMER"`,
		`"state":"WAITLIST_STATE_`, "\n201\n", `"offer":{"holdId":"`, `"state":"WAITLIST_STATE_LEFT"`,
		`"displayName":"Me"`, "event: ready", `"records":[{`, `"accountId":"`,
	}
	schedulingShows = []string{
		`"slots":[{`, `"quote":"`,
		`"blocks":[]`,
		`"reason":"BLOCK_REASON_CLOSED"`, `"bookable":true`, `"bookable":false`,
		`"serviceName":"Trim"`, "\n201\n",
		`"reason":"SLOT_UNAVAILABLE"`, `"alternatives":[{`, "\n409\n",
		`"customer":{"displayName":"Ida Keller"`, "\n201\n",
		`"cancelledBy":"ACTOR_RECEPTIONIST"`, `"cancelledBy":"ACTOR_RECEPTIONIST"`,
	}
)

// checkTour runs a tour twice.
func checkTour(t *testing.T, script, statuses string, shows []string) {
	t.Helper()
	first := runTour(t, script, shows)
	if want := strings.Fields(statuses); !slices.Equal(first, want) {
		t.Errorf("the tour shows the statuses %v, want %v", first, want)
	}
	if second := runTour(t, script, shows); !slices.Equal(second, first) {
		t.Errorf("run again, the tour shows the statuses %v, the first time %v", second, first)
	}
}

// readTour returns the commands of a page's tour, with the addresses of a system instead of those that are printed.
func readTour(t *testing.T, page string, s *salontest.System) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	tour := regexp.MustCompile(`(?s)<!-- tour.*?-->(.*)<!-- end of tour -->`).FindStringSubmatch(string(text))
	if tour == nil {
		t.Fatalf("%s has no tour", page)
	}
	var script strings.Builder
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(tour[1], -1) {
		script.WriteString(block[1])
	}
	return strings.NewReplacer("http://127.0.0.1:8080", s.URL(), "127.0.0.1:9090", s.GRPCAddr()).Replace(script.String())
}

// runTour runs the tour, checks what it shows, and returns the statuses that it prints.
func runTour(t *testing.T, script string, shows []string) []string {
	t.Helper()
	// Each command's output begins with the command, so that a failure can be found.
	cmd := exec.CommandContext(t.Context(), "bash", "-c", "exec 2>&1; PS4='+ '; set -xeuo pipefail\n"+script)
	cmd.Dir = ".."
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tour fails: %v\n%s", err, output)
	}
	rest := string(output)
	for _, want := range shows {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the tour does not show %q where it should:\n%s", want, output)
		}
		rest = after
	}
	return regexp.MustCompile(`(?m)^\d{3}$`).FindAllString(string(output), -1)
}
