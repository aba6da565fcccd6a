package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestDescribeResponse(t *testing.T) {
	t.Parallel()
	rs := newTestRoutes(t)
	g := &Gateway{routes: rs}
	for _, c := range []struct {
		name, method, target string
		msg                  proto.Message
		status               int
		header               map[string]string
	}{
		{
			"created", appointmentv1.AppointmentService_CreateAppointment_FullMethodName, "/v1/appointments",
			&appointmentv1.Appointment{Id: "7f", Etag: "1"}, http.StatusCreated,
			map[string]string{"Location": "/v1/appointments/7f", "Etag": `"1"`, "Cache-Control": "no-store"},
		},
		{
			"created nothing", appointmentv1.AppointmentSeriesService_CreateAppointmentSeries_FullMethodName, "/v1/appointmentSeries",
			&appointmentv1.AppointmentSeries{}, http.StatusOK, map[string]string{"Location": "", "Cache-Control": "no-store"},
		},
		{
			"read", userv1.MasterService_GetMaster_FullMethodName, "/v1/masters/7f", &userv1.Master{Id: "7f", Etag: "2-5"}, http.StatusOK,
			map[string]string{"Location": "", "Etag": `"2-5"`, "Cache-Control": "no-cache"},
		},
		{
			"search", appointmentv1.AvailabilityService_SearchAvailability_FullMethodName, "/v1/availability:search",
			&appointmentv1.SearchAvailabilityResponse{NextPageToken: "n"}, http.StatusOK,
			map[string]string{"Cache-Control": "max-age=1", "Vary": "Authorization", "Link": ""},
		},
		{
			"nothing", userv1.AuthService_Logout_FullMethodName, "/v1/auth:logout", &emptypb.Empty{}, http.StatusNoContent,
			map[string]string{"Content-Type": "", "Etag": ""},
		},
		{
			"page", userv1.MasterService_ListMasters_FullMethodName, "/v1/masters?query=a%26b&page_token=old&pageSize=2",
			&userv1.ListMastersResponse{NextPageToken: "n=/+"}, http.StatusOK,
			map[string]string{"Link": `</v1/masters?pageSize=2&pageToken=n%3D%2F%2B&query=a%26b>; rel="next"`},
		},
		{
			"last page", userv1.MasterService_ListMasters_FullMethodName, "/v1/masters", &userv1.ListMastersResponse{}, http.StatusOK,
			map[string]string{"Link": ""},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := url.Parse(c.target)
			if err != nil {
				t.Fatal(err)
			}
			ctx := context.WithValue(t.Context(), callKey{}, &call{route: rs.byMethod[c.method], url: u})
			rec := httptest.NewRecorder()
			w := &answerWriter{ResponseWriter: rec}
			w.Header().Set("Content-Type", "application/json")
			if err := g.describeResponse(ctx, w, c.msg); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write([]byte("{}")); err != nil {
				t.Fatal(err)
			}
			if rec.Code != c.status || (rec.Body.Len() == 0) != (c.status == http.StatusNoContent) {
				t.Errorf("%d %q", rec.Code, rec.Body)
			}
			for name, want := range c.header {
				if got := rec.Header().Get(name); got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
		})
	}
	if err := g.describeResponse(t.Context(), httptest.NewRecorder(), &emptypb.Empty{}); err != nil {
		t.Error(err)
	}
}

func TestAnswerWriter(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	w := &answerWriter{ResponseWriter: rec, ifNoneMatch: []string{`"7"`}, capturing: true}
	w.Header().Set("ETag", `"7"`)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "2")
	for _, part := range []string{"{", "}"} {
		if n, err := w.Write([]byte(part)); n != 1 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	w.WriteHeader(http.StatusTeapot) // too late
	if rec.Code != http.StatusNotModified || rec.Body.Len() > 0 || rec.Header().Get("Content-Type") != "" ||
		rec.Header().Get("Content-Length") != "" || string(w.captured) != "{}" {
		t.Errorf("%d %q %v, captured %q", rec.Code, rec.Body, rec.Header(), w.captured)
	}
	if w.Unwrap() != http.ResponseWriter(rec) {
		t.Error("the connection cannot be reached")
	}

	rec = httptest.NewRecorder()
	w = &answerWriter{ResponseWriter: rec, ifNoneMatch: []string{"*"}}
	w.Header().Set("ETag", `"7"`)
	w.WriteHeader(http.StatusNotFound) // an error is sent whatever the client has
	if rec.Code != http.StatusNotFound {
		t.Errorf("an error became %d", rec.Code)
	}
}

// TestObserve: every request has an id, the headers that protect, and a line in the log, even one that panics.
func TestObserve(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, id string
		handle   func(*recorder, *http.Request)
		status   int
		keepsID  bool
	}{
		{"answer", "my-id", func(w *recorder, _ *http.Request) { _, _ = w.Write([]byte("ok")) }, http.StatusOK, true},
		{"bad id", "my id", func(w *recorder, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, http.StatusNoContent, false},
		{"panic", "my-id", func(*recorder, *http.Request) { panic("boom") }, http.StatusInternalServerError, true},
		{"panic after the status", "my-id", func(w *recorder, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic("boom")
		}, http.StatusOK, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			g := newBareGateway(t, Config{}, &out)
			r := request(http.MethodGet, "/v1/nothing?token=secret", "")
			r.Header.Set("X-Request-Id", c.id)
			w := httptest.NewRecorder()
			g.observe(c.handle).ServeHTTP(w, r)
			id := w.Header().Get("X-Request-Id")
			if w.Code != c.status || id == "" || (id == c.id) != c.keepsID || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%d %v", w.Code, w.Header())
			}
			if c.status == http.StatusInternalServerError && (problemOf(t, w).Reason != "INTERNAL" || strings.Contains(w.Body.String(), "boom")) {
				t.Errorf("the panic is shown: %s", w.Body)
			}
			if strings.Contains(out.String(), "secret") {
				t.Errorf("the query is logged: %s", &out)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			var last struct {
				RequestID string `json:"request_id"`
				Status    int    `json:"status"`
				Path      string `json:"path"`
			}
			if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
				t.Fatal(err)
			}
			if last.RequestID != id || last.Status != c.status || last.Path != "/v1/nothing" {
				t.Errorf("logged %+v", last)
			}
		})
	}
}
