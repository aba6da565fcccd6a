package main

import (
	"encoding/json"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/encoding/prototext"

	_ "github.com/beauty-salon/platform/gen/salon/api/v1"
)

func TestApplyRules(t *testing.T) {
	for rules, want := range map[string]string{
		`string: {min_len: 1, max_len: 5}`:                           `{"minLength":1,"maxLength":5}`,
		`required: true string: {uuid: true}`:                        `{"format":"uuid"}`,
		`string: {email: true}`:                                      `{"format":"email"}`,
		`string: {uri: true prefix: "https://"}`:                     `{"format":"uri","pattern":"^https://"}`,
		`string: {pattern: "^a$" example: "a" example: "b"}`:         `{"pattern":"^a$","examples":["a"]}`,
		`string: {in: "" in: "a"}`:                                   `{"enum":["a"]}`,
		`string: {[salon.api.v1.line]: true}`:                        `{"description":"One line of text."}`,
		`string: {[salon.api.v1.secret]: true}`:                      `{}`,
		`int32: {gte: 5 lte: 720 example: 60}`:                       `{"minimum":5,"maximum":720,"examples":[60]}`,
		`int32: {gt: 0 lt: 9}`:                                       `{"exclusiveMinimum":0,"exclusiveMaximum":9}`,
		`double: {gte: 0 lte: 4.5 finite: true}`:                     `{"minimum":0,"maximum":4.5}`,
		`enum: {defined_only: true not_in: 0}`:                       `{}`,
		`repeated: {min_items: 1 max_items: 2 unique: true}`:         `{"items":{},"minItems":1,"maxItems":2,"uniqueItems":true}`,
		`repeated: {items: {string: {max_len: 3}}}`:                  `{"items":{"maxLength":3}}`,
		`cel: {message: "must be even" expression: "this % 2 == 0"}`: `{"description":"It must be even."}`,
	} {
		r := &validate.FieldRules{}
		if err := prototext.Unmarshal([]byte(rules), r); err != nil {
			t.Fatalf("%s: %v", rules, err)
		}
		s := &schema{}
		if r.GetRepeated() != nil {
			s.Items = &schema{}
		}
		if err := applyRules(s, r); err != nil {
			t.Errorf("%s: %v", rules, err)
			continue
		}
		got, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: got %s, want %s", rules, got, want)
		}
	}
}

// A rule that is not understood must not get lost.
func TestApplyRulesRefusesWhatItCannotExpress(t *testing.T) {
	for _, rules := range []string{
		`string: {contains: "a"}`, `string: {hostname: true}`, `int32: {const: 1}`, `enum: {in: 1}`,
		`enum: {defined_only: true}`, `bytes: {max_len: 1}`, `repeated: {items: {bytes: {}}}`,
	} {
		r := &validate.FieldRules{}
		if err := prototext.Unmarshal([]byte(rules), r); err != nil {
			t.Fatalf("%s: %v", rules, err)
		}
		if err := applyRules(&schema{Items: &schema{}}, r); err == nil {
			t.Errorf("%s is accepted", rules)
		}
	}
}

func TestNewReason(t *testing.T) {
	for comment, want := range map[string]string{
		"NOT_FOUND: no such thing.":                                     `{"reason":"X_Y","anchor":"x-y","code":"NOT_FOUND","status":[404],"text":"No such thing."}`,
		"FAILED_PRECONDITION: too late.":                                `{"reason":"X_Y","anchor":"x-y","code":"FAILED_PRECONDITION","status":[400],"text":"Too late."}`,
		"ABORTED (412 over REST): it has changed.":                      `{"reason":"X_Y","anchor":"x-y","code":"ABORTED","status":[412],"text":"It has changed."}`,
		"UNIMPLEMENTED: no such method (404 or 405 over REST).":         `{"reason":"X_Y","anchor":"x-y","code":"UNIMPLEMENTED","status":[404,405],"text":"No such method."}`,
		"CANCELLED: the caller went away.":                              `{"reason":"X_Y","anchor":"x-y","code":"CANCELLED","status":[499],"text":"The caller went away."}`,
		"INVALID_ARGUMENT: a rule. Another one: the second. And so on.": `{"reason":"X_Y","anchor":"x-y","code":"INVALID_ARGUMENT","status":[400],"text":"A rule. Another one: the second. And so on."}`,
	} {
		r, err := newReason("ERROR_REASON_X_Y", comment)
		if err != nil {
			t.Errorf("%s: %v", comment, err)
			continue
		}
		if got := toJSON(t, r); got != want {
			t.Errorf("%s:\n got %s\nwant %s", comment, got, want)
		}
	}
	for _, comment := range []string{"", "Something.", "WRONG_CODE: text.", "ABORTED (999 over REST): text."} {
		if r, err := newReason("ERROR_REASON_X", comment); err == nil {
			t.Errorf("%q is accepted as %v", comment, r)
		}
	}
}

func TestSummarize(t *testing.T) {
	for _, c := range []struct{ name, comment, summary, description string }{
		{"GetX", "GetX returns an x.", "Returns an x", ""},
		{"GetX", " GetX returns\n an x.\n", "Returns an x", ""},
		{"GetX", "GetX returns an x. Never two.", "Returns an x", "Returns an x. Never two."},
		{"GetX", "GetX returns an x; or not.", "Returns an x", "Returns an x; or not."},
		{"GetX", "GetX returns 1.5 of them.", "Returns 1.5 of them", ""},
		{"GetX", "GetX returns an x.\n\nSecond\nparagraph.", "Returns an x", "Returns an x.\n\nSecond paragraph."},
		{
			"GetX", "GetX returns an x, " + strings.Repeat("y", 80) + ", or nothing.",
			"Returns an x, " + strings.Repeat("y", 80), "Returns an x, " + strings.Repeat("y", 80) + ", or nothing.",
		},
		{"X", "X is a letter.", "A letter", ""},
		{"X", "Without the name.", "Without the name", ""},
		{"X", "", "", ""},
	} {
		summary, description := summarize(c.name, c.comment)
		if summary != c.summary || description != c.description {
			t.Errorf("%q: got %q and %q", c.comment, summary, description)
		}
	}
}

func TestRestText(t *testing.T) {
	for comment, want := range map[string]string{
		`next_page_token of the page before.`:              `nextPageToken of the page before.`,
		`"start_time" (default) or "start_time desc".`:     `"start_time" (default) or "start_time desc".`,
		`SLOT_UNAVAILABLE stays.`:                          `SLOT_UNAVAILABLE stays.`,
		`Name it in update_mask; google.rpc.RetryInfo too`: "Name it in updateMask; `Retry-After` too",
	} {
		if got := restText(comment); got != want {
			t.Errorf("%q became %q", comment, got)
		}
	}
}

func TestCamelPath(t *testing.T) {
	for template, want := range map[string]string{
		"/v1/masters": "/v1/masters",
		"/v1/masters/{master_id}/offerings/{service_id}": "/v1/masters/{masterId}/offerings/{serviceId}",
		"/v1/appointments/{appointment_id}:cancel":       "/v1/appointments/{appointmentId}:cancel",
	} {
		if got := camelPath(template); got != want {
			t.Errorf("%s became %s", template, got)
		}
	}
}

func TestOrdered(t *testing.T) {
	const text = `{"z":{"type":"a & b"},"a":{},"m":{"type":"<x>"}}`
	var o ordered[*schema]
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		t.Fatal(err)
	}
	got, err := o.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var again ordered[*schema]
	if err := json.Unmarshal(got, &again); err != nil {
		t.Fatal(err)
	}
	if len(again.keys) != 3 || again.keys[0] != "z" || again.keys[2] != "m" || again.values["z"].Type != "a & b" {
		t.Errorf("got %s", got)
	}
	again.set("z", &schema{Type: "other"})
	if again.sort(); again.keys[0] != "a" || len(again.keys) != 3 {
		t.Errorf("the keys are %v", again.keys)
	}
	for _, wrong := range []string{`[]`, `{"a":{"unknown":1}}`, `{"a":`} {
		if err := json.Unmarshal([]byte(wrong), &ordered[*schema]{}); err == nil {
			t.Errorf("%s is accepted", wrong)
		}
	}
}
