package gateway

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestTimesInBodies: texts are replaced where the message has a time, and nothing else changes.
func TestTimesInBodies(t *testing.T) {
	t.Parallel()
	book := (&appointmentv1.CreateAppointmentRequest{}).ProtoReflect().Descriptor()
	response := (&appointmentv1.ListAppointmentsResponse{}).ProtoReflect().Descriptor() // has times inside of lists
	for _, c := range []struct {
		md       protoreflect.MessageDescriptor
		in, want string
	}{
		{book, `{"startTime":"2027-03-01t10:00:00z"}`, `{"startTime":"2027-03-01T10:00:00Z"}`},
		{book, `{ "start_time" :` + "\n" + `"2027-03-01T10:00:00z" , "note":"t"}`, `{ "start_time" :` + "\n" + `"2027-03-01T10:00:00Z" , "note":"t"}`},
		{book, `{"startTime":"2027-03-01\u007410:00:00\u005a"}`, `{"startTime":"2027-03-01T10:00:00Z"}`},
		{book, `{"note":"2027-03-01t10:00:00z","startTime":null}`, `{"note":"2027-03-01t10:00:00z","startTime":null}`},
		{book, `{"startTime":"2027-03-01t10:00:00z","startTime":"2027-03-01t11:00:00z"}`, `{"startTime":"2027-03-01T10:00:00Z","startTime":"2027-03-01T11:00:00Z"}`},
		{book, `{"startTime":5,"unknown":{"startTime":"x"},"segments":[{"startTime":"x"}]}`, `{"startTime":5,"unknown":{"startTime":"x"},"segments":[{"startTime":"x"}]}`},
		{
			response, `{"appointments":[{"startTime":"2027-03-01t10:00:00z","segments":[{},{"endTime":"2027-03-01t10:00:00+02:00"}]}]}`,
			`{"appointments":[{"startTime":"2027-03-01T10:00:00Z","segments":[{},{"endTime":"2027-03-01T10:00:00+02:00"}]}]}`,
		},
		{book, `{"startTime":"2027-03-01t10:00:00z"`, `{"startTime":"2027-03-01t10:00:00z"`}, // not JSON
		{book, strings.Repeat("[", 20_000), strings.Repeat("[", 20_000)},
		{book, `{"startTime":"2027-03-01t10:00:00z"} x`, `{"startTime":"2027-03-01T10:00:00Z"} x`},
		{(&userv1.RegisterRequest{}).ProtoReflect().Descriptor(), `{"email":1}`, `{"email":1}`},
	} {
		if got, err := normalTimes(c.md, []byte(c.in)); err != nil || string(got) != c.want {
			t.Errorf("%.99s:\ngot  %.99s, %v\nwant %.99s", c.in, got, err, c.want)
		}
	}
	for in, field := range map[string]string{
		`{"startTime":"2027-03-01T1:00:00Z"}`:                      "start_time",
		`{"start_time":"2027-03-01T10:00:00,5Z"}`:                  "start_time",
		`{"startTime":"2027-03-01T10:00:00Z","startTime":"never"}`: "start_time",
	} {
		_, err := normalTimes(book, []byte(in))
		wantError(t, err, "MALFORMED_REQUEST", field)
	}
	_, err := normalTimes(response, []byte(`{"appointments":[{},{"segments":[{"endTime":"2027-03-01T10:00:00+24:00"}]}]}`))
	wantError(t, err, "MALFORMED_REQUEST", "appointments[1].segments[0].end_time")
}

// TestTimesInQueries: the same texts are times in a query.
func TestTimesInQueries(t *testing.T) {
	t.Parallel()
	list := newTestRoutes(t).byPattern["GET /v1/appointments"]
	for _, c := range []struct{ query, want, field string }{
		{"from=2027-03-01t10:00:00z&pageSize=5", "from=2027-03-01T10%3A00%3A00Z&pageSize=5", ""},
		{"to=2027-03-01T10:00:00%2b02:00", "to=2027-03-01T10:00:00%2b02:00", ""},
		{"pageToken=2027-03-01t10", "pageToken=2027-03-01t10", ""},
		{"from=2027-03-01T1:00:00Z", "", "from"},
		{"to=", "", "to"},
		{"to=null", "", "to"},
	} {
		r := request(http.MethodGet, "/v1/appointments?"+c.query, "")
		r, err := withNormalTimes(list, r, r.URL.Query())
		switch {
		case c.field != "":
			wantError(t, err, "INVALID_FIELDS", c.field)
		case err != nil || r.URL.RawQuery != c.want:
			t.Errorf("%s: %s, %v; want %s", c.query, r.URL.RawQuery, err, c.want)
		}
	}
}
