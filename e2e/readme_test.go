package e2e_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestReadme runs the tour of the README, as it is printed there, against a system with the demo salon.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	tour := regexp.MustCompile(`(?s)<!-- tour.*?-->(.*)<!-- end of tour -->`).FindStringSubmatch(string(text))
	if tour == nil {
		t.Fatal("README.md has no tour")
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(tour[1], -1) {
		script.WriteString(block[1])
	}
	s := salontest.Start(t, salontest.WithDemo())
	lines := script.String()
	for printed, real := range map[string]string{"http://127.0.0.1:8080": s.URL(), "127.0.0.1:9090": s.GRPCAddr()} {
		if !strings.Contains(lines, printed) {
			t.Fatalf("the tour does not use %s", printed)
		}
		lines = strings.ReplaceAll(lines, printed, real)
	}
	// Each command's output begins with the command, so that it can be told apart.
	lines = strings.Replace(lines, "set -euo pipefail", "exec 2>&1; PS4='+ '; set -xeuo pipefail", 1)
	cmd := exec.CommandContext(t.Context(), "bash", "-c", lines)
	cmd.Dir = ".."
	output, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tour fails: %v\n%s", err, output)
	}
	rest := string(output)
	for _, want := range []string{
		`"displayName":"Mira Sol"`, // who does balayage
		`"offerings":[{`,
		"HTTP/1.1 201 Created", `"state":"APPOINTMENT_STATE_PENDING"`,
		"HTTP/1.1 201 Created", // the same call again
		`"reason":"SLOT_UNAVAILABLE"`,
		`"state":"APPOINTMENT_STATE_CONFIRMED"`, `"state":"APPOINTMENT_STATE_COMPLETED"`,
		`"stars":5`, `"histogram":[`, `"notifications":[{`,
		"salon.appointment.v1.AppointmentService", "salon.user.v1.MasterService",
		`"displayName": "Mira Sol"`, `"appointments": [`, `"count":`,
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("the tour does not show %q where it should:\n%s", want, output)
		}
		rest = after
	}
}
