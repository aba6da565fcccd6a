package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/beauty-salon/platform/internal/secret"
)

// strong is a secret as `openssl rand -hex 32` makes it.
const strong = "8f14e45fceea167a5a36dedd4bea2543c9f0f895fb98ab9159f51fd0297e236d"

func TestDoctorSettings(t *testing.T) {
	t.Parallel()
	healthy := doctorCmd{
		secretFlags:  secretFlags{SecretKey: strong},
		listenFlags:  listenFlags{DrainTime: time.Second},
		gatewayFlags: gatewayFlags{RequestTimeout: time.Second, TrustedProxies: []string{"10.0.0.0/8"}},
		serverFlags:  serverFlags{DatabaseURL: "postgres://db/salon", DatabaseMaxConns: 16, NATSURL: "nats://n", NATSReplicas: 1, RedisURL: "redis://r"},
		Services:     []string{"all"},
	}
	for _, tt := range []struct {
		name, check, result, remedy string
		change                      func(*doctorCmd)
	}{
		{"no secret", "secret", resultFail, "openssl", func(c *doctorCmd) { c.SecretKey = "" }},
		{"a short secret", "secret", resultFail, "openssl", func(c *doctorCmd) { c.SecretKey = "8f14" }},
		{"a secret that repeats itself", "secret", resultFail, "openssl", func(c *doctorCmd) { c.SecretKey = secret.Text(strings.Repeat("5a", 32)) }},
		{"a weak previous secret", "secret", resultFail, "openssl", func(c *doctorCmd) { c.SecretKeyPrevious = secret.Text(strings.Repeat("5a", 32)) }},
		{"the same secret twice", "secret", resultFail, "unset", func(c *doctorCmd) { c.SecretKeyPrevious = strong }},
		{"no database", "settings", resultFail, "SALON_DATABASE_URL", func(c *doctorCmd) { c.DatabaseURL = "" }},
		{"no NATS", "settings", resultFail, "SALON_NATS_URL", func(c *doctorCmd) { c.NATSURL = "" }},
		{"no Redis", "settings", resultFail, "SALON_REDIS_URL", func(c *doctorCmd) { c.RedisURL = "" }},
		{"too few connections", "settings", resultFail, "correct", func(c *doctorCmd) { c.DatabaseMaxConns = 1 }},
		{"an unknown service", "settings", resultFail, "services", func(c *doctorCmd) { c.Services = []string{"hair"} }},
		{"a service that has to be found", "settings", resultFail, "SALON_APPOINTMENT_TARGET", func(c *doctorCmd) { c.Services = []string{"rating"} }},
		{"two replicas", "settings", resultWarn, "3", func(c *doctorCmd) { c.NATSReplicas = 2 }},
		{"scripts of everybody", "settings", resultWarn, "SALON_CORS_ORIGINS", func(c *doctorCmd) { c.CORSOrigins = []string{"*"} }},
		{"no proxy", "settings", resultWarn, "SALON_TRUSTED_PROXIES", func(c *doctorCmd) { c.TrustedProxies = nil }},
	} {
		c := healthy
		tt.change(&c)
		d := &doctor{}
		d.settings(&c)
		found := false
		for _, f := range d.findings {
			found = found || f.Check == tt.check && f.Result == tt.result && strings.Contains(f.Remedy, tt.remedy)
		}
		if !found {
			t.Errorf("%s: %v", tt.name, d.findings)
		}
	}
	d := &doctor{}
	d.settings(&healthy)
	if d.count(resultOK) != len(d.findings) {
		t.Errorf("healthy: %v", d.findings)
	}
}

func TestDoctorVariables(t *testing.T) {
	t.Parallel()
	parser, err := newParser(new(cli))
	if err != nil {
		t.Fatal(err)
	}
	d := &doctor{}
	d.variables(parser.Model, []string{
		"SALON_LIMIT_USR=5", "SALON_LIMIT_USER=5", "SALON_USER_TARGET=dns:///user:9090", "SALON_ADMIN_PASSWORD=x", "SALON_EMPTY_NAME=", "SALONS=1", "PATH=/bin",
	})
	var unread []string
	for _, f := range d.findings {
		unread = append(unread, f.Result+" "+f.Text)
	}
	if got := strings.Join(unread, ", "); got != "warn salon does not read SALON_LIMIT_USR, warn salon does not read SALON_EMPTY_NAME" {
		t.Errorf("findings: %s", got)
	}
}

func TestDoctorPrints(t *testing.T) {
	t.Parallel()
	d := &doctor{}
	d.skew("clock", 3*time.Second)
	d.skew("clock", -2*time.Minute)
	d.skew("clock", time.Millisecond)
	d.timeZones(time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC))
	var table, text bytes.Buffer
	if err := d.print(&table, false); err != nil || strings.Count(table.String(), "\n") != 5 {
		t.Errorf("the table is\n%s%v", &table, err)
	}
	var printed struct {
		Healthy bool
		Checks  []finding
	}
	if err := d.print(&text, true); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text.Bytes(), &printed); err != nil {
		t.Fatal(err)
	}
	var results []string
	for _, f := range printed.Checks {
		results = append(results, f.Result)
	}
	if got := strings.Join(results, " "); printed.Healthy || got != "warn fail ok warn" {
		t.Errorf("healthy is %t, results are %q", printed.Healthy, got)
	}
	for have, want := range map[string]bool{"2.11.9": true, "2.12.0": false, "3.0": false, "nonsense": false} {
		if older(have, 2, 12) != want {
			t.Errorf("%s is older: %t", have, !want)
		}
	}
}
