package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	"github.com/beauty-salon/platform/e2e/salontest"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestBoundsOfURLs: what one URL may cost, and how much of it comes back.
func TestBoundsOfURLs(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	parameters := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "&x%d=", i)
		}
		return b.String()[1:]
	}
	for name, c := range map[string]struct {
		path   string
		status int
		detail string
		fields int
	}{
		"7,000 parameters": {"/v1/masters?" + strings.Repeat("a&", 7000), http.StatusBadRequest, "the URL is longer than 8000 bytes", 0},
		"a long value":     {"/v1/masters?query=" + strings.Repeat("a", 8000), http.StatusBadRequest, "8000", 0},
		"a long path":      {"/v1/masters/" + strings.Repeat("a", 8000), http.StatusBadRequest, "8000", 0},
		"101 parameters":   {"/v1/masters?" + parameters(101), http.StatusBadRequest, "the query has more than 100 parameters", 0},
		"100 parameters":   {"/v1/masters?" + parameters(100), http.StatusBadRequest, "; 84 more fields are not named", 16},
		"17 parameters":    {"/v1/masters?" + parameters(17), http.StatusBadRequest, "; 1 more field is not named", 16},
		"16 parameters":    {"/v1/masters?" + parameters(16), http.StatusBadRequest, "unknown query parameter", 16},
		"a semicolon":      {"/v1/masters?query=a;b=c", http.StatusBadRequest, "the query is malformed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.HTTP(t, get(c.path))
			result := got.Result(t, nil)
			if got.StatusCode != c.status || !strings.Contains(result.Detail, c.detail) || len(result.Fields) != c.fields || len(got.Bytes) > 4096 {
				t.Errorf("%s, %d bytes: %v", got.Status, len(got.Bytes), result)
			}
		})
	}
}

// TestBoundsOfErrors: an error names at most 16 fields, and says how many more there are.
func TestBoundsOfErrors(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	req := &userv1.CreateMasterRequest{UserId: s.Admin().ID, DisplayName: "A", Specialties: make([]string, 20)}
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		got := c.Call(t, s.Admin(), userv1.MasterService_CreateMaster_FullMethodName, req)
		got.Want(t, codes.InvalidArgument, "INVALID_FIELDS")
		if len(got.Fields) != 16 || !strings.HasSuffix(got.Detail, " more fields are not named") {
			t.Errorf("%v", got)
		}
		// Of a list that is too long, the items are not checked.
		long := &userv1.CreateMasterRequest{UserId: s.Admin().ID, DisplayName: "A", Specialties: make([]string, 100_000)}
		got = c.Call(t, s.Admin(), userv1.MasterService_CreateMaster_FullMethodName, long)
		if got.Reason != "INVALID_FIELDS" || len(got.Fields) != 1 || got.Fields[0] != "specialties" {
			t.Errorf("a long list: %v", got)
		}
	})
}

// TestBearerSpaces: one or more spaces follow the scheme (RFC 9110, section 11.4).
func TestBearerSpaces(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	token := people(t).CustomerA.Pair(t).GetAccessToken()
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		// The callers write "Bearer " before the token.
		c.Call(t, salontest.Token("  "+token), userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).Want(t, codes.OK, "")
		c.Call(t, salontest.Token(token+" x"), userv1.UserService_GetMe_FullMethodName, &userv1.GetMeRequest{}).
			Want(t, codes.Unauthenticated, "UNAUTHENTICATED")
	})
}

// TestRequestIDOverGRPC: the client's id comes back in the header and in errors.
func TestRequestIDOverGRPC(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	for method, code := range map[string]codes.Code{
		userv1.MasterService_ListMasters_FullMethodName: codes.OK, userv1.UserService_GetMe_FullMethodName: codes.Unauthenticated,
		userv1.MasterService_GetMaster_FullMethodName: codes.InvalidArgument, "/salon.user.v1.UserService/Nothing": codes.Unimplemented,
	} {
		for sent, kept := range map[string]bool{"my-id": true, "two words": false} {
			var header metadata.MD
			ctx := metadata.AppendToOutgoingContext(t.Context(), "x-request-id", sent)
			err := s.Conn().Invoke(ctx, method, &userv1.GetMeRequest{}, &userv1.ListMastersResponse{}, grpc.Header(&header))
			got := salontest.GRPCResult(t, err)
			id := header.Get("x-request-id")
			if got.Code != code || len(id) != 1 || (id[0] == sent) != kept || err != nil && got.RequestID != id[0] {
				t.Errorf("%s: %v with the id %v, and %q in the error", method, got, id, got.RequestID)
			}
		}
	}
}
