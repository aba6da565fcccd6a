package conformance_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"pgregory.net/rapid"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// junk is what no field expects, but the ones that do not mind.
var junk = []any{
	nil, "", " ", "x", strings.Repeat("ä", 3000), "\x00", "\u202e", "\u200e", "%", "-1", "1e400", -1, 0, 1.5, 1 << 40, true, []any{}, []any{nil},
	map[string]any{}, map[string]any{"x": 1}, "2027-02-30T10:00:00Z", "2027-03-01T10:00:00,5Z", "0001-01-01T00:00:00Z", "Mars/Olympus",
	"00000000-0000-0000-0000-000000000000", "a@b", "*", `"`, "https://x", "EUR", "NO_SUCH_VALUE", "start_time desc",
}

// pool has values that exist, by the name of the field that takes them: ids above all.
type pool map[string][]any

// request draws a request of an operation. Most of its parts fit the document, and few of them do not.
func (p pool) request(t *rapid.T, op *salontest.Operation) *salontest.Request {
	path, query := op.Path, url.Values{}
	r := salontest.NewRequest(op.Verb, "", "")
	for _, ref := range op.Parameters {
		param := ref.Value
		if param.In != openapi3.ParameterInPath && rapid.IntRange(0, 3).Draw(t, "omit "+param.Name) > 0 {
			continue
		}
		if param.In == openapi3.ParameterInHeader {
			r.Header.Set(param.Name, rapid.SampledFrom(headerValues[param.Name]).Draw(t, param.Name))
			continue
		}
		value := p.value(t, param.Name, param.Schema.Value, 0)
		for _, text := range texts(value) {
			if param.In == openapi3.ParameterInPath {
				path = strings.ReplaceAll(path, "{"+param.Name+"}", url.PathEscape(text))
			} else {
				query.Add(param.Name, text)
			}
		}
	}
	if rapid.IntRange(0, 30).Draw(t, "unknown parameter") == 0 {
		query.Add("noSuchParameter", "1")
	}
	if r.Path = path; len(query) > 0 {
		r.Path += "?" + query.Encode()
	}
	if op.RequestBody != nil {
		p.body(t, r, op.RequestBody.Value.Content.Get("application/json").Schema.Value)
	}
	for _, name := range []string{"Accept", "Accept-Encoding", "If-Match", "If-None-Match", "Idempotency-Key", "X-Request-Id"} {
		if rapid.IntRange(0, 9).Draw(t, "add "+name) == 0 {
			r.Header.Set(name, rapid.SampledFrom(headerValues[name]).Draw(t, name))
		}
	}
	return r
}

// headerValues are fresh and stale, well formed and not.
var headerValues = map[string][]string{
	"Accept":          {"application/json", "text/html", "*/*", "application/problem+json", "x"},
	"Accept-Encoding": {"gzip", "identity", "br", "x"},
	"If-Match":        {`"1"`, `"2"`, `"1-1"`, `W/"1"`, `"7", "1"`, "*", "1", `""`, `"`, "x, y"},
	"If-None-Match":   {`"1"`, `"1-1"`, `W/"1"`, "*", "x"},
	"Idempotency-Key": {
		"5f0c6c0e-8f0a-4a57-9a3e-0d0a3c1c0001", "5f0c6c0e-8f0a-4a57-9a3e-0d0a3c1c0002", "5F0C6C0E-8F0A-4A57-9A3E-0D0A3C1C0001",
		`"5f0c6c0e-8f0a-4a57-9a3e-0d0a3c1c0003"`, "", "x",
	},
	"X-Request-Id": {"from-the-client", "", strings.Repeat("x", 300)},
}

func (p pool) body(t *rapid.T, r *salontest.Request, s *openapi3.Schema) {
	r.Header.Set("Content-Type", "application/json")
	switch rapid.IntRange(0, 40).Draw(t, "body") {
	case 0:
		r.Body = []byte(rapid.SampledFrom([]string{"", "{", "[]", "null", `"x"`, `{"a":1}`, `{}{}`, "\xff", `{"etag":"1","etag":"2"}`}).Draw(t, "broken body"))
	case 1:
		r.Header.Set("Content-Type", rapid.SampledFrom([]string{"text/plain", "", "application/json; charset=latin1", "x"}).Draw(t, "type"))
		fallthrough
	default:
		data, err := json.Marshal(p.object(t, s, 0))
		if err != nil {
			t.Fatalf("a body: %v", err)
		}
		r.Body = data
	}
}

func (p pool) object(t *rapid.T, s *openapi3.Schema, depth int) map[string]any {
	object := map[string]any{}
	names := make([]string, 0, len(s.Properties))
	for name := range s.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		often := 1
		if slices.Contains(s.Required, name) {
			often = 20
		}
		if rapid.IntRange(0, often).Draw(t, "has "+name) > 0 {
			object[name] = p.value(t, name, s.Properties[name].Value, depth+1)
		}
	}
	return object
}

// value draws a value of a field: one that exists, one that fits the schema or, at times, junk.
func (p pool) value(t *rapid.T, name string, s *openapi3.Schema, depth int) any {
	if rapid.IntRange(0, 24).Draw(t, "junk "+name) == 0 {
		return rapid.SampledFrom(junk).Draw(t, name)
	}
	if known := p[name]; len(known) > 0 {
		return rapid.SampledFrom(known).Draw(t, name)
	}
	switch {
	case len(s.Enum) > 0:
		return rapid.SampledFrom(s.Enum).Draw(t, name)
	case s.Type.Is(openapi3.TypeObject) && depth < 4:
		return p.object(t, s, depth)
	case s.Type.Is(openapi3.TypeArray) && s.Items != nil:
		items := make([]any, rapid.IntRange(0, 3).Draw(t, "items of "+name))
		for i := range items {
			items[i] = p.value(t, strings.TrimSuffix(name, "s"), s.Items.Value, depth+1)
		}
		return items
	case s.Type.Is(openapi3.TypeBoolean):
		return rapid.Bool().Draw(t, name)
	case s.Type.Is(openapi3.TypeInteger):
		return rapid.IntRange(bound(s.Min, 0), bound(s.Max, 1000)).Draw(t, name)
	case s.Type.Is(openapi3.TypeNumber):
		return rapid.Float64Range(float64(bound(s.Min, 0)), float64(bound(s.Max, 1000))).Draw(t, name)
	}
	return p.text(t, name, s)
}

func bound(b *float64, otherwise int) int {
	if b == nil {
		return otherwise
	}
	return int(*b)
}

func (p pool) text(t *rapid.T, name string, s *openapi3.Schema) string {
	switch {
	case s.Format == "date-time":
		return rapid.SampledFrom(times()).Draw(t, name)
	case s.Format == "uuid":
		return rapid.SampledFrom([]string{"019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c77", "019A0C4E-5B1A-7C3E-9F20-6A1D4E8B0C78"}).Draw(t, name)
	case s.Format == "email":
		return rapid.StringMatching(`[a-z]{1,8}(\.[a-z]{1,4})?@example\.(com|org)`).Draw(t, name)
	case s.Format == "uri":
		return rapid.StringMatching(`https://[a-z]{1,8}\.example/[a-z]{0,8}`).Draw(t, name)
	case s.Pattern != "":
		return rapid.StringMatching(s.Pattern).Draw(t, name)
	}
	most := 40
	if s.MaxLength != nil {
		most = min(most, int(*s.MaxLength)) //nolint:gosec // lengths are small
	}
	return rapid.StringN(int(s.MinLength), most, -1).Draw(t, name) //nolint:gosec // lengths are small
}

// texts are a value as parameters spell it.
func texts(value any) []string {
	if list, ok := value.([]any); ok {
		var all []string
		for _, v := range list {
			all = append(all, texts(v)...)
		}
		return all
	}
	if text, ok := value.(string); ok {
		return []string{text}
	}
	data, _ := json.Marshal(value) // of numbers, booleans and what cannot be a parameter
	return []string{string(data)}
}
