// Command zoneinfo takes the time zone database out of the Go distribution, with its version.
//
// The database is in the public domain. The Go distribution compiles it from the source that IANA publishes
// (https://www.iana.org/time-zones) and names the version in the script that does so.
//
//	go run ./internal/tools/zoneinfo internal/zoneinfo
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

var dataVersion = regexp.MustCompile(`(?m)^DATA=([0-9]{4}[a-z]+)$`)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: zoneinfo FOLDER")
		os.Exit(2)
	}
	if err := copyTo(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "zoneinfo:", err)
		os.Exit(1)
	}
}

func copyTo(folder string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output() //nolint:noctx // a command of a moment
	if err != nil {
		return err
	}
	from := filepath.Join(strings.TrimSpace(string(root)), "lib", "time")
	script, err := os.ReadFile(filepath.Join(from, "update.bash"))
	if err != nil {
		return err
	}
	version := dataVersion.FindSubmatch(script)
	if version == nil {
		return errors.New("update.bash does not name the version of the data")
	}
	archive, err := os.ReadFile(filepath.Join(from, "zoneinfo.zip"))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(folder, "zoneinfo.zip"), archive, 0o644); err != nil { //nolint:gosec // public data
		return err
	}
	return os.WriteFile(filepath.Join(folder, "version.txt"), append(version[1], '\n'), 0o644) //nolint:gosec // public data
}
