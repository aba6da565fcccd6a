package gateway

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/etag"
)

// decode reads a body as the generated code of grpc-gateway does.
func decode(r *http.Request, into proto.Message) error {
	condition, err := etag.FromIfMatch(r.Header["If-Match"])
	if err != nil {
		return err
	}
	body := &requestBody{ReadCloser: r.Body, request: r, condition: condition}
	r.Body = body
	if err := newJSONMarshaler().NewDecoder(body).Decode(into); err != nil {
		if !errors.Is(err, body.err) {
			return errors.New("the body does not keep the decoder's error")
		}
		return err
	}
	return nil
}

func TestBodyErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, body string
		into       proto.Message
		fields     []string
	}{
		{"truncated", `{"email":"a`, &userv1.RegisterRequest{}, nil},
		{"two values", `{} {}`, &userv1.RegisterRequest{}, nil},
		{"array", `[]`, &userv1.RegisterRequest{}, nil},
		{"null", `null`, &userv1.RegisterRequest{}, nil},
		{"trailing comma", `{"email":"a",}`, &userv1.RegisterRequest{}, nil},
		{"invalid UTF-8", "{\"email\":\"\xff\"}", &userv1.RegisterRequest{}, []string{"email"}},
		{"lone surrogate", `{"email":"\udc00"}`, &userv1.RegisterRequest{}, []string{"email"}},
		{"unknown field", `{"role":1}`, &userv1.RegisterRequest{}, []string{"role"}},
		{"unknown field inside", `{"price":{"amount":1}}`, &appointmentv1.CreateServiceRequest{}, []string{"price.amount"}},
		{"long unknown field", `{"` + strings.Repeat("x", 500) + `":1}`, &userv1.RegisterRequest{}, []string{strings.Repeat("x", 64)}},
		{"control characters in a name", `{"a\u001b[31m\r\nb":1}`, &userv1.RegisterRequest{}, []string{"a[31mb"}},
		{"duplicate field", `{"email":"a","email":"b"}`, &userv1.RegisterRequest{}, []string{"email"}},
		{"two of a choice", `{"availability":{},"appointments":{}}`, &appointmentv1.IssueWatchTicketRequest{}, []string{"availability"}},
		{"both spellings", `{"displayName":"a","display_name":"b"}`, &userv1.RegisterRequest{}, []string{"display_name"}},
		{"text for a number", `{"durationMinutes":"soon"}`, &appointmentv1.CreateServiceRequest{}, []string{"duration_minutes"}},
		{"fraction", `{"durationMinutes":1.5}`, &appointmentv1.CreateServiceRequest{}, []string{"duration_minutes"}},
		{"too large", `{"durationMinutes":2147483648}`, &appointmentv1.CreateServiceRequest{}, []string{"duration_minutes"}},
		{"number for a text", `{"name":1}`, &appointmentv1.CreateServiceRequest{}, []string{"name"}},
		{"unknown enum name", `{"role":"ROLE_KING"}`, &userv1.SetUserRoleRequest{}, []string{"role"}},
		{"no time", `{"startTime":"tomorrow"}`, &appointmentv1.RescheduleAppointmentRequest{}, []string{"start_time"}},
		{"no date", `{"startTime":"2027-02-30T10:00:00Z"}`, &appointmentv1.CreateAppointmentRequest{}, []string{"start_time"}},
		{"a number in a list", `{"segments":[{},{"serviceId":1}]}`, &appointmentv1.CreateAppointmentRequest{}, []string{"segments[1].service_id"}},
		{"null in a list", `{"specialties":["a",null]}`, &userv1.UpdateMasterRequest{}, []string{"specialties[1]"}},
		{"a mask in the words of the proto", `{"updateMask":"photo_url"}`, &userv1.UpdateMasterRequest{}, []string{"update_mask"}},
	} {
		err := decode(request(http.MethodPost, "/v1/x", c.body), c.into)
		t.Run(c.name, func(t *testing.T) {
			wantError(t, err, "MALFORMED_REQUEST", c.fields...)
			w := httptest.NewRecorder()
			writeError(w, request(http.MethodPost, "/v1/x", ""), err)
			for _, leak := range []string{"proto:", "syntax error", "unexpected token", "google.protobuf", "line 1", "(line"} {
				if strings.Contains(w.Body.String(), leak) {
					t.Errorf("the library's words are sent: %s", w.Body)
				}
			}
		})
	}
}

func TestBodySize(t *testing.T) {
	t.Parallel()
	body := `{"email":"` + strings.Repeat("a", maxBodyBytes) + `"}`
	r := request(http.MethodPost, "/v1/x", body)
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, maxBodyBytes)
	wantError(t, decode(r, &userv1.RegisterRequest{}), "MESSAGE_TOO_LARGE")

	r = request(http.MethodPost, "/v1/x", "")
	r.Body = io.NopCloser(io.MultiReader(strings.NewReader("{"), failingReader{}))
	wantError(t, decode(r, &userv1.RegisterRequest{}), "MALFORMED_REQUEST")
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

func TestEmptyBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", " \n", "{}"} {
		req := &appointmentv1.ConfirmAppointmentRequest{}
		if err := decode(request(http.MethodPost, "/v1/x", body), req); err != nil || !proto.Equal(req, &appointmentv1.ConfirmAppointmentRequest{}) {
			t.Errorf("%q: %v, %v", body, req, err)
		}
	}
}

// TestHeaderFields: what REST carries in headers ends up in the request.
func TestHeaderFields(t *testing.T) {
	t.Parallel()
	const key, upper = "01890000-0000-7000-8000-00000000000a", "01890000-0000-7000-8000-00000000000A"
	register := func(id string) proto.Message { return &userv1.RegisterRequest{RequestId: id} }
	update := func(etag string) proto.Message { return &userv1.UpdateMeRequest{Etag: etag} }
	for _, c := range []struct {
		name, header string
		lines        []string
		body         string
		want         proto.Message // or an empty message of the request
		field        string        // that is refused; empty when all is well
	}{
		{"key", "Idempotency-Key", []string{key}, `{}`, register(key), ""},
		{"quoted key", "Idempotency-Key", []string{`"` + key + `"`}, `{}`, register(key), ""},
		{"same key", "Idempotency-Key", []string{key}, `{"requestId":"` + key + `"}`, register(key), ""},
		{"same key in another case", "Idempotency-Key", []string{upper}, `{"requestId":"` + key + `"}`, register(upper), ""},
		{"twice the same key", "Idempotency-Key", []string{key, `"` + upper + `"`}, `{}`, register(upper), ""},
		{"two keys", "Idempotency-Key", []string{key, "x"}, `{}`, register(""), "Idempotency-Key"},
		{"empty key", "Idempotency-Key", []string{""}, `{}`, register(""), "Idempotency-Key"},
		{"empty quoted key", "Idempotency-Key", []string{`""`}, `{}`, register(""), "Idempotency-Key"},
		{"blank key", "Idempotency-Key", []string{" "}, `{}`, register(""), "Idempotency-Key"},
		{"a key and an empty one", "Idempotency-Key", []string{key, ""}, `{}`, register(""), "Idempotency-Key"},
		{"key that is no UUID", "Idempotency-Key", []string{"x"}, `{}`, register(""), "Idempotency-Key"},
		{"key in another form", "Idempotency-Key", []string{"urn:uuid:" + key}, `{}`, register(""), "Idempotency-Key"},
		{"key that is no text", "Idempotency-Key", []string{"\xff"}, `{}`, register(""), "Idempotency-Key"},
		{"other key", "Idempotency-Key", []string{key}, `{"requestId":"x"}`, register(""), "Idempotency-Key"},
		{"key where none is taken", "Idempotency-Key", []string{key}, `{}`, &userv1.LoginRequest{}, ""},
		{"strong", "If-Match", []string{`"7"`}, `{}`, update(`"7"`), ""},
		{"weak", "If-Match", []string{`W/"7-3"`}, `{}`, update(`""`), ""},
		{"any", "If-Match", []string{`*`}, `{}`, update("*"), ""},
		{"any that is quoted", "If-Match", []string{`"*"`}, `{}`, update(`""`), ""},
		{"same etag", "If-Match", []string{`"6", "7"`}, `{"etag":"7"}`, update(`"7"`), ""},
		{"other etag", "If-Match", []string{`"7"`}, `{"etag":"8"}`, update(`""`), ""},
		{"malformed etag", "If-Match", []string{`"7"`}, `{"etag":"\"8"}`, update(""), "etag"},
	} {
		r := request(http.MethodPost, "/v1/x", c.body)
		r.Header[c.header] = c.lines
		into := c.want.ProtoReflect().New().Interface()
		err := decode(r, into)
		t.Run(c.name, func(t *testing.T) {
			if c.field != "" {
				wantError(t, err, "INVALID_FIELDS", c.field)
			} else if err != nil || !proto.Equal(into, c.want) {
				t.Errorf("got %v, %v, want %v", into, err, c.want)
			}
		})
	}
}

// TestPatchMask: a PATCH writes the fields that its body has, unless it says which.
func TestPatchMask(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, body string
		want         []string
	}{
		{http.MethodPatch, `{"displayName":"A","phone":null}`, []string{"display_name", "phone"}},
		{http.MethodPatch, `{"display_name":"A","etag":"1"}`, []string{"display_name"}},
		{http.MethodPatch, `{"displayName":"A","updateMask":"phone"}`, []string{"phone"}},
		{http.MethodPatch, `{"phone":null,"updateMask":""}`, []string{"phone"}},
		{http.MethodPatch, `{"phone":null,"updateMask":null}`, []string{"phone"}},
		{http.MethodPatch, `{}`, nil},
		{http.MethodPatch, ``, nil},
		{http.MethodPost, `{"displayName":"A"}`, nil},
	} {
		req := &userv1.UpdateMeRequest{}
		if err := decode(request(c.method, "/v1/me", c.body), req); err != nil {
			t.Fatal(err)
		}
		got := slices.Sorted(slices.Values(req.GetUpdateMask().GetPaths()))
		if !slices.Equal(got, c.want) {
			t.Errorf("%s %s: mask %v, want %v", c.method, c.body, got, c.want)
		}
	}
}

// TestPatchMaskOfWhatControls: what controls an update is not written by it.
func TestPatchMaskOfWhatControls(t *testing.T) {
	t.Parallel()
	req := &appointmentv1.UpdateResourceRequest{}
	if err := decode(request(http.MethodPatch, "/v1/resources/1", `{"active":false,"validateOnly":true,"etag":"1"}`), req); err != nil {
		t.Fatal(err)
	}
	if got := req.GetUpdateMask().GetPaths(); !slices.Equal(got, []string{"active"}) || !req.GetValidateOnly() {
		t.Errorf("got %v", req)
	}
}

// TestMarshal: every field is there, and two encodings are the same bytes.
func TestMarshal(t *testing.T) {
	t.Parallel()
	for msg, want := range map[proto.Message]string{
		&apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(0))}: `{"currencyCode":"EUR","amountMinor":0}`,
		&userv1.ListUsersResponse{}:                                   `{"users":[],"nextPageToken":""}`,
		&appointmentv1.OfferingEvent{MasterId: "<"}:                   `{"masterId":"<","serviceId":"","salonId":"","deleted":false}`,
	} {
		got, err := newJSONMarshaler().Marshal(msg)
		if err != nil || string(got) != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}
