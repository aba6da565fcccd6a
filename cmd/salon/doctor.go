package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"
)

// doctorTimeout bounds each part of the examination.
const doctorTimeout = 15 * time.Second

// The results of a check, from good to bad.
const (
	resultOK   = "ok"
	resultWarn = "warn" // works, but not as well as it should, or not for long
	resultFail = "fail" // does not work
)

// finding is the result of a check.
type finding struct {
	Check  string `json:"check"`
	Result string `json:"result"`
	Text   string `json:"text"`
	// Remedy is what to do, "" when nothing is.
	Remedy string `json:"remedy,omitempty"`
}

// doctor collects findings.
type doctor struct{ findings []finding }

func (d *doctor) ok(check, format string, args ...any) {
	d.findings = append(d.findings, finding{check, resultOK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, remedy, format string, args ...any) {
	d.findings = append(d.findings, finding{check, resultWarn, fmt.Sprintf(format, args...), remedy})
}

func (d *doctor) fail(check, remedy, format string, args ...any) {
	d.findings = append(d.findings, finding{check, resultFail, fmt.Sprintf(format, args...), remedy})
}

// count returns how many findings have the result.
func (d *doctor) count(result string) (n int) {
	for _, f := range d.findings {
		if f.Result == result {
			n++
		}
	}
	return n
}

type doctorCmd struct {
	secretFlags
	derivedFlags
	listenFlags
	gatewayFlags
	serverFlags
	remoteFlags
	Services []string `help:"What the process runs that is configured here: all, or some of gateway, ${serviceList}." default:"all"`
	JSON     bool     `help:"Print the findings as JSON." name:"json"`
}

// Run examines the installation with the settings of salon serve. It changes nothing. The error says that something fails.
func (c *doctorCmd) Run(ctx context.Context, app *kong.Kong) error {
	d := &doctor{}
	runs := d.settings(c)
	d.variables(app.Model, os.Environ())
	d.timeZones(time.Now())
	for _, part := range []func(context.Context){
		func(ctx context.Context) { d.database(ctx, c, runs) },
		func(ctx context.Context) { d.events(ctx, c) },
		func(ctx context.Context) { d.redis(ctx, c) },
	} {
		ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
		part(ctx)
		cancel()
	}
	if err := d.print(os.Stdout, c.JSON); err != nil {
		return err
	}
	if n := d.count(resultFail); n > 0 {
		return fmt.Errorf("%d of %d checks fail", n, len(d.findings))
	}
	return nil
}

// print writes a table, or JSON.
func (d *doctor) print(out io.Writer, asJSON bool) error {
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(map[string]any{"version": version, "healthy": d.count(resultFail) == 0, "checks": d.findings})
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "CHECK\tRESULT\tFINDING\tWHAT TO DO")
	for _, f := range d.findings {
		remedy := f.Remedy
		if remedy == "" {
			remedy = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.Check, f.Result, oneLine(f.Text), remedy)
	}
	return w.Flush()
}

// oneLine keeps a table a table: drivers write errors on several lines.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// older reports whether a version such as "2.12.1" is older than major.minor. What is not a version is not older.
func older(have string, major, minor int) bool {
	var a, b int
	if n, _ := fmt.Sscanf(have, "%d.%d", &a, &b); n < 1 {
		return false
	}
	return a < major || a == major && b < minor
}
