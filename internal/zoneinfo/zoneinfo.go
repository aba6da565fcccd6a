// Package zoneinfo loads time zones from a copy of the IANA time zone database in the program.
//
// [time.LoadLocation] prefers the copy of the operating system. Two copies of Salon on different machines would then
// disagree about the wall time of an appointment, and an upgrade of the system would change it unnoticed. With this
// package, rules of zones change only with the program. `make zoneinfo` takes the newest database from the Go
// distribution that builds the program.
package zoneinfo

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

var (
	//go:embed zoneinfo.zip
	archive []byte
	//go:embed version.txt
	version string
)

// Version returns the release of the database, such as "2025b".
func Version() string { return strings.TrimSpace(version) }

// NameError reports a name that is not that of a time zone, or that may not be chosen.
type NameError struct {
	Name string
	// Hint says what to use instead.
	Hint string
}

// Error implements error.
func (e *NameError) Error() string {
	return fmt.Sprintf("%q is not an IANA time zone of a place: %s", e.Name, e.Hint)
}

// abbreviations are names in the database that stand for an offset, or for rules that no place promises to keep. A salon
// is at a place. The value is the name of a place that keeps the same time today, or UTC.
var abbreviations = map[string]string{
	"CET": "Europe/Berlin", "MET": "Europe/Berlin", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
	"EST": "America/Panama", "EST5EDT": "America/New_York", "CST6CDT": "America/Chicago",
	"MST": "America/Phoenix", "MST7MDT": "America/Denver", "PST8PDT": "America/Los_Angeles", "HST": "Pacific/Honolulu",
	"GMT": utc, "GMT0": utc, "GMT+0": utc, "GMT-0": utc, "Greenwich": utc, "UCT": utc, "Universal": utc, "Zulu": utc,
}

const utc = "UTC"

// Load returns the time zone of a name in the database, also of one that [Check] refuses, because it may have been chosen
// before. The error is a [*NameError] when there is no such name.
func Load(name string) (*time.Location, error) {
	load, found := zones()[name]
	if !found {
		return nil, &NameError{Name: name, Hint: hintFor(name)}
	}
	return load()
}

// Check reports whether a person may choose a name as a time zone. These may be chosen: names such as "Europe/Berlin",
// older names of the same zones such as "Asia/Calcutta" or "US/Eastern", and "UTC". The error is a [*NameError]: the name
// is not in the database, or it is an abbreviation or an offset, which do not say when summer time begins.
func Check(name string) error {
	if !eligible(name) {
		return &NameError{Name: name, Hint: hintFor(name)}
	}
	return nil
}

// Names returns all names that [Check] accepts, in alphabetical order.
func Names() []string {
	var names []string
	for name := range zones() {
		if eligible(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func eligible(name string) bool {
	_, found := zones()[name]
	_, short := abbreviations[name]
	rest, etc := strings.CutPrefix(name, "Etc/")
	return found && !short && (!etc || rest == utc) && name != "Factory"
}

// hintFor returns what to use instead of a name that is refused.
func hintFor(name string) string {
	place, short := abbreviations[strings.TrimPrefix(name, "Etc/")]
	switch {
	case short && place == utc:
		return "use UTC"
	case short:
		return "use an area and a city such as " + place
	case isOffset(name):
		return "an offset does not say when summer time begins; use an area and a city such as Europe/Berlin, or UTC"
	}
	for known := range zones() {
		if strings.EqualFold(known, name) && eligible(known) {
			return "upper and lower case matter; use " + known
		}
	}
	return "use an area and a city such as Europe/Berlin"
}

// isOffset reports whether a name looks like +01:00, UTC+1, GMT-0500 or Etc/GMT+5.
func isOffset(name string) bool {
	name = strings.TrimPrefix(name, "Etc/")
	for _, prefix := range []string{"UTC", "GMT", ""} {
		rest, ok := strings.CutPrefix(name, prefix)
		if ok && (strings.HasPrefix(rest, "+") || strings.HasPrefix(rest, "-")) {
			return true
		}
	}
	return false
}

// zones returns the zones of the database by name. Each is read when it is used first. An archive that cannot be opened is a
// mistake in the build.
var zones = sync.OnceValue(func() map[string]func() (*time.Location, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		panic(fmt.Errorf("time zone database: %w", err))
	}
	all := make(map[string]func() (*time.Location, error), len(r.File))
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			all[f.Name] = sync.OnceValues(func() (*time.Location, error) { return read(f) })
		}
	}
	all[utc] = func() (*time.Location, error) { return time.UTC, nil }
	return all
})

func read(f *zip.File) (*time.Location, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", f.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", f.Name, err)
	}
	zone, err := time.LoadLocationFromTZData(f.Name, data)
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", f.Name, err)
	}
	return zone, nil
}
