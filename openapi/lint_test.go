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

	"github.com/beauty-salon/platform/internal/reason"
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

// Only parameters that must be there have examples: others would be sent by everybody who tries a call out.
func TestOptionalParametersHaveNoExamples(t *testing.T) {
	for path, item := range load(t).Paths.Map() {
		for verb, op := range item.Operations() {
			for _, p := range op.Parameters {
				if has := p.Value.Example != nil || len(p.Value.Schema.Value.Examples) > 0; has != p.Value.Required {
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
					if content.Example == nil && len(content.Examples) == 0 {
						t.Errorf("%s %s: %s %s has no example", verb, path, status, mediaType)
					}
				}
			}
		}
	}
}

// Every operation has exactly the reasons of its method, each with the status that it comes with and an example.
func TestErrorsAreProblems(t *testing.T) {
	doc, reasons := load(t), openapi.Reasons()
	for _, m := range contractMethods(t) {
		op := operationOf(t, doc, m)
		var documented []string
		for status, response := range op.Responses.Map() {
			if status < "4" {
				continue
			}
			at := op.OperationID + " " + status
			content := response.Value.Content["application/problem+json"]
			if len(response.Value.Content) != 1 || content == nil || len(content.Schema.Value.AllOf) != 2 ||
				content.Schema.Value.AllOf[0].Ref != "#/components/schemas/Problem" {
				t.Errorf("%s is not a problem", at)
				continue
			}
			var admitted []string
			for _, v := range content.Schema.Value.AllOf[1].Value.Properties["reason"].Value.Enum {
				admitted = append(admitted, v.(string))
			}
			same(t, at+": reasons of the schema", admitted, keys(content.Examples))
			documented = append(documented, admitted...)
			for name, example := range content.Examples {
				problem, _ := example.Value.Value.(map[string]any)
				got, _ := problem["status"].(float64)
				code := strconv.Itoa(int(got))
				if problem["reason"] != name || !slices.Contains(reasons[name].Status, int(got)) || problem["title"] != http.StatusText(int(got)) ||
					code != status && status != code[:1]+"XX" {
					t.Errorf("%s: the example of %s is %v", at, name, problem)
				}
				if !strings.Contains(*response.Value.Description, "[`"+name+"`](/docs/errors#"+reasons[name].Anchor+"): ") {
					t.Errorf("%s does not explain %s", at, name)
				}
			}
		}
		same(t, op.OperationID+": reasons", documented, reason.REST(m.desc))
	}
}

// A newcomer reads from the top: accounts, then what can be booked and by whom, then booking; collections before members.
func TestReadingOrder(t *testing.T) {
	var tags []string
	for _, tag := range load(t).Tags {
		tags = append(tags, tag.Name)
	}
	want := []string{
		"Auth", "User", "Salon", "Master", "Catalog", "Resource", "Schedule", "Availability", "Hold", "Appointment", "AppointmentSeries", "Desk", "Group", "Waitlist", "Watch", "Rating",
		"Notification", "Customer", "Member",
	}
	if !slices.Equal(tags, want) {
		t.Errorf("the tags are %v, want %v", tags, want)
	}
	text := string(openapi.Document())
	position := func(operation string) int {
		t.Helper()
		at := strings.Index(text, `"operationId": "`+operation+`"`)
		if at < 0 {
			t.Fatalf("there is no %s", operation)
		}
		return at
	}
	order := []string{
		"register", "login", "refreshSession", "getMe", "listSalons", "getSalon", "listMasters", "getMaster", "listServices",
		"getService", "searchAvailability", "explainSlot", "createAppointment", "listAppointments", "getAppointment",
		"cancelAppointment", "createRating", "listNotifications", "listCustomers", "listMembers",
	}
	for i := 1; i < len(order); i++ {
		if position(order[i-1]) > position(order[i]) {
			t.Errorf("%s comes before %s", order[i], order[i-1])
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
			// The fields of a record are those of its kind.
			if p.Ref == "" && p.Value.Type.Is(openapi3.TypeObject) && name+"."+property != "PersonalRecord.data" {
				t.Errorf("%s.%s is an object without a name: typed clients cannot call it anything", name, property)
			}
		}
	}
}

// The zero value of an enum is refused or never sent, but where it means something.
func TestZeroValuesOfEnums(t *testing.T) {
	for name, s := range load(t).Components.Schemas {
		for _, v := range s.Value.Enum {
			if text, _ := v.(string); strings.HasSuffix(text, "_UNSPECIFIED") && name != "Actor" && name != "CancellationCause" && name != "WaitlistLeaveCause" {
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
