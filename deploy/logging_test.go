package deploy_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// fieldRow is a row of the table of fields in logging.md: names, where, what, and the fields of ECS.
var (
	fieldRow = regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\| .* \\| (`.*)\\|$")
	backtick = regexp.MustCompile("`([^`]+)`")
)

// documented are the fields of logging.md, each with those of ECS that it may become.
func documented(t *testing.T) map[string]string {
	t.Helper()
	fields := map[string]string{}
	for _, row := range fieldRow.FindAllStringSubmatch(string(read(t, "../docs/logging.md")), -1) {
		for _, name := range backtick.FindAllStringSubmatch(row[1], -1) {
			fields[name[1]] += row[2]
		}
	}
	if len(fields) < 20 {
		t.Fatalf("found %d fields", len(fields))
	}
	return fields
}

// TestLogFields makes calls of all kinds, and looks for the fields of their lines in the documentation.
func TestLogFields(t *testing.T) {
	t.Parallel()
	s := salontest.Start(t, salontest.WithArgs("--log-format=json", "--log-level=debug"))
	for _, caller := range s.Callers() {
		salontest.Do[*userv1.ListMastersResponse](t, caller, s.Admin(), userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{})
		caller.Call(t, s.Admin(), userv1.MasterService_GetMaster_FullMethodName,
			&userv1.GetMasterRequest{MasterId: "00000000-0000-7000-8000-00000000dead"})
	}
	s.HTTP(t, salontest.NewRequest(http.MethodGet, "/v1/nothing", ""))
	fields := documented(t)
	seen := map[string]bool{}
	salontest.Eventually(t, func() error {
		access, err := os.ReadFile(filepath.Join(s.DataDir(), "gateway.log"))
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(access) + s.Log()) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) != nil {
				continue // what is printed for people
			}
			if entry["protocol"] == nil && entry["message"] != "call" {
				continue
			}
			for field := range entry {
				seen[field] = true
				if fields[field] == "" {
					t.Fatalf("logging.md does not describe %s: %s", field, line)
				}
			}
		}
		for _, field := range []string{"protocol", "route", "path", "status", "code", "reason", "user_id", "client_ip", "internal", "level"} {
			if !seen[field] {
				return errors.New("no line has " + field)
			}
		}
		return nil
	})
}

// TestPipeline: the pipeline renames the fields as logging.md says.
func TestPipeline(t *testing.T) {
	t.Parallel()
	var pipeline struct {
		Processors []map[string]struct {
			Field  string `json:"field"`
			Target string `json:"target_field"`
			Source string `json:"source"`
		} `json:"processors"`
	}
	if err := json.Unmarshal(read(t, "monitoring/elasticsearch-pipeline.json"), &pipeline); err != nil {
		t.Fatal(err)
	}
	targets := map[string]string{"time": "@timestamp", "duration_ms": "event.duration"}
	for _, processor := range pipeline.Processors {
		if rename, ok := processor["rename"]; ok {
			targets[strings.TrimPrefix(rename.Field, "salon.")] = rename.Target
		}
	}
	fields := documented(t)
	for field, ecs := range fields {
		target := targets[field]
		if target == "" {
			target = "salon." + field // where the pipeline leaves it
		}
		if !strings.Contains(ecs, "`"+target+"`") {
			t.Errorf("%s becomes %s, but logging.md says %s", field, target, ecs)
		}
		delete(targets, field)
	}
	for field := range targets {
		t.Errorf("logging.md does not describe %s", field)
	}
}
