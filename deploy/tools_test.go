//go:build deploy

package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRules runs the cases of the alerts.
func TestRules(t *testing.T) {
	t.Parallel()
	run(t, nil, "promtool", "check", "rules", "monitoring/rules.yaml")
	run(t, nil, "promtool", "test", "rules", "monitoring/rules_test.yaml")
	run(t, nil, "promtool", "check", "config", "--syntax-only", "monitoring/prometheus.yaml")
}

// TestDashboardQueries: Prometheus can parse every query of the dashboards. Grafana's variables get a value first.
func TestDashboardQueries(t *testing.T) {
	t.Parallel()
	var rules strings.Builder
	rules.WriteString("groups:\n  - name: dashboards\n    rules:\n")
	variables := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*", "'", "''")
	for _, exprs := range queries(t) {
		for _, expr := range exprs {
			rules.WriteString("      - record: query\n        expr: '" + variables.Replace(expr) + "'\n")
		}
	}
	file := filepath.Join(t.TempDir(), "rules.yaml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	output := run(t, nil, "promtool", "check", "rules", "--lint=none", file)
	if !strings.Contains(string(output), "SUCCESS") {
		t.Errorf("%s", output)
	}
}

// TestComposeFiles loads the compose files as compose would, one over the other.
func TestComposeFiles(t *testing.T) {
	t.Parallel()
	for _, files := range [][]string{
		{"compose.yaml"}, {"compose.yaml", "compose.ha.yaml"}, {"compose.yaml", "compose.monitoring.yaml"},
		{"compose.yaml", "compose.ha.yaml", "compose.monitoring.yaml"},
	} {
		output := string(run(t, nil, append([]string{"../bin/compose", "-no-interpolation"}, files...)...))
		if strings.Contains(output, `published: "8080"`) == strings.Contains(strings.Join(files, " "), "compose.ha.yaml") {
			t.Errorf("%v: the port of the gateway:\n%s", files, output)
		}
	}
}

// TestCaddyfile: Caddy accepts the file, and it is formatted.
func TestCaddyfile(t *testing.T) {
	t.Setenv("SALON_DOMAIN", "api.example.com")
	t.Setenv("SALON_GATEWAY", "gateway")
	t.Setenv("HOME", t.TempDir()) // for what Caddy keeps
	adapted := string(run(t, nil, "caddy", "adapt", "--validate", "--adapter", "caddyfile", "--config", "Caddyfile"))
	for _, want := range []string{`"h2c"`, `"port":"8080"`, `"port":"9090"`, `"name":"gateway"`, `"api.example.com"`} {
		if !strings.Contains(adapted, want) {
			t.Errorf("%s is missing in %s", want, adapted)
		}
	}
	if formatted := run(t, nil, "caddy", "fmt", "Caddyfile"); string(formatted) != string(read(t, "Caddyfile")) {
		t.Error("run caddy fmt")
	}
}

// TestUnitsAreHardened: systemd accepts the units, and finds little that they could do.
func TestUnitsAreHardened(t *testing.T) {
	t.Parallel()
	program, err := filepath.Abs("../bin/helm") // any program that is there; the unit's is not
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"salon.service", "salon-migrate.service"} {
		unit := strings.ReplaceAll(string(read(t, "systemd/"+name)), "/usr/bin/salon", program)
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"salon.service", "salon-migrate.service"} {
		file := filepath.Join(dir, name)
		if output := run(t, nil, "systemd-analyze", "verify", "--man=no", file); len(output) > 0 {
			t.Errorf("%s: %s", name, output)
		}
		// 0 is safe, 100 is not; the threshold is what they have, rounded up.
		run(t, nil, "systemd-analyze", "security", "--offline=true", "--threshold=15", file)
	}
}
