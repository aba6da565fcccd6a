package gateway

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"
)

// TestAppendCompact: the result is that of json.Compact, wherever the spaces are.
func TestAppendCompact(t *testing.T) {
	text := rapid.StringOf(rapid.SampledFrom([]rune{'a', '"', '\\', ' ', ',', ':', '{', '}', 'ä', '\n', '\u2028'}))
	value := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.Int(), func(i int) any { return i }),
		rapid.Map(rapid.MapOf(text, text), func(m map[string]string) any { return m }),
		rapid.Map(rapid.SliceOf(text), func(s []string) any { return s }),
		rapid.Just(any(nil)),
	)
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.MarshalIndent(rapid.MapOf(text, value).Draw(t, "value"), "", rapid.SampledFrom([]string{"", " "}).Draw(t, "indent"))
		if err != nil {
			t.Fatal(err)
		}
		spaced := bytes.ReplaceAll(data, []byte{'\n'}, []byte{' '}) // protojson has no line breaks
		var want bytes.Buffer
		if err := json.Compact(&want, spaced); err != nil {
			t.Fatal(err)
		}
		if got := appendCompact(nil, spaced); !bytes.Equal(got, want.Bytes()) {
			t.Fatalf("%s\nbecame %s\nwant   %s", spaced, got, want.Bytes())
		}
	})
}

func BenchmarkCompact(b *testing.B) {
	data := []byte(`{"slots": [{"startTime": "2027-03-03T10:00:00Z", "quote": "` + string(bytes.Repeat([]byte{'x'}, 300)) + `"}, ` + `{"a": 1}]}`)
	for b.Loop() {
		appendCompact(make([]byte, 0, len(data)), data)
	}
}

func BenchmarkCompactOfEncodingJSON(b *testing.B) {
	data := []byte(`{"slots": [{"startTime": "2027-03-03T10:00:00Z", "quote": "` + string(bytes.Repeat([]byte{'x'}, 300)) + `"}, ` + `{"a": 1}]}`)
	for b.Loop() {
		var compact bytes.Buffer
		compact.Grow(len(data))
		if err := json.Compact(&compact, data); err != nil {
			b.Fatal(err)
		}
	}
}
