package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// compose is what the tests look at in compose.yaml.
type compose struct {
	Services map[string]struct {
		Image       string            `yaml:"image"`
		Command     []string          `yaml:"command"`
		Environment map[string]string `yaml:"environment"`
		ReadOnly    bool              `yaml:"read_only"`
		Ports       []string          `yaml:"ports"`
		Volumes     []string          `yaml:"volumes"`
		Secrets     []string          `yaml:"secrets"`
		Healthcheck struct {
			Test    []string `yaml:"test"`
			Disable bool     `yaml:"disable"`
		} `yaml:"healthcheck"`
		DependsOn map[string]struct {
			Condition string `yaml:"condition"`
		} `yaml:"depends_on"`
	} `yaml:"services"`
	Volumes map[string]any `yaml:"volumes"`
	Secrets map[string]struct {
		Environment string `yaml:"environment"`
	} `yaml:"secrets"`
}

func readCompose(t *testing.T) compose {
	t.Helper()
	return readComposeFile(t, "compose.yaml")
}

func readComposeFile(t *testing.T, file string) compose {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var c compose
	if err := yaml.Unmarshal(data, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

var processes = []string{"user", "appointment", "rating", "notification", "gateway"}

func TestComposeProcesses(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for _, name := range processes {
		s, ok := c.Services[name]
		if !ok {
			t.Fatalf("%s is missing", name)
		}
		if !slices.Equal(s.Command, []string{"serve", "--services=" + name}) {
			t.Errorf("%s runs %v", name, s.Command)
		}
		if !s.ReadOnly || s.Healthcheck.Disable || s.Image != c.Services["migrate"].Image {
			t.Errorf("%s: read-only %v, health check %+v, image %s", name, s.ReadOnly, s.Healthcheck, s.Image)
		}
		for _, v := range []string{"SALON_SECRET_KEY_PREVIOUS", "SALON_TRUSTED_PROXIES", "SALON_CORS_ORIGINS"} {
			if value, ok := s.Environment[v]; !ok || value != "" {
				t.Errorf("%s is not passed on to %s as it is set", v, name)
			}
		}
		if name != "gateway" && s.DependsOn["migrate"].Condition != "service_completed_successfully" {
			t.Errorf("%s does not wait for the tables: %+v", name, s.DependsOn)
		}
		if name != "gateway" && len(s.Ports) > 0 {
			t.Errorf("%s can be reached from outside: %v", name, s.Ports)
		}
		// Every service calls the others by their own names, where the image says that they listen.
		if target := "SALON_" + strings.ToUpper(name) + "_TARGET"; name != "gateway" {
			for _, caller := range processes {
				if got := c.Services[caller].Environment[target]; got != name+":9100" {
					t.Errorf("%s of %s is %q", target, caller, got)
				}
			}
		}
	}
	for _, port := range c.Services["gateway"].Ports {
		if !strings.HasPrefix(port, "127.0.0.1:") {
			t.Errorf("the gateway, which has no TLS, can be reached from everywhere: %s", port)
		}
	}
	for _, waits := range processes[:4] {
		if c.Services["gateway"].DependsOn[waits].Condition != "service_healthy" {
			t.Errorf("the gateway does not wait for %s", waits)
		}
	}
	if migrate := c.Services["migrate"]; !slices.Equal(migrate.Command, []string{"migrate"}) ||
		migrate.DependsOn["postgres"].Condition != "service_healthy" || !migrate.Healthcheck.Disable {
		t.Errorf("migrate: %+v", migrate)
	}
	for _, name := range []string{"postgres", "redis", "nats"} {
		if len(c.Services[name].Healthcheck.Test) < 2 {
			t.Errorf("%s has no health check", name)
		}
	}
}

// TestComposeSecrets: every container gets its secrets as files, and the first administrator is made.
func TestComposeSecrets(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	want := map[string]map[string]string{"migrate": {"SALON_SECRET_KEY": "secret-key", "SALON_ADMIN_PASSWORD": "admin-password"}}
	for _, name := range processes {
		want[name] = map[string]string{"SALON_SECRET_KEY": "secret-key"}
	}
	for name, files := range want {
		s := c.Services[name]
		for v, file := range files {
			if s.Environment[v] != "file:/run/secrets/"+file || !slices.Contains(s.Secrets, file) || c.Secrets[file].Environment != v {
				t.Errorf("%s: %s is %q, the secrets are %v", name, v, s.Environment[v], s.Secrets)
			}
		}
		for _, value := range s.Environment {
			if strings.Contains(value, "${SALON_SECRET_KEY") || strings.Contains(value, "${SALON_ADMIN_PASSWORD") {
				t.Errorf("%s has a secret in its environment: %s", name, value)
			}
		}
		if len(s.Secrets) != len(files) {
			t.Errorf("%s may read %v", name, s.Secrets)
		}
	}
	if !strings.HasPrefix(c.Services["migrate"].Environment["SALON_ADMIN_EMAIL"], "${SALON_ADMIN_EMAIL:?") {
		t.Error("nobody is told to set SALON_ADMIN_EMAIL")
	}
}

// Names that compose.yaml refers to have to be there.
func TestComposeNames(t *testing.T) {
	t.Parallel()
	c := readCompose(t)
	for name, s := range c.Services {
		for other, d := range s.DependsOn {
			o, ok := c.Services[other]
			if !ok {
				t.Errorf("%s waits for %s, which is not there", name, other)
			}
			if d.Condition == "service_healthy" && o.Healthcheck.Disable {
				t.Errorf("%s waits for the health of %s, which has no health check", name, other)
			}
		}
		for _, v := range s.Volumes {
			source, _, _ := strings.Cut(v, ":")
			if file, isFile := strings.CutPrefix(source, "./"); isFile {
				if _, err := os.Stat(file); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			} else if _, ok := c.Volumes[source]; !ok {
				t.Errorf("%s uses the volume %s, which is not there", name, source)
			}
		}
	}
}

var variable = regexp.MustCompile(`\bSALON_[A-Z_]*[A-Z]`)

// known are the variables that a command reads, from its help.
func known(t *testing.T, command ...string) []string {
	t.Helper()
	program, err := salontest.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	help, err := exec.CommandContext(t.Context(), program, append(command, "--help")...).CombinedOutput()
	if err != nil {
		t.Fatalf("salon %v --help: %v\n%s", command, err, help)
	}
	return variable.FindAllString(string(help), -1)
}

// A setting that the program does not know would be ignored in silence.
func TestVariablesAreKnown(t *testing.T) {
	t.Parallel()
	serve, migrate, check := known(t, "serve"), known(t, "migrate"), known(t, "healthcheck")
	for name, s := range readCompose(t).Services {
		for v := range s.Environment {
			if !strings.HasPrefix(v, "SALON_") {
				continue
			}
			if flags := map[bool][]string{true: migrate, false: serve}[name == "migrate"]; !slices.Contains(flags, v) {
				t.Errorf("%s gets %s, which its command does not know", name, v)
			}
		}
	}
	for _, v := range variable.FindAllString(dockerfile(t).text, -1) {
		if !slices.Contains(serve, v) {
			t.Errorf("the image sets %s, which `salon serve` does not know", v)
		}
	}
	if !slices.Contains(check, "SALON_INTERNAL_ADDR") {
		t.Error("the health check does not follow the address that the image sets")
	}
	script, err := os.ReadFile("run-distributed.sh")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range variable.FindAllString(string(script), -1) {
		if !slices.Contains(serve, v) {
			t.Errorf("run-distributed.sh sets %s, which `salon serve` does not know", v)
		}
	}
}

// image is a Dockerfile: its instructions, with continued lines joined.
type image struct {
	text   string
	stages [][]string // from each FROM on
}

func dockerfile(t *testing.T) image {
	t.Helper()
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	file := image{text: string(data)}
	for line := range strings.Lines(strings.ReplaceAll(file.text, "\\\n", " ")) {
		line = strings.Join(strings.Fields(line), " ")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if strings.HasPrefix(line, "FROM ") {
			file.stages = append(file.stages, nil)
		}
		if len(file.stages) > 0 {
			last := len(file.stages) - 1
			file.stages[last] = append(file.stages[last], line)
		}
	}
	if len(file.stages) != 2 {
		t.Fatalf("the Dockerfile has %d stages", len(file.stages))
	}
	return file
}

// after is the rest of the last line of a stage that begins with a word.
func after(stage []string, word string) string {
	for _, line := range slices.Backward(stage) {
		if rest, ok := strings.CutPrefix(line, word+" "); ok {
			return rest
		}
	}
	return ""
}

func TestDockerfile(t *testing.T) {
	t.Parallel()
	file := dockerfile(t)
	build, final := strings.Join(file.stages[0], "\n"), file.stages[1]
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-X main.version=", "-o /salon ./cmd/salon"} {
		if !strings.Contains(build, want) {
			t.Errorf("the build lacks %s", want)
		}
	}
	if from := after(final, "FROM"); !strings.HasPrefix(from, "gcr.io/distroless/static") {
		t.Errorf("the image is made from %s", from)
	}
	if user := after(final, "USER"); user != "nonroot" {
		t.Errorf("the image runs as %q", user)
	}
	if _, runs, _ := strings.Cut(file.text, "FROM gcr.io"); strings.Contains(runs, "\nRUN ") {
		t.Error("the last stage has no shell to run something with")
	}
	var entry, command, check []string
	_, checkJSON, _ := strings.Cut(after(final, "HEALTHCHECK"), "CMD ")
	for text, into := range map[string]*[]string{after(final, "ENTRYPOINT"): &entry, after(final, "CMD"): &command, checkJSON: &check} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Errorf("not a list of arguments, which would need a shell: %s", text)
		}
	}
	if !slices.Equal(entry, []string{"/usr/bin/salon"}) || len(check) != 2 || check[0] != entry[0] {
		t.Fatalf("the image runs %v and checks with %v", entry, check)
	}
	if len(known(t, check[1])) == 0 || len(known(t, command...)) == 0 {
		t.Errorf("salon knows no %s or %v", check[1], command)
	}
}

// The image is built from what .dockerignore leaves.
func TestProgramNeedsNothingThatIsIgnored(t *testing.T) {
	t.Parallel()
	ignored, err := os.ReadFile("../.dockerignore")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f",
		`{{if and .Module .Module.Main}}{{$p := .ImportPath}}{{range .GoFiles}}{{$p}}/{{.}}{{"\n"}}{{end}}{{range .EmbedFiles}}{{$p}}/{{.}}{{"\n"}}{{end}}{{end}}`,
		"./cmd/salon")
	cmd.Dir = ".."
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	const module = "github.com/beauty-salon/platform/"
	files := strings.Fields(string(output))
	if len(files) < 100 {
		t.Fatalf("the program has %d files", len(files))
	}
	for _, file := range files {
		file = strings.TrimPrefix(file, module)
		for pattern := range strings.Lines(string(ignored)) {
			pattern = strings.TrimSpace(pattern)
			if pattern == "" || strings.HasPrefix(pattern, "#") {
				continue
			}
			extension, anywhere := strings.CutPrefix(pattern, "**/*")
			if (anywhere && strings.HasSuffix(file, extension)) || strings.HasPrefix(file, pattern+"/") {
				t.Errorf("%s is part of the program, but .dockerignore leaves it out with %s", file, pattern)
			}
		}
	}
}

func TestScriptsParse(t *testing.T) {
	t.Parallel()
	output, err := exec.CommandContext(t.Context(), "bash", "-n", "run-distributed.sh").CombinedOutput()
	if err != nil || len(bytes.TrimSpace(output)) > 0 {
		t.Errorf("bash -n: %v\n%s", err, output)
	}
}
