package e2e_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/beauty-salon/platform/e2e/salontest"
)

// TestAcceptedBeyondTheSchema: what docs/api.md says is accepted beyond the schema, and that the rest is not.
func TestAcceptedBeyondTheSchema(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	admin, service := s.Admin(), s.NewService(t)
	customer := s.NewCustomer(t, "Customer")
	patch := func(body string) *salontest.Request {
		return salontest.NewRequest(http.MethodPatch, "/v1/services/"+service.GetId(), body).As(t, admin)
	}
	list := func(query string) *salontest.Request { return get("/v1/masters?" + query) }
	login := func(body string) *salontest.Request {
		return salontest.NewRequest(http.MethodPost, "/v1/auth:login", body)
	}
	const password = `"password":"` + salontest.Password + `"`
	for name, r := range map[string]*salontest.Request{
		"snake case in a body":        patch(`{"duration_minutes":45}`),
		"snake case in a query":       list("page_size=1"),
		"an integer as a string":      patch(`{"durationMinutes":"45"}`),
		"an integer with an exponent": patch(`{"durationMinutes":4.5e1}`),
		"an integer with a zero":      patch(`{"durationMinutes":45.0}`),
		"a boolean as a number":       get("/v1/notifications?unreadOnly=1").As(t, customer),
		"a boolean as a letter":       get("/v1/notifications?unreadOnly=t").As(t, customer),
		"a boolean in capitals":       get("/v1/notifications?unreadOnly=TRUE").As(t, customer),
		"an enum's number in a query": get("/v1/users?roles=1").As(t, admin),
		"an enum's number in a body":  salontest.NewRequest(http.MethodPost, "/v1/users/"+customer.ID+":setRole", `{"role":1}`).As(t, admin),
		"a page size above the most":  list("pageSize=1000"),
		"space around an address":     login(`{"email":" ` + customer.Email + ` ",` + password + `}`),
		"a body with GET":             salontest.NewRequest(http.MethodGet, "/v1/masters", `{"x":1}`),
		"another type, no body":       salontest.NewRequest(http.MethodPost, "/v1/notifications:markAllRead", "").With("Content-Type", "text/plain").As(t, customer),
		"null for an optional field":  salontest.NewRequest(http.MethodPost, "/v1/auth:register", registered(`"phone":null,"requestId":null`)),
		"an empty text for a field":   salontest.NewRequest(http.MethodPost, "/v1/auth:register", registered(`"phone":"","requestId":""`)),
	} {
		if got := s.HTTP(t, r); got.StatusCode >= http.StatusBadRequest {
			t.Errorf("%s: %s: %s", name, got.Status, got.Bytes)
		}
	}
	for name, r := range map[string]*salontest.Request{
		"an unknown field":     patch(`{"length":45}`),
		"an unknown parameter": list("limit=1"),
		"a field twice":        patch(`{"durationMinutes":45,"duration_minutes":45}`),
		"a fraction":           patch(`{"durationMinutes":45.5}`),
		"another type":         patch(`{"durationMinutes":45}`).With("Content-Type", "text/plain"),
	} {
		got := s.HTTP(t, r)
		if got.StatusCode < http.StatusBadRequest || !slices.Contains([]string{"INVALID_FIELDS", "MALFORMED_REQUEST", "UNSUPPORTED_MEDIA_TYPE"}, got.Problem(t).Reason) {
			t.Errorf("%s: %s: %s", name, got.Status, got.Bytes)
		}
	}
}

// registered is a registration with more members of the JSON object.
func registered(more string) string {
	return `{"email":"new-` + salontest.Unique() + `@example.com","password":"` + salontest.Password + `","displayName":"New",` + more + `}`
}
