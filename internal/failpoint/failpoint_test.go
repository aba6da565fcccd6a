package failpoint_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/beauty-salon/platform/internal/failpoint"
)

// An ordinary build ignores the environment; TestHit tests the other kind.
func TestHitDoesNothingByDefault(t *testing.T) {
	t.Setenv(failpoint.EnvironmentVariable, failpoint.RelayBeforePublish)
	if failpoint.Enabled {
		t.Skip("built with failpoints")
	}
	failpoint.Hit(failpoint.RelayBeforePublish)
}

func TestHit(t *testing.T) {
	t.Parallel()
	special, ordinary := build(t, "failpoint"), build(t, "")
	tests := []struct {
		name, binary, armed string
		killed              bool
	}{
		{"armed", special, "second", true},
		{"armed elsewhere", special, "third", false},
		{"not armed", special, "", false},
		{"ordinary build", ordinary, "second", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(tt.binary)
			cmd.Env = append(os.Environ(), failpoint.EnvironmentVariable+"="+tt.armed)
			err := cmd.Run()
			var exit *exec.ExitError
			if !tt.killed {
				if err != nil {
					t.Errorf("ended with %v", err)
				}
				return
			}
			if !errors.As(err, &exit) {
				t.Fatalf("ended with %v", err)
			}
			if status, ok := exit.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
				t.Errorf("ended with %v, want SIGKILL", exit)
			}
		})
	}
}

// build compiles the program in testdata.
func build(t *testing.T, tags string) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "victim")
	if out, err := exec.Command("go", "build", "-tags", tags, "-o", binary, "./testdata/victim").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}
