package user

import (
	"strings"
	"testing"
	"time"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

func TestListAndRevokeSessions(t *testing.T) {
	h := newHarness(t)
	var pairs []*userv1.TokenPair
	h.register("anna")
	for range 3 {
		pairs = append(pairs, h.login("anna"))
		h.Clock.Advance(time.Minute)
	}
	stranger := h.signUp("bob")
	var ids []string
	req := &userv1.ListSessionsRequest{PageSize: 2}
	for page := 0; ; page++ {
		resp, err := h.auth.ListSessions(h.with(pairs[0]), req)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range resp.GetSessions() {
			ids = append(ids, s.GetId())
			if s.GetCurrent() != (len(ids) == 3) {
				t.Errorf("session %d is the current one: %v", len(ids), s.GetCurrent())
			}
		}
		if req.PageToken = resp.GetNextPageToken(); req.GetPageToken() == "" {
			break
		}
	}
	if len(ids) != 3 {
		t.Fatalf("%d sessions, want 3", len(ids))
	}
	revoke := func(as *userv1.TokenPair, id string) error {
		_, err := h.auth.RevokeSession(h.with(as), &userv1.RevokeSessionRequest{SessionId: id})
		return err
	}
	wantErrorLike(t, revoke(stranger, ids[0]), errNoSession)
	h.wantSignedIn(pairs[2], true)
	if err := revoke(pairs[0], strings.ToUpper(ids[0])); err != nil {
		t.Fatal(err)
	}
	h.wantSignedIn(pairs[2], false)
	h.wantSignedIn(pairs[1], true)
	wantErrorLike(t, revoke(pairs[0], ids[0]), errNoSession)
}
