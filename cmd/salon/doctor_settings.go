package main

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// minDistinct is how many different bytes a secret of 32 random bytes has at least, but for one of 10^20.
const minDistinct = 16

// settings checks what can be told without a server, and returns what the process runs.
func (d *doctor) settings(c *doctorCmd) selection {
	d.ok("program", "salon %s", version)
	runs, err := parseServices(c.Services)
	if c.DerivedSecrets == "" {
		d.secrets(c.secretFlags)
	} else if err == nil {
		d.derived(c, runs)
	}
	if err != nil {
		d.fail("settings", "name services that there are", "%v", err)
		return everything
	}
	before := len(d.findings)
	for _, variable := range c.missing(runs) {
		d.fail("settings", "set "+variable, "%s is not set", variable)
	}
	cfg := appConfig{
		secretFlags: c.secretFlags, listenFlags: c.listenFlags, gatewayFlags: c.gatewayFlags, serverFlags: c.serverFlags, runs: runs,
	}
	if err := cfg.check(); err != nil {
		d.fail("settings", "correct the setting", "%v", err)
	}
	if _, err := c.config(); err != nil {
		d.fail("settings", "correct the setting", "%v", err)
	}
	if err := c.complete(); err != nil {
		d.fail("settings", "correct the target", "%v", err)
	} else if caller, callee := runs.missing(c.target); callee != "" {
		d.fail("settings", "set "+targetVariable(callee), "%s calls the %s service, which does not run here and has no address", caller, callee)
	}
	if runs.gateway && len(c.TrustedProxies) == 0 {
		d.warn("settings", "behind a proxy, set SALON_TRUSTED_PROXIES to its network", "no proxy is trusted: all clients behind one share its limits")
	}
	if runs.gateway && strings.Join(c.CORSOrigins, ",") == "*" {
		d.warn("settings", "set SALON_CORS_ORIGINS to the origins of your frontends", "scripts of every website may call")
	}
	if c.NATSReplicas%2 == 0 || c.NATSReplicas < 1 {
		d.warn("settings", "set SALON_NATS_REPLICAS to 1, 3 or 5", "an even number of replicas (%d) survives no more failures than one less", c.NATSReplicas)
	}
	if len(d.findings) == before {
		d.ok("settings", "complete and without contradictions")
	}
	return runs
}

// variables warns of variables that look like settings and that no command reads: misspelled ones, those of another version, and those of other programs.
func (d *doctor) variables(app *kong.Application, environ []string) {
	known := map[string]bool{passwordVariable: true}
	for _, name := range serviceNames {
		known[targetVariable(name)] = true
	}
	for _, command := range app.Leaves(false) {
		for _, group := range command.AllFlags(false) {
			for _, f := range group {
				for _, variable := range f.Envs {
					known[variable] = true
				}
			}
		}
	}
	for _, setting := range environ {
		if variable, _, _ := strings.Cut(setting, "="); strings.HasPrefix(variable, "SALON_") && !known[variable] {
			d.warn("settings", "correct its name, unless another program reads it; the help of each command names its variables", "salon does not read %s", variable)
		}
	}
}

// derived checks the derived secrets of a process.
func (d *doctor) derived(c *doctorCmd, runs selection) {
	_, previous, err := processKeys(c.secretFlags, c.derivedFlags, runs)
	switch {
	case err != nil:
		d.fail("secret", "run `salon secrets derive` again, and give its result to this process alone", "%v", err)
	case previous != nil:
		d.warn("secret", "a day after the change, derive the secrets again without SALON_SECRET_KEY_PREVIOUS", "tokens of the previous secret are still accepted")
	default:
		d.ok("secret", "derived, for %s", strings.Join(runs.names(), ", "))
	}
}

// secrets checks the secret key and the one before it.
func (d *doctor) secrets(f secretFlags) {
	const remedy = "make one with: openssl rand -hex 32"
	if _, _, err := f.keys(); err != nil {
		d.fail("secret", remedy, "%v", err)
		return
	}
	for _, key := range []struct {
		variable string
		text     secret.Text
	}{{"SALON_SECRET_KEY", f.SecretKey}, {"SALON_SECRET_KEY_PREVIOUS", f.SecretKeyPrevious}} {
		master, err := hex.DecodeString(strings.TrimSpace(key.text.Reveal()))
		if err != nil || key.text == "" {
			continue
		}
		distinct := map[byte]bool{}
		for _, b := range master {
			distinct[b] = true
		}
		if len(distinct) < minDistinct {
			d.fail("secret", remedy, "%s is not random: it has %d different bytes in %d", key.variable, len(distinct), len(master))
			return
		}
	}
	if strings.TrimSpace(f.SecretKey.Reveal()) == strings.TrimSpace(f.SecretKeyPrevious.Reveal()) {
		d.fail("secret", "set SALON_SECRET_KEY_PREVIOUS to the secret of before, or unset it", "the previous secret is the same as the present one")
		return
	}
	if f.SecretKeyPrevious != "" {
		d.warn("secret", "a day after the change, unset SALON_SECRET_KEY_PREVIOUS", "tokens of the previous secret are still accepted")
		return
	}
	d.ok("secret", "set, and random as far as can be told")
}

// timeZones checks the age of the time zone database: governments change rules about yearly.
func (d *doctor) timeZones(now time.Time) {
	var year int
	if _, err := fmt.Sscanf(zoneinfo.Version(), "%4d", &year); err != nil || year < now.Year()-1 {
		d.warn("time zones", "upgrade Salon, then run `salon recheck-times`", "the release %s is old", zoneinfo.Version())
		return
	}
	d.ok("time zones", "release %s", zoneinfo.Version())
}
