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
	"errors"
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

// Version is the release of the database, such as "2025b".
func Version() string { return strings.TrimSpace(version) }

// NameError reports a name that is not that of a time zone, or that may not be chosen.
type NameError struct {
	Name string
	// Hint says what to use instead. It is empty when nothing is known that comes near.
	Hint string
}

// Error implements error.
func (e *NameError) Error() string {
	if e.Hint == "" {
		return fmt.Sprintf("%q is not an IANA time zone", e.Name)
	}
	return fmt.Sprintf("%q is not the time zone of a place: %s", e.Name, e.Hint)
}

// abbreviations are names in the database that stand for an offset, or for rules that no place promises to keep. A salon
// is at a place. The value is a place that keeps the same time today.
var abbreviations = map[string]string{
	"CET": "Europe/Berlin", "MET": "Europe/Berlin", "EET": "Europe/Athens", "WET": "Europe/Lisbon",
	"EST": "America/Panama", "EST5EDT": "America/New_York", "CST6CDT": "America/Chicago",
	"MST": "America/Phoenix", "MST7MDT": "America/Denver", "PST8PDT": "America/Los_Angeles", "HST": "Pacific/Honolulu",
	"GMT": "UTC", "GMT0": "UTC", "GMT+0": "UTC", "GMT-0": "UTC", "Greenwich": "UTC",
	"UCT": "UTC", "Universal": "UTC", "Zulu": "UTC",
}

// loaded are the zones that were used, a *time.Location by name.
var loaded sync.Map

// Load returns the time zone of a name in the database. The error is a [*NameError] when there is no such name.
func Load(name string) (*time.Location, error) {
	if zone, ok := loaded.Load(name); ok {
		return zone.(*time.Location), nil //nolint:forcetypeassert // nothing else is stored
	}
	if name == "UTC" {
		return time.UTC, nil
	}
	files, err := index()
	if err != nil {
		return nil, err
	}
	file, found := files[name]
	if !found {
		return nil, &NameError{Name: name, Hint: hintFor(name, files)}
	}
	data, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", name, err)
	}
	zone, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil, fmt.Errorf("time zone %s: %w", name, err)
	}
	kept, _ := loaded.LoadOrStore(name, zone)
	return kept.(*time.Location), nil //nolint:forcetypeassert // nothing else is stored
}

// Check reports whether a person may choose a name as a time zone. These may be chosen: names such as "Europe/Berlin",
// older names of the same zones such as "Asia/Calcutta" or "US/Eastern", and "UTC". The error is a [*NameError]: the name
// is not in the database, or it is an abbreviation or an offset, which do not say when summer time begins.
func Check(name string) error {
	files, err := index()
	if err != nil {
		return err
	}
	_, found := files[name]
	if hint := hintFor(name, files); !found || hint != "" {
		return &NameError{Name: name, Hint: hint}
	}
	return nil
}

// Names returns all names that [Check] accepts, in alphabetical order.
func Names() []string {
	files, err := index()
	if err != nil {
		return nil
	}
	var names []string
	for name := range files {
		if hintFor(name, files) == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// hintFor returns what to use instead of a name that is refused, and "" for one that is not or that resembles nothing.
func hintFor(name string, files map[string]*zip.File) string {
	if place, ok := abbreviations[name]; ok {
		return "use " + place
	}
	const offsets = "use a place such as Europe/Berlin, or UTC; an offset does not know summer time"
	if rest, ok := strings.CutPrefix(name, "Etc/"); ok && rest != "UTC" {
		return offsets
	}
	if name == "Factory" {
		return "use a place such as Europe/Berlin"
	}
	if _, found := files[name]; found {
		return ""
	}
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") || strings.HasPrefix(name, "UTC") || strings.HasPrefix(name, "GMT") {
		return offsets
	}
	for known := range files {
		if strings.EqualFold(known, name) && abbreviations[known] == "" {
			return "names are case-sensitive; use " + known
		}
	}
	return ""
}

// index returns the files of the archive by name.
var index = sync.OnceValues(func() (map[string]*zip.File, error) {
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("time zone database: %w", err)
	}
	files := make(map[string]*zip.File, len(r.File))
	for _, f := range r.File {
		if !strings.HasSuffix(f.Name, "/") {
			files[f.Name] = f
		}
	}
	return files, nil
})

func read(f *zip.File) (_ []byte, err error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return io.ReadAll(r)
}
