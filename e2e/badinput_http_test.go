package e2e_test

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// bodies are bodies that no message can be made of, or too many.
func (w *world) bodies() []refusal {
	good := `{"email":"x@example.com","password":"a long enough password","displayName":"X"}`
	register := func(name, body, reason string, fields ...string) refusal {
		r := salontest.NewRequest(http.MethodPost, "/v1/auth:register", body)
		return refusal{name: name, over: onlyREST, http: r, reason: reason, fields: fields}
	}
	service := func(name, field, value, reason string, fields ...string) refusal {
		body := fmt.Sprintf(`{"name":"N","category":"C","durationMinutes":30,"price":{"currencyCode":"EUR","amountMinor":1},%q:%s}`,
			field, value)
		if strings.Contains(body, `"price":{"currencyCode":"EUR","amountMinor":1},"price"`) {
			body = fmt.Sprintf(`{"name":"N","category":"C","durationMinutes":30,%q:%s}`, field, value)
		}
		if field == "durationMinutes" {
			body = strings.Replace(body, `"durationMinutes":30,`, "", 1)
		}
		r := salontest.NewRequest(http.MethodPost, "/v1/services", body)
		return refusal{name: name, over: onlyREST, as: w.Admin, http: r, reason: reason, fields: fields}
	}
	cases := []refusal{
		register("truncated", `{"email":"x@example.com","passw`, "MALFORMED_REQUEST"),
		register("no body", "", "INVALID_FIELDS", "email", "password", "display_name"),
		register("empty object", "{}", "INVALID_FIELDS", "email", "password", "display_name"),
		{
			name: "empty message", over: onlyGRPC, method: userv1.AuthService_Register_FullMethodName,
			req: &userv1.RegisterRequest{}, reason: "INVALID_FIELDS", fields: []string{"email", "password", "display_name"},
		},
		register("two values", good+` {}`, "MALFORMED_REQUEST"),
		register("text after the value", good+`x`, "MALFORMED_REQUEST"),
		register("duplicate key", strings.Replace(good, `{`, `{"email":"y@example.com",`, 1), "MALFORMED_REQUEST", "email"),
		register("both spellings of a key", strings.Replace(good, `{`, `{"display_name":"Y",`, 1), "MALFORMED_REQUEST", "display_name"),
		register("array", `[`+good+`]`, "MALFORMED_REQUEST"),
		register("null", `null`, "MALFORMED_REQUEST"),
		register("text", `"x"`, "MALFORMED_REQUEST"),
		register("depth of 10,001", strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001), "MALFORMED_REQUEST"),
		register("depth of 10,001 in a field", `{"email":`+strings.Repeat("[", 10_001)+strings.Repeat("]", 10_001)+`}`, "MALFORMED_REQUEST"),
		register("invalid UTF-8", strings.Replace(good, `"X"`, "\"\xff\xfe\"", 1), "MALFORMED_REQUEST"),
		register("lone surrogate", strings.Replace(good, `"X"`, `"\ud800"`, 1), "MALFORMED_REQUEST"),
		register("unknown field", strings.Replace(good, `{`, `{"role":"ROLE_ADMIN",`, 1), "MALFORMED_REQUEST", "role"),
		register("wrong type", strings.Replace(good, `"X"`, `{}`, 1), "MALFORMED_REQUEST"),
		service("number beyond its type", "durationMinutes", "3000000000", "MALFORMED_REQUEST", "duration_minutes"),
		service("fraction", "durationMinutes", "1.5", "MALFORMED_REQUEST", "duration_minutes"),
		service("fraction of a cent", "price", `{"currencyCode":"EUR","amountMinor":1.5}`, "MALFORMED_REQUEST", "price.amount_minor"),
		{
			name: "unknown enum name", over: onlyREST, as: w.Admin,
			http:   salontest.NewRequest(http.MethodPost, "/v1/users/"+w.CustomerA.ID+":setRole", `{"role":"ROLE_KING"}`),
			reason: "MALFORMED_REQUEST", fields: []string{"role"},
		},
		{
			name: "another id than that of the path", over: onlyREST, as: w.Admin,
			http:   salontest.NewRequest(http.MethodPost, "/v1/users/"+w.CustomerA.ID+":setRole", `{"role":"ROLE_CUSTOMER","userId":"`+w.CustomerB.ID+`"}`),
			reason: "INVALID_FIELDS", fields: []string{"user_id"},
		},
		{
			name: "a ticket for a diary without a beginning", as: w.CustomerA, method: issueWatchTicket,
			req:    ticketOf(&appointmentv1.WatchAppointmentsRequest{}),
			reason: "INVALID_FIELDS", fields: []string{"appointments.from"},
		},
		{
			name: "a ticket for nothing", as: w.CustomerA, method: issueWatchTicket, req: &appointmentv1.IssueWatchTicketRequest{},
			reason: "INVALID_FIELDS", fields: []string{"appointments"},
		},
	}
	for contentType, body := range map[string]string{
		"text/xml": "<a/>", "application/x-www-form-urlencoded": "email=x", "text/plain": good, "": good,
		"application/json; charset=utf-16": good, "application/jsonx": good,
	} {
		r := register("type "+contentType, body, "UNSUPPORTED_MEDIA_TYPE")
		r.http.Header["Content-Type"] = []string{contentType}
		cases = append(cases, r)
	}
	for _, encoding := range []string{"gzip", "br", "deflate, gzip"} {
		r := register("encoding "+encoding, good, "UNSUPPORTED_MEDIA_TYPE")
		r.http.With("Content-Encoding", encoding)
		cases = append(cases, r)
	}
	return cases
}

// parameters are paths and queries that the contract does not have.
func (w *world) parameters() []refusal {
	get := func(name, path, reason string, fields ...string) refusal {
		r := salontest.NewRequest(http.MethodGet, path, "")
		return refusal{name: name, over: onlyREST, as: w.Admin, http: r, reason: reason, fields: fields}
	}
	override := salontest.NewRequest(http.MethodPost, "/v1/services/"+w.Service.GetId(), "").
		With("X-HTTP-Method-Override", http.MethodDelete).With("Content-Type", "application/x-www-form-urlencoded")
	overrideBody := salontest.NewRequest(http.MethodPost, "/v1/appointments/"+w.pending.GetId()+":cancel", "reason=x").
		With("X-HTTP-Method-Override", http.MethodDelete).With("Content-Type", "application/x-www-form-urlencoded")
	return []refusal{
		get("NUL in a path", "/v1/masters/%00", "INVALID_FIELDS", "master_id"),
		get("NUL in a query", "/v1/masters?query=%00", "INVALID_FIELDS", "query"),
		get("invalid UTF-8 in a query", "/v1/masters?query=%ff", "INVALID_FIELDS", "query"),
		get("parameter twice", "/v1/masters?query=a&query=b", "INVALID_FIELDS", "query"),
		get("parameter in both spellings", "/v1/masters?pageSize=1&page_size=2", "INVALID_FIELDS", "page_size"),
		get("unknown parameter", "/v1/masters?limit=1", "INVALID_FIELDS", "limit"),
		get("path variable as parameter", "/v1/masters/"+w.Master1.ID+"?masterId="+w.Master2.ID, "INVALID_FIELDS", "master_id"),
		get("number beyond its type", "/v1/masters?pageSize=3000000000", "INVALID_FIELDS", "page_size"),
		get("fraction", "/v1/masters?pageSize=1.5", "INVALID_FIELDS", "page_size"),
		get("not a number", "/v1/masters?minRating=NaN", "INVALID_FIELDS", "min_rating"),
		get("infinite", "/v1/masters?minRating=Inf", "INVALID_FIELDS", "min_rating"),
		get("no boolean", "/v1/notifications?unreadOnly=perhaps", "INVALID_FIELDS", "unread_only"),
		get("unknown enum name", "/v1/users?roles=ROLE_KING", "INVALID_FIELDS", "roles"),
		get("unknown enum number", "/v1/users?roles=99", "INVALID_FIELDS", "roles"),
		get("30 February", "/v1/appointments?from=2027-02-30T00:00:00Z", "INVALID_FIELDS", "from"),
		get("path upwards", "/v1/masters/../../etc/passwd", "NO_SUCH_METHOD"),
		get("path upwards, escaped", "/v1/masters/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "NO_SUCH_METHOD"),
		get("path upwards from an appointment", "/v1/appointments/..%2f..%2fetc", "NO_SUCH_METHOD"),
		get("empty segment", "/v1//masters", "NO_SUCH_METHOD"),
		{name: "method override", over: onlyREST, as: w.Admin, http: override, reason: "NO_SUCH_METHOD"},
		{name: "method override with a form", over: onlyREST, as: w.Admin, http: overrideBody, reason: "UNSUPPORTED_MEDIA_TYPE"},
		{
			name: "query beside a body", over: onlyREST, as: w.CustomerA,
			http:   salontest.NewRequest(http.MethodPost, "/v1/appointments/"+w.pending.GetId()+":cancel?reason=x", "{}"),
			reason: "INVALID_FIELDS", fields: []string{"reason"},
		},
		{
			name: "order by more", as: w.CustomerA, method: appointmentv1.AppointmentService_ListAppointments_FullMethodName,
			req: &appointmentv1.ListAppointmentsRequest{OrderBy: "id;select"}, reason: "INVALID_FIELDS", fields: []string{"order_by"},
		},
		{
			name: "order by what cannot be", method: userv1.MasterService_ListMasters_FullMethodName,
			req: &userv1.ListMastersRequest{OrderBy: "password"}, reason: "INVALID_FIELDS", fields: []string{"order_by"},
		},
	}
}
