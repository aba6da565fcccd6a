package pgcluster

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/beauty-salon/platform/internal/embedded/dirlock"
)

// RunningAdminURL returns the administrator's address of the database of a cluster that another process runs, and "" when none
// does. It contains the password: do not log it.
func RunningAdminURL(dir, database string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	content, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("find the server of %s: %w", dir, err)
	}
	// The process in line 1, the port in line 4, the directory of the socket in line 5.
	lines := strings.Split(string(content), "\n")
	pid, _ := strconv.Atoi(strings.TrimSpace(lines[0])) // 0 for an invalid id
	if len(lines) < 5 || !dirlock.Alive(pid) {
		return "", nil
	}
	port, err := strconv.Atoi(lines[3])
	if err != nil {
		return "", fmt.Errorf("find the server of %s: its lock file has no port", dir)
	}
	password, err := os.ReadFile(filepath.Join(dir, passwordName))
	if err != nil {
		return "", fmt.Errorf("read the password of the cluster: %w", err)
	}
	c := Cluster{socketDir: lines[4], port: port}
	return c.url(url.UserPassword(superuser, strings.TrimSpace(string(password))), database), nil
}
