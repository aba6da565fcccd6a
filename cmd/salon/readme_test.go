package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// setting is what the table of the README says of a variable.
type setting struct{ serve, dev string }

// flagsOf are a command's flags by their variable.
func flagsOf(t *testing.T, command string) map[string]*kong.Flag {
	t.Helper()
	parser, err := newParser(&cli{})
	if err != nil {
		t.Fatal(err)
	}
	flags := map[string]*kong.Flag{}
	for _, node := range parser.Model.Children {
		if node.Name != command {
			continue
		}
		for _, flag := range node.Flags {
			for _, variable := range flag.Envs {
				flags[variable] = flag
			}
		}
	}
	if len(flags) == 0 {
		t.Fatalf("there is no command %s", command)
	}
	return flags
}

var (
	variableName = regexp.MustCompile(`SALON_[A-Z_]+`)
	devDefaults  = regexp.MustCompile(`\(.dev.: ([^)]*)\)`)
)

// readSettings reads the table. The defaults of several variables are separated by commas; where those of dev are fewer,
// they belong to the last ones.
func readSettings(t *testing.T, serve map[string]*kong.Flag) map[string]setting {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(readme), "\n## Configuration\n")
	if !found {
		t.Fatal("the README has no section Configuration")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	settings := map[string]setting{}
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		names := variableName.FindAllString(cells[min(1, len(cells)-1)], -1)
		if len(cells) < 5 || len(names) == 0 {
			continue
		}
		if strings.Contains(cells[1], "…") { // and those in between
			names = nil
			for variable := range serve {
				if strings.HasSuffix(variable, "_TARGET") {
					names = append(names, variable)
				}
			}
		}
		all, dev := cells[2], []string(nil)
		if m := devDefaults.FindStringSubmatch(all); m != nil {
			all, dev = strings.Replace(all, m[0], "", 1), strings.Split(m[1], ",")
		}
		defaults := strings.Split(all, ",")
		for i, name := range names {
			var s setting
			if i < len(defaults) {
				s = setting{value(defaults[i]), value(defaults[i])}
			}
			if j := i - (len(names) - len(dev)); j >= 0 {
				s.dev = value(dev[j])
			}
			settings[name] = s
		}
	}
	return settings
}

// value is a default as a flag has it.
func value(cell string) string {
	switch v := strings.Trim(cell, " `"); v {
	case "none", "made by `dev", "embedded in `dev":
		return ""
	default:
		return v
	}
}

func TestTableOfSettings(t *testing.T) {
	t.Parallel()
	serve, dev := flagsOf(t, "serve"), flagsOf(t, "dev")
	settings := readSettings(t, serve)
	for name, s := range settings {
		if serve[name] == nil && dev[name] == nil && name != passwordVariable {
			t.Errorf("the table has %s, for which there is no flag", name)
		}
		if f := serve[name]; f != nil && f.Default != s.serve {
			t.Errorf("%s of serve has the default %q, the table says %q", name, f.Default, s.serve)
		}
		// The code of dev sets these two, see TestDevelopmentDefaults.
		if name == "SALON_CORS_ORIGINS" || name == "SALON_ACCESS_LOG_FILE" {
			continue
		}
		if f := dev[name]; f != nil && f.Default != s.dev {
			t.Errorf("%s of dev has the default %q, the table says %q", name, f.Default, s.dev)
		}
	}
	for command, flags := range map[string]map[string]*kong.Flag{"serve": serve, "dev": dev} {
		for name, flag := range flags {
			if _, ok := settings[name]; !ok && !flag.Hidden {
				t.Errorf("the table lacks %s of %s", name, command)
			}
		}
	}
}
