package openapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/beauty-salon/platform/openapi"
)

func TestOperationsAreReadable(t *testing.T) {
	doc := load(t)
	var tags []string
	for _, tag := range doc.Tags {
		if tag.Description == "" {
			t.Errorf("tag %s has no description", tag.Name)
		}
		tags = append(tags, tag.Name)
	}
	seen := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for verb, op := range item.Operations() {
			at := verb + " " + path
			switch {
			case op.Summary == "" || len(op.Summary) > 100 || strings.HasSuffix(op.Summary, "."):
				t.Errorf("%s: the summary is %q", at, op.Summary)
			case op.Description == "":
				t.Errorf("%s does not say who it is for", at)
			case !regexp.MustCompile(`^[a-z][A-Za-z]+$`).MatchString(op.OperationID) || seen[op.OperationID]:
				t.Errorf("%s: the operation id is %q", at, op.OperationID)
			case len(op.Tags) != 1 || !slices.Contains(tags, op.Tags[0]):
				t.Errorf("%s has the tags %v", at, op.Tags)
			case strings.Contains(path, "_"):
				t.Errorf("%s is not in camel case", at)
			}
			seen[op.OperationID] = true
			for _, p := range op.Parameters {
				if p.Value.Description == "" || p.Value.Schema == nil {
					t.Errorf("%s: the parameter %s is not described", at, p.Value.Name)
				}
			}
		}
	}
}

// Only ids in the path have examples: others would be sent by everybody who tries a call out.
func TestOptionalParametersHaveNoExamples(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for verb, op := range item.Operations() {
			for _, p := range op.Parameters {
				if has := p.Value.Example != nil || len(p.Value.Schema.Value.Examples) > 0; has != (p.Value.In == "path") {
					t.Errorf("%s %s: %s has an example: %v", verb, path, p.Value.Name, has)
				}
			}
		}
	}
}

func TestBodiesHaveExamples(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for verb, op := range item.Operations() {
			if op.RequestBody != nil && op.RequestBody.Value.Content.Get("application/json").Example == nil {
				t.Errorf("%s %s: the body has no example", verb, path)
			}
			for status, response := range op.Responses.Map() {
				for mediaType, content := range response.Value.Content {
					if content.Example == nil {
						t.Errorf("%s %s: %s %s has no example", verb, path, status, mediaType)
					}
				}
			}
		}
	}
}

func TestErrorsAreProblems(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for verb, op := range item.Operations() {
			for status, response := range op.Responses.Map() {
				if status < "400" {
					continue
				}
				content := response.Value.Content["application/problem+json"]
				if len(response.Value.Content) != 1 || content == nil || content.Schema.Ref != "#/components/schemas/Problem" {
					t.Errorf("%s %s: %s is not a problem", verb, path, status)
					continue
				}
				example, _ := content.Example.(map[string]any)
				got, _ := example["status"].(float64)
				if status != "default" && strconv.Itoa(int(got)) != status {
					t.Errorf("%s: the example has the status %v", status, got)
				}
				if example["title"] != http.StatusText(int(got)) {
					t.Errorf("%s: the example has the title %v", status, example["title"])
				}
			}
		}
	}
}

func TestEverySchemaIsDescribed(t *testing.T) {
	for name, s := range load(t).Components.Schemas {
		if s.Value.Description == "" {
			t.Errorf("%s has no description", name)
		}
		for property, p := range s.Value.Properties {
			if p.Value.Description == "" {
				t.Errorf("%s.%s has no description", name, property)
			}
			if p.Ref == "" && p.Value.Type.Is(openapi3.TypeObject) {
				t.Errorf("%s.%s is an object without a name: typed clients cannot call it anything", name, property)
			}
		}
	}
}

// The zero value of an enum is refused or never sent, but where it means something.
func TestZeroValuesOfEnums(t *testing.T) {
	for name, s := range load(t).Components.Schemas {
		for _, v := range s.Value.Enum {
			if text, _ := v.(string); strings.HasSuffix(text, "_UNSPECIFIED") && name != "Actor" {
				t.Errorf("%s has the value %s", name, text)
			}
		}
	}
}

func TestNoComponentIsUnused(t *testing.T) {
	var doc struct {
		Components map[string]map[string]any `json:"components"`
	}
	if err := json.Unmarshal(openapi.Document(), &doc); err != nil {
		t.Fatal(err)
	}
	text := string(openapi.Document())
	for kind, members := range doc.Components {
		for name := range members {
			used := strings.Contains(text, `"$ref": "#/components/`+kind+"/"+name+`"`)
			if kind == "securitySchemes" {
				used = strings.Contains(text, `"`+name+`": []`)
			}
			if !used {
				t.Errorf("nothing uses %s %s", kind, name)
			}
		}
	}
}

// Readers must not be shown the contract's spelling of names where JSON has another one.
func TestTextsNameFieldsAsJSONDoes(t *testing.T) {
	snake := regexp.MustCompile(`\b[a-z]+_[a-z_]+\b`)
	for name, s := range load(t).Components.Schemas {
		for property, p := range s.Value.Properties {
			if found := snake.FindString(p.Value.Description); found != "" {
				t.Errorf("%s.%s speaks of %s", name, property, found)
			}
		}
	}
}
