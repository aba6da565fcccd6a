package log

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

func TestJSON(t *testing.T) {
	var out bytes.Buffer
	l := New(Config{Output: &out})
	l.Debug().Msg("not this")
	l.Info().Str("k", "v").Msg("hello")
	var line struct{ Time, Level, Message, K string }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if line.Level != "info" || line.Message != "hello" || line.K != "v" {
		t.Errorf("line %+v", line)
	}
	if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(line.Time) {
		t.Errorf("time %q", line.Time)
	}
}

func TestConsole(t *testing.T) {
	var out bytes.Buffer
	l := New(Config{Output: &out, Format: FormatConsole, Level: "debug"})
	l.Debug().Str("k", "v").Msg("hello")
	line := out.String()
	if json.Valid([]byte(line)) || !strings.Contains(line, "hello") || !strings.Contains(line, "Z") {
		t.Errorf("line %q", line)
	}
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]int{
		"trace": 5, "debug": 4, "info": 3, "warn": 2, "error": 1, "": 3, "nonsense": 3, "INFO": 3,
	} {
		var out bytes.Buffer
		l := New(Config{Output: &out, Level: level})
		l.Trace().Msg("")
		l.Debug().Msg("")
		l.Info().Msg("")
		l.Warn().Msg("")
		l.Error().Msg("")
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("level %q: %d lines, want %d", level, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []Config{{}, {Level: "warn", Format: "json"}, {Level: "trace", Format: "console"}} {
		if err := c.Validate(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []Config{{Level: "loud"}, {Format: "xml"}} {
		if c.Validate() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}
