package deploy_test

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// overlay is what the tests look at in a compose file that is put over compose.yaml.
type overlay struct {
	Services map[string]struct {
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		Grace       string            `yaml:"stop_grace_period"`
		Deploy      struct {
			Replicas int `yaml:"replicas"`
		} `yaml:"deploy"`
		Ports   yaml.Node `yaml:"ports"`
		Volumes yaml.Node `yaml:"volumes"`
	} `yaml:"services"`
}

// TestComposeCopies: every process has two copies, of which only the proxy is reachable, and all of them fit into PostgreSQL.
func TestComposeCopies(t *testing.T) {
	t.Parallel()
	var c overlay
	if err := yaml.Unmarshal(read(t, "compose.ha.yaml"), &c); err != nil {
		t.Fatal(err)
	}
	serve := known(t, "serve")
	for _, name := range processes {
		s := c.Services[name]
		if s.Deploy.Replicas != 2 || s.Environment["SALON_STOP_DELAY"] != "5s" || s.Grace != "40s" {
			t.Errorf("%s: %d copies, stop %s, %s", name, s.Deploy.Replicas, s.Environment["SALON_STOP_DELAY"], s.Grace)
		}
		if name != "gateway" && s.Environment["SALON_DATABASE_MAX_CONNS"] != "10" {
			t.Errorf("%s: %s connections", name, s.Environment["SALON_DATABASE_MAX_CONNS"])
		}
		for v := range s.Environment {
			if !slices.Contains(serve, v) {
				t.Errorf("%s gets %s, which `salon serve` does not know", name, v)
			}
		}
	}
	gateway := c.Services["gateway"]
	if !slices.Contains(gateway.Command, "--access-log-file=") || gateway.Ports.Tag != "!reset" || gateway.Volumes.Tag != "!reset" {
		t.Errorf("two gateways cannot share a port and a file: %v, ports %s, volumes %s", gateway.Command, gateway.Ports.Tag, gateway.Volumes.Tag)
	}
}

// TestMountedFiles: what the compose files mount is there.
func TestMountedFiles(t *testing.T) {
	t.Parallel()
	found := 0
	for _, file := range []string{"compose.yaml", "compose.ha.yaml", "compose.monitoring.yaml"} {
		for name, s := range readComposeFile(t, file).Services {
			for _, v := range s.Volumes {
				source, _, _ := strings.Cut(v, ":")
				if local, ok := strings.CutPrefix(source, "./"); ok {
					found++
					if _, err := os.Stat(local); err != nil {
						t.Errorf("%s of %s: %v", name, file, err)
					}
				}
			}
			for _, port := range s.Ports {
				if name != "proxy" && !strings.HasPrefix(port, "127.0.0.1:") {
					t.Errorf("%s of %s can be reached from everywhere: %s", name, file, port)
				}
			}
		}
	}
	if found < 7 {
		t.Errorf("found %d files", found)
	}
}

// TestPrometheusFindsProcesses: the names that Prometheus resolves are services of compose.yaml.
func TestPrometheusFindsProcesses(t *testing.T) {
	t.Parallel()
	var config struct {
		Scrapes []struct {
			Job string `yaml:"job_name"`
			DNS []struct {
				Names []string `yaml:"names"`
				Port  int      `yaml:"port"`
			} `yaml:"dns_sd_configs"`
		} `yaml:"scrape_configs"`
	}
	if err := yaml.Unmarshal(read(t, "monitoring/prometheus.yaml"), &config); err != nil {
		t.Fatal(err)
	}
	names := slices.Clone(config.Scrapes[0].DNS[0].Names)
	slices.Sort(names)
	want := slices.Sorted(slices.Values(processes))
	if config.Scrapes[0].Job != "salon" || config.Scrapes[0].DNS[0].Port != 9091 || !slices.Equal(names, want) {
		t.Errorf("%+v", config.Scrapes)
	}
}

// TestUnits: the systemd units set only what their commands know, give them secrets as files, and wait for a stop to finish.
func TestUnits(t *testing.T) {
	t.Parallel()
	for unit, command := range map[string]string{"salon.service": "serve", "salon-migrate.service": "migrate"} {
		text := read(t, filepath.Join("systemd", unit))
		if command == "serve" {
			text = append(text, read(t, "systemd/salon.env")...)
		}
		settings, lines := known(t, command), map[string]string{}
		for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
			line := strings.TrimPrefix(s.Text(), "Environment=")
			name, value, _ := strings.Cut(line, "=")
			lines[name] = value
			if strings.HasPrefix(name, "SALON_") && !slices.Contains(settings, name) {
				t.Errorf("%s sets %s, which `salon %s` does not know", unit, name, command)
			}
		}
		for name, want := range map[string]string{
			"ExecStart": "/usr/bin/salon " + command, "SALON_SECRET_KEY": "file:%d/secret-key", "DynamicUser": "yes",
			"NoNewPrivileges": "yes", "ProtectSystem": "strict",
		} {
			if lines[name] != want {
				t.Errorf("%s: %s is %q, want %q", unit, name, lines[name], want)
			}
		}
	}
}
