package deploy_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/e2e/salontest"
	_ "github.com/beauty-salon/platform/gen/salon/rating/v1" // links the contract; salontest links the rest
)

// alert is one of rules.yaml.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) []alert {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(read(t, "monitoring/rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var all []alert
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}
	if len(all) < 15 {
		t.Fatalf("found %d alerts", len(all))
	}
	return all
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// queries are the expressions of all dashboards and alerts, by where they are.
func queries(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, a := range alerts(t) {
		all["alert "+a.Alert] = []string{a.Expr}
	}
	files, err := filepath.Glob("monitoring/grafana/dashboards/*.json")
	if err != nil || len(files) < 5 {
		t.Fatalf("dashboards: %v, %v", files, err)
	}
	uids := map[string]bool{}
	for _, file := range files {
		var dashboard struct {
			UID    string `json:"uid"`
			Title  string `json:"title"`
			Panels []struct {
				ID      int    `json:"id"`
				Type    string `json:"type"`
				Title   string `json:"title"`
				Targets []struct {
					Expr string `json:"expr"`
				} `json:"targets"`
			} `json:"panels"`
		}
		if err := json.Unmarshal(read(t, file), &dashboard); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if uids[dashboard.UID] || dashboard.UID == "" || dashboard.Title == "" {
			t.Errorf("%s: uid %q, title %q", file, dashboard.UID, dashboard.Title)
		}
		uids[dashboard.UID] = true
		ids := map[int]bool{}
		for _, panel := range dashboard.Panels {
			if ids[panel.ID] {
				t.Errorf("%s has the panel %d twice", file, panel.ID)
			}
			ids[panel.ID] = true
			if panel.Type != "row" && len(panel.Targets) == 0 {
				t.Errorf("%s: %s shows nothing", file, panel.Title)
			}
			for _, target := range panel.Targets {
				where := file + ": " + panel.Title
				all[where] = append(all[where], target.Expr)
			}
		}
	}
	return all
}

var (
	// metricName is what a metric of a process is called. Names of labels and functions have other beginnings.
	metricName = regexp.MustCompile(`\b(?:salon|grpc_server|process|go)_\w+`)
	// metricUse is a metric with its selectors.
	metricUse   = regexp.MustCompile(`\b((?:salon|grpc_server|process|go)_\w+)\{([^}]*)\}`)
	labelName   = regexp.MustCompile(`(\w+)(?:=~|!=|!~|=)"`)
	methodLabel = regexp.MustCompile(`grpc_method=~?"([^"]*)"`)
	sampleLine  = regexp.MustCompile(`(?m)^(\w+)(?:\{(.*)\})? `)
)

// TestMetricsExist uses a running system a little, and looks for every metric of the dashboards and alerts, with the labels
// that they select by.
func TestMetricsExist(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t)
	cast := s.NewCast(t)
	cast.Book(t, cast.CustomerA, cast.Master1)
	_, stop := s.OpenEvents(t, salontest.NewRequest(http.MethodGet, "/v1/notifications:watch", "").As(t, cast.CustomerA).
		With("Accept", "text/event-stream"))
	defer stop()
	salontest.Eventually(t, func() error { // consumers count what they have handled
		labels := scrape(t, s.InternalURL()+"/metrics")
		var missing []string
		for where, exprs := range queries(t) {
			for _, expr := range exprs {
				for _, use := range metricUse.FindAllStringSubmatch(expr, -1) {
					for _, label := range labelName.FindAllStringSubmatch(use[2], -1) {
						// Prometheus itself adds these two.
						if label[1] != "job" && label[1] != "instance" && !slices.Contains(labels[use[1]], label[1]) {
							missing = append(missing, where+": "+use[1]+" has no label "+label[1])
						}
					}
				}
				for _, name := range metricName.FindAllString(strings.ReplaceAll(expr, "grpc_service", ""), -1) {
					if _, ok := labels[name]; !ok {
						missing = append(missing, where+": no process has "+name)
					}
				}
			}
		}
		if len(missing) > 0 {
			return errors.New(strings.Join(missing, "\n"))
		}
		return nil
	})
}

// scrape reads metrics: the names of their labels, by the names of the metrics.
func scrape(t *testing.T, url string) map[string][]string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for _, sample := range sampleLine.FindAllStringSubmatch(string(text), -1) {
		names := labels[sample[1]]
		for _, label := range labelName.FindAllStringSubmatch(sample[2], -1) {
			names = append(names, label[1])
		}
		labels[sample[1]] = names
	}
	return labels
}

// The methods that a dashboard counts are in the contract.
func TestMethodsExist(t *testing.T) {
	t.Parallel()
	methods := map[string]bool{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			of := file.Services().Get(i).Methods()
			for j := range of.Len() {
				methods[string(of.Get(j).Name())] = true
			}
		}
		return true
	})
	found := 0
	for where, exprs := range queries(t) {
		for _, match := range methodLabel.FindAllStringSubmatch(strings.Join(exprs, "\n"), -1) {
			for name := range strings.SplitSeq(match[1], "|") {
				found++
				if !methods[name] {
					t.Errorf("%s: there is no method %s", where, name)
				}
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d methods", found)
	}
}

// TestRunbook: every alert has a severity, a paragraph in the runbook to which it links, and a case in rules_test.yaml in which
// it fires and one in which it does not. Every such paragraph has an alert.
func TestRunbook(t *testing.T) {
	t.Parallel()
	runbook, cases := string(read(t, "../docs/runbook.md")), string(read(t, "monitoring/rules_test.yaml"))
	sections := map[string]string{}
	for section := range strings.SplitSeq(runbook, "\n### ") {
		title, text, _ := strings.Cut(section, "\n")
		sections[title] = strings.TrimSpace(text)
	}
	for _, a := range alerts(t) {
		if len(sections[a.Alert]) < 100 {
			t.Errorf("the runbook says too little about %s: %q", a.Alert, sections[a.Alert])
		}
		delete(sections, a.Alert)
		if !strings.HasSuffix(a.Annotations["runbook_url"], "/docs/runbook.md#"+strings.ToLower(a.Alert)) {
			t.Errorf("%s links to %s", a.Alert, a.Annotations["runbook_url"])
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" ||
			!slices.Contains([]string{"critical", "warning"}, a.Labels["severity"]) {
			t.Errorf("%s: %v, %v", a.Alert, a.Labels, a.Annotations)
		}
		for _, kind := range []string{" fires\n", " does not fire\n"} {
			if !strings.Contains(cases, "name: "+a.Alert+kind) {
				t.Errorf("rules_test.yaml has no case in which %s%s", a.Alert, kind)
			}
		}
	}
	for title := range sections {
		if strings.HasPrefix(title, "Salon") {
			t.Errorf("the runbook describes %s, which is no alert", title)
		}
	}
}
