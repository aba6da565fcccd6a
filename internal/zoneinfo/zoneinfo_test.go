package zoneinfo

import (
	"errors"
	"fmt"
	"regexp"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	for _, name := range []string{
		"UTC", "Europe/Berlin", "America/New_York", "America/Argentina/Buenos_Aires", "Australia/Lord_Howe", "Etc/UTC",
		// Older names.
		"Asia/Calcutta", "US/Eastern", "Europe/Kiev", "Asia/Saigon", "Japan", "Cuba", "GB", "W-SU",
		// Newer names.
		"Asia/Kolkata", "Europe/Kyiv", "America/Nuuk", "America/Ciudad_Juarez",
	} {
		if err := Check(name); err != nil {
			t.Error(err)
		}
		zone, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		if zone.String() != name {
			t.Errorf("%s is called %s", name, zone)
		}
		if again, err := Load(name); err != nil || again != zone {
			t.Errorf("%s: the second call returns another zone: %v", name, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const (
		city   = "use an area and a city such as Europe/Berlin"
		offset = "an offset does not say when summer time begins; use an area and a city such as Europe/Berlin, or UTC"
	)
	for name, hint := range map[string]string{
		"": city, "Local": city, "Berlin": city, "Europe/Atlantis": city, "Europe/Berlin\n": city,
		"../etc/passwd": city, "Europe": city, "Europe/": city, "Factory": city, "posix/Europe/Berlin": city, "CEST": city,
		"CET": city, "EST": "use an area and a city such as America/Panama",
		"EST5EDT": "use an area and a city such as America/New_York",
		"GMT":     "use UTC", "Zulu": "use UTC", "Etc/GMT": "use UTC", "Etc/Zulu": "use UTC",
		"+01:00": offset, "-0500": offset, "UTC+1": offset, "GMT+2": offset, "Etc/GMT-1": offset, "Etc/GMT+12": offset,
		"europe/berlin": "upper and lower case matter; use Europe/Berlin", "utc": "upper and lower case matter; use UTC",
	} {
		err := Check(name)
		refused, ok := errors.AsType[*NameError](err)
		if !ok {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if refused.Hint != hint {
			t.Errorf("%q: hint %q, want %q", name, refused.Hint, hint)
		}
		if want := fmt.Sprintf("%q is not an IANA time zone of a place: %s", name, hint); err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
}

// Each place that is named instead of an abbreviation keeps the same time.
func TestAbbreviations(t *testing.T) {
	for name, place := range abbreviations {
		if place != utc {
			if err := Check(place); err != nil {
				t.Error(err)
			}
		}
		abbreviated, err := Load(name)
		if err != nil {
			t.Error(err)
			continue
		}
		zone, err := Load(place)
		if err != nil {
			t.Error(err)
			continue
		}
		for at := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() == 2027; at = at.Add(time.Hour) {
			if a, b := at.In(abbreviated), at.In(zone); a.Format(time.DateTime) != b.Format(time.DateTime) {
				t.Errorf("%s shows %s when %s shows %s", name, a, place, b)
				break
			}
		}
	}
}

// Names that may not be chosen any more may have been.
func TestLoadTakesAllNames(t *testing.T) {
	for _, name := range []string{"CET", "EST", "Etc/GMT+5", "GMT"} {
		if _, err := Load(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"", "Local", "Europe/Atlantis", "../etc/passwd", "+01:00"} {
		if _, ok := errors.AsType[*NameError](func() error { _, err := Load(name); return err }()); !ok {
			t.Errorf("%q is a zone", name)
		}
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if len(names) < 500 {
		t.Errorf("only %d names", len(names))
	}
	for _, name := range names {
		if _, err := Load(name); err != nil {
			t.Error(err)
		}
	}
}

func TestVersion(t *testing.T) {
	if !regexp.MustCompile(`^20[0-9]{2}[a-z]$`).MatchString(Version()) {
		t.Errorf("version %q", Version())
	}
}
