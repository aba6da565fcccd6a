package zoneinfo

import (
	"errors"
	"regexp"
	"strings"
	"testing"
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
	for name, hint := range map[string]string{
		"": "", "Local": "", "Berlin": "", "Europe/Atlantis": "", " UTC": "", "Europe/Berlin\n": "", "../etc/passwd": "", "Europe": "", "Europe/": "",
		"CET": "Europe/Berlin", "EST": "America/Panama", "PST8PDT": "America/Los_Angeles", "GMT": "UTC", "Zulu": "UTC",
		"+01:00": "a place", "-0500": "a place", "UTC+1": "a place", "GMT+2": "a place", "Etc/GMT-1": "a place", "Etc/GMT": "a place",
		"europe/berlin": "Europe/Berlin", "utc": "UTC", "Factory": "a place",
	} {
		err := Check(name)
		refused, ok := errors.AsType[*NameError](err)
		if !ok {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if !strings.Contains(refused.Hint, hint) || hint == "" && refused.Hint != "" {
			t.Errorf("%q: hint %q, want one with %q", name, refused.Hint, hint)
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
