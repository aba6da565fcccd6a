package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// TestConditions: each method with an etag understands the conditions of RFC 9110 in that field, and over REST in
// If-Match.
func TestConditions(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	st := newStage(t, s)
	callers := []salontest.Identity{
		nil, st.CustomerA, st.CustomerB, st.Master1, st.Master2, st.receptionist, st.manager,
		st.otherReceptionist, st.otherManager, st.otherMaster, st.Admin,
	}
	refusals := map[string]string{
		`""`: "ETAG_MISMATCH", `W/""`: "ETAG_MISMATCH", `W/"1"`: "ETAG_MISMATCH", `W/"1", W/"2", W/"3"`: "ETAG_MISMATCH",
		`"*"`: "ETAG_MISMATCH", `"999999999", "x,y"`: "ETAG_MISMATCH", `"0"`: "ETAG_MISMATCH",
		`"1`: "INVALID_FIELDS", `*, "1"`: "INVALID_FIELDS", `"1" "2"`: "INVALID_FIELDS", ",": "INVALID_FIELDS",
	}
	tested := 0
	for _, row := range table() {
		req := row.req(st.in(t))
		may := slices.Index(strings.Fields(row.want), "OK")
		if may < 0 || req.ProtoReflect().Descriptor().Fields().ByName("etag") == nil {
			continue
		}
		tested++
		as := callers[may]
		t.Run(row.method[strings.LastIndex(row.method, "/")+1:], func(t *testing.T) {
			refused := func(t *testing.T, got *salontest.Result, reason, field string) {
				t.Helper()
				if got.Reason != reason || reason == "INVALID_FIELDS" && !got.HasField(field) {
					t.Errorf("%v, want %s", got, reason)
				}
			}
			for condition, reason := range refusals {
				t.Run(condition, func(t *testing.T) {
					setText(req, "etag", condition)
					salontest.Both(t, s, func(t *testing.T, c salontest.Caller) { refused(t, c.Call(t, as, row.method, req), reason, "etag") })
					setText(req, "etag", "")
					r := salontest.RESTRequest(t, row.method, req).As(t, as).With("If-Match", condition)
					refused(t, s.HTTP(t, r).Result(t, nil), reason, "If-Match")
					setText(req, "etag", "*")
					r = salontest.RESTRequest(t, row.method, req).As(t, as).With("If-Match", condition)
					refused(t, s.HTTP(t, r).Result(t, nil), reason, "If-Match")
				})
			}
			setText(req, "etag", "")
			for _, header := range []string{"", "7", "null"} {
				r := salontest.RESTRequest(t, row.method, req).As(t, as).With("If-Match", header)
				refused(t, s.HTTP(t, r).Result(t, nil), "INVALID_FIELDS", "If-Match")
			}
			setText(req, "etag", "*")
			s.GRPC().Call(t, as, row.method, req).Want(t, codes.OK, "")
		})
	}
	if tested < 20 {
		t.Errorf("only %d methods have an etag", tested)
	}
}

// TestConditionsThatHold: lists, repeated lines, and the same condition in several places.
func TestConditionsThatHold(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	admin := s.Admin()
	service := s.NewService(t)
	path := "/v1/services/" + service.GetId()
	tag := service.GetEtag()
	update := func(condition string) *salontest.Result {
		return s.GRPC().Call(t, admin, appointmentv1.CatalogService_UpdateService_FullMethodName, &appointmentv1.UpdateServiceRequest{
			ServiceId: service.GetId(), Description: new("Text " + salontest.Unique()), Etag: condition,
		})
	}
	next := func(got *salontest.Result) {
		t.Helper()
		got.Want(t, codes.OK, "")
		tag = got.Message.(*appointmentv1.Service).GetEtag()
	}
	for _, around := range []string{"%", `"%"`, `"x", "%"`, `W/"%", "%",`, `, "%"`, "*"} {
		next(update(strings.ReplaceAll(around, "%", tag)))
	}
	patch := func(lines []string, etag string) *salontest.Result {
		body := `{"description":"Text ` + salontest.Unique() + `","etag":` + quoted(etag) + `}`
		r := salontest.NewRequest(http.MethodPatch, path, body).As(t, admin)
		r.Header["If-Match"] = lines
		return s.HTTP(t, r).Result(t, &appointmentv1.Service{})
	}
	next(patch([]string{`"x"`, `"` + tag + `"`}, ""))
	next(patch([]string{`"x", "` + tag + `"`}, tag))
	next(patch([]string{"*"}, tag))
	next(patch([]string{`"` + tag + `"`}, "*"))
	patch([]string{`"` + tag + `"`}, "99").Want(t, codes.Aborted, "ETAG_MISMATCH")
	patch([]string{`"99"`}, tag).Want(t, codes.Aborted, "ETAG_MISMATCH")
	patch([]string{"*"}, "99").Want(t, codes.Aborted, "ETAG_MISMATCH")

	// A DELETE may have its etag in the header, the query or the body; all of them must match.
	remove := func(query, body, header string) *salontest.Response {
		r := salontest.NewRequest(http.MethodDelete, path+query, body).As(t, admin)
		if header != "" {
			r.With("If-Match", header)
		}
		return s.HTTP(t, r)
	}
	good := `"` + tag + `"`
	for _, c := range [][3]string{
		{"?etag=99", "", ""},
		{"", `{"etag":"99"}`, ""},
		{"", `{"etag":"\"\""}`, ""},
		{"?etag=" + tag, `{"etag":"99"}`, good},
		{"?etag=99", `{"etag":"` + tag + `"}`, good},
		{"?etag=" + tag, `{"etag":"` + tag + `"}`, `"99"`},
	} {
		remove(c[0], c[1], c[2]).Result(t, nil).Want(t, codes.Aborted, "ETAG_MISMATCH")
	}
	remove("", `{"serviceId":"`+service.GetId()+`"}`, "").Result(t, nil).Want(t, codes.InvalidArgument, "INVALID_FIELDS")
	remove("", `{"force":true}`, "").Result(t, nil).Want(t, codes.InvalidArgument, "MALFORMED_REQUEST")
	if got := remove("?etag="+tag, `{"etag":"`+tag+`"}`, good); got.StatusCode != http.StatusNoContent {
		t.Errorf("a DELETE with the right etag three times: %s %s", got.Status, got.Bytes)
	}
}

func quoted(text string) string { return `"` + text + `"` }

// TestConditionsElsewhere: If-Match of reads, If-None-Match of changes, and both where there is no etag.
func TestConditionsElsewhere(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	cast := people(t)
	for _, path := range []string{"/v1/masters/" + s.NewMaster(t, "Read").ID, "/v1/me"} {
		read := func(header, value string) *salontest.Response {
			return s.HTTP(t, get(path).As(t, cast.CustomerA).With(header, value))
		}
		tag := read("Accept", "*/*").Header.Get("ETag")
		for value, status := range map[string]int{
			tag: http.StatusOK, "*": http.StatusOK, `"x", ` + tag: http.StatusOK, "W/" + tag: http.StatusPreconditionFailed,
			`"x"`: http.StatusPreconditionFailed, `""`: http.StatusPreconditionFailed, "7": http.StatusBadRequest,
		} {
			if got := read("If-Match", value); got.StatusCode != status {
				t.Errorf("GET %s with If-Match %s: %s, want %d", path, value, got.Status, status)
			}
		}
		for value, status := range map[string]int{
			`"*"`: http.StatusOK, "7": http.StatusOK, `"x,` + tag[1:]: http.StatusOK, `"x", W/` + tag: http.StatusNotModified,
		} {
			if got := read("If-None-Match", value); got.StatusCode != status {
				t.Errorf("GET %s with If-None-Match %s: %s, want %d", path, value, got.Status, status)
			}
		}
		r := get(path).As(t, cast.CustomerA)
		r.Header["If-None-Match"] = []string{`"x"`, tag}
		if got := s.HTTP(t, r); got.StatusCode != http.StatusNotModified {
			t.Errorf("GET %s with two lines of If-None-Match: %s", path, got.Status)
		}
	}
	// PUT makes an offering only where there is none.
	service := s.NewService(t)
	put := func(value string) *salontest.Result {
		r := salontest.NewRequest(http.MethodPut, "/v1/masters/"+cast.Master1.ID+"/offerings/"+service.GetId(), "{}")
		return s.HTTP(t, r.As(t, cast.Admin).With("If-None-Match", value)).Result(t, &appointmentv1.Offering{})
	}
	put(`"1"`).Want(t, codes.InvalidArgument, "INVALID_FIELDS")
	put("*").Want(t, codes.OK, "")
	put("*").Want(t, codes.Aborted, "ETAG_MISMATCH")
	s.GRPC().Call(t, cast.Admin, appointmentv1.CatalogService_PutOffering_FullMethodName, &appointmentv1.PutOfferingRequest{
		MasterId: cast.Master1.ID, ServiceId: service.GetId(), Etag: "0",
	}).Want(t, codes.Aborted, "ETAG_MISMATCH")
	for _, header := range []string{"If-Match", "If-None-Match"} {
		r := salontest.NewRequest(http.MethodPost, "/v1/services", `{}`).As(t, cast.Admin).With(header, `"1"`)
		if got := s.HTTP(t, r).Result(t, nil); got.Reason != "INVALID_FIELDS" || !got.HasField(header) {
			t.Errorf("a create with %s: %v", header, got)
		}
	}
}
