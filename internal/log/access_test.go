package log

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

func TestAccessGoesToBoth(t *testing.T) {
	file := filepath.Join(t.TempDir(), "logs", "gateway.log")
	var out bytes.Buffer // read after Close only
	reg := prometheus.NewPedanticRegistry()
	a, err := NewAccess(AccessConfig{File: file, Output: &out, Metrics: reg}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	l := zerolog.New(a)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { l.Info().Int("i", i).Msg("request") })
	}
	wg.Wait()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 50 {
		t.Errorf("%d lines on the output", n)
	}
	// Lines that are written at the same time may be in another order.
	if !slices.Equal(slices.Sorted(strings.Lines(string(written))), slices.Sorted(strings.Lines(out.String()))) {
		t.Error("the file has other lines")
	}
	l.Info().Msg("too late")
	families, err := reg.Gather()
	if err != nil || len(families) != 1 {
		t.Fatalf("metrics %v, %v", families, err)
	}
	if lost := families[0].GetMetric()[0].GetCounter().GetValue(); lost != 2 { // one an output
		t.Errorf("%v lines are lost, want 2", lost)
	}
}

func TestAccessWithoutFile(t *testing.T) {
	var out bytes.Buffer
	a, err := NewAccess(AccessConfig{Output: &out}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(a, "line")
	if err := a.Close(); err != nil || out.String() != "line\n" {
		t.Errorf("%v, %q", err, out.String())
	}
}

// On the console lines are for people; the file has JSON all the same.
func TestAccessOnConsole(t *testing.T) {
	file := filepath.Join(t.TempDir(), "gateway.log")
	var out bytes.Buffer // read after Close only
	a, err := NewAccess(AccessConfig{File: file, Output: &out, Format: FormatConsole}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	l := zerolog.New(a)
	for range 2 {
		l.Log().Str("client_ip", "127.0.0.1").Str("route", "GET /v1/salons").Int("status", 200).Send()
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if want := strings.Repeat(`<nil> route="GET /v1/salons" status=200 client_ip=127.0.0.1`+"\n", 2); out.String() != want {
		t.Errorf("the console has %q, want %q", out.String(), want)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Repeat(`{"client_ip":"127.0.0.1","route":"GET /v1/salons","status":200}`+"\n", 2)
	if string(written) != want {
		t.Errorf("the file has %q, want %q", written, want)
	}
}

func TestAccessFileCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	if _, err := NewAccess(AccessConfig{File: dir, Output: io.Discard}, zerolog.Nop()); err == nil {
		t.Error("a folder is accepted")
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "gateway.log")
	a, err := NewAccess(AccessConfig{File: file, MaxSizeMB: 1, Backups: 5, Output: io.Discard}, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1023) + "\n"
	const n = 2500 // of 1 KiB
	for range n {
		fmt.Fprint(a, line)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "gateway*.log"))
	if err != nil || len(files) != 3 {
		t.Fatalf("files %v, %v", files, err)
	}
	lines := 0
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(content)%len(line) != 0 || len(content) > 1<<20 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
		lines += strings.Count(string(content), line)
	}
	if lines != n {
		t.Errorf("%d lines, want %d", lines, n)
	}
}
