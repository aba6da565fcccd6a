package user

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

func TestCreateMaster(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira := h.signUp("mira")
	userID := mira.GetUser().GetId()
	req := &userv1.CreateMasterRequest{
		UserId: userID, DisplayName: "Mira Sol", Bio: "Colour and care.\nSince 2012.", Specialties: []string{"balayage", "cut"},
		ExperienceYears: 12, PhotoUrl: "https://cdn.example.com/mira.jpg", RequestId: h.NewID(),
	}
	_, err := h.masters.CreateMaster(h.with(mira), req)
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED")
	_, err = h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID})
	wantErrorLike(t, err, errNoMaster)

	m, err := h.masters.CreateMaster(h.with(admin), req)
	if err != nil {
		t.Fatal(err)
	}
	now := h.Clock.Now()
	want := &userv1.Master{
		Id: userID, SalonId: id.FirstSalon, DisplayName: req.GetDisplayName(), Bio: req.GetBio(), Specialties: req.GetSpecialties(),
		ExperienceYears: 12, PhotoUrl: req.GetPhotoUrl(), Etag: "1-0", CreateTime: m.GetCreateTime(), UpdateTime: m.GetUpdateTime(),
	}
	if !proto.Equal(m, want) || !m.GetCreateTime().AsTime().Equal(now) || !m.GetUpdateTime().AsTime().Equal(now) {
		t.Errorf("created %v, want %v", m, want)
	}
	if got, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID}); err != nil || !proto.Equal(got, m) {
		t.Errorf("read %v, %v; want %v", got, err, m)
	}
	if again, err := h.masters.CreateMaster(h.with(admin), req); err != nil || !proto.Equal(again, m) {
		t.Errorf("the same request again: %v, %v", again, err)
	}
	// The role takes effect at once.
	if _, err := h.masters.UpdateMaster(h.with(mira), &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("")}); err != nil {
		t.Errorf("the new master writes: %v", err)
	}

	for _, tc := range []struct {
		name   string
		change func(*userv1.CreateMasterRequest)
		code   codes.Code
		reason string
	}{
		{"a second profile", func(*userv1.CreateMasterRequest) {}, codes.AlreadyExists, "MASTER_EXISTS"},
		{"no account", func(r *userv1.CreateMasterRequest) { r.UserId = h.NewID() }, codes.NotFound, "NOT_FOUND"},
		{"no salon", func(r *userv1.CreateMasterRequest) { r.SalonId = new(h.NewID()) }, codes.InvalidArgument, "INVALID_FIELDS"},
		{"specialties in other case", func(r *userv1.CreateMasterRequest) { r.Specialties = []string{"Cut", "cut"} }, codes.InvalidArgument, "INVALID_FIELDS"},
		{"photo without TLS", func(r *userv1.CreateMasterRequest) { r.PhotoUrl = "http://cdn.example.com/a.jpg" }, codes.InvalidArgument, "INVALID_FIELDS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			req := proto.CloneOf(req)
			req.RequestId = ""
			tc.change(req)
			_, err := h.masters.CreateMaster(h.with(admin), req)
			wantError(t, err, tc.code, tc.reason)
		})
	}
}

func TestUpdateMaster(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira, other := h.master(admin, "mira"), h.master(admin, "other")
	userID := mira.GetUser().GetId()
	get := func() *userv1.Master {
		t.Helper()
		m, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := get()
	h.Clock.Advance(time.Minute)
	m, err := h.masters.UpdateMaster(h.with(mira), &userv1.UpdateMasterRequest{
		MasterId: userID, Bio: new("New."), Specialties: []string{"cut"}, ExperienceYears: new(int32(3)), Etag: before.GetEtag(),
	})
	if err != nil || m.GetBio() != "New." || m.GetDisplayName() != "mira" || m.GetExperienceYears() != 3 || m.GetEtag() != "2-0" {
		t.Fatalf("updated %v, %v", m, err)
	}
	if got := get(); !proto.Equal(got, m) {
		t.Errorf("read %v, want %v: the cache is stale", got, m)
	}
	m, err = h.masters.UpdateMaster(h.with(admin), &userv1.UpdateMasterRequest{
		MasterId: userID, ExperienceYears: new(int32(0)),
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"specialties", "experience_years", "photo_url"}},
	})
	if err != nil || len(m.GetSpecialties()) != 0 || m.GetExperienceYears() != 0 || m.GetBio() != "New." || m.GetEtag() != "3-0" {
		t.Errorf("cleared by an administrator: %v, %v", m, err)
	}
	same, err := h.masters.UpdateMaster(h.with(mira), &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("New.")})
	if err != nil || !proto.Equal(same, m) {
		t.Errorf("what it is already: %v, %v; want %v", same, err, m)
	}
	for _, tc := range []struct {
		name   string
		as     *userv1.TokenPair
		req    *userv1.UpdateMasterRequest
		code   codes.Code
		reason string
	}{
		{"somebody else's", other, &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("!")}, codes.PermissionDenied, "PERMISSION_DENIED"},
		{"nobody's", admin, &userv1.UpdateMasterRequest{MasterId: h.NewID(), Bio: new("!")}, codes.NotFound, "NOT_FOUND"},
		{"a customer", h.signUp("anna"), &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("!")}, codes.PermissionDenied, "PERMISSION_DENIED"},
		{"nobody signed in", nil, &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("!")}, codes.Unauthenticated, "UNAUTHENTICATED"},
		{"an old etag", mira, &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("!"), Etag: before.GetEtag()}, codes.Aborted, "ETAG_MISMATCH"},
		{"no years", mira, &userv1.UpdateMasterRequest{MasterId: userID, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"experience_years"}}}, codes.InvalidArgument, "INVALID_FIELDS"},
		{"no name", mira, &userv1.UpdateMasterRequest{MasterId: userID, DisplayName: new(" ")}, codes.InvalidArgument, "INVALID_FIELDS"},
		{"its ratings", mira, &userv1.UpdateMasterRequest{MasterId: userID, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"rating_mean"}}}, codes.InvalidArgument, "INVALID_FIELDS"},
		{"its id", mira, &userv1.UpdateMasterRequest{MasterId: userID, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"master_id"}}}, codes.InvalidArgument, "INVALID_FIELDS"},
		{"specialties in other case", mira, &userv1.UpdateMasterRequest{MasterId: userID, Specialties: []string{"Cut", "cut"}}, codes.InvalidArgument, "INVALID_FIELDS"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx := h.from(testIP)
			if tc.as != nil {
				ctx = h.with(tc.as)
			}
			_, err := h.masters.UpdateMaster(ctx, tc.req)
			wantError(t, err, tc.code, tc.reason)
		})
	}
	if got := get(); !proto.Equal(got, m) {
		t.Errorf("read %v, want %v: a refused update changed something", got, m)
	}
}

func TestDeleteMaster(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	mira := h.master(admin, "mira")
	userID := mira.GetUser().GetId()
	get := func() error {
		_, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID})
		return err
	}
	remove := func(etag string) error {
		_, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: userID, Etag: etag})
		return err
	}
	if err := get(); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove("7"), codes.Aborted, "ETAG_MISMATCH")
	if err := remove("1-0"); err != nil {
		t.Fatal(err)
	}
	wantErrorLike(t, get(), errNoMaster)
	wantErrorLike(t, remove(""), errNoMaster)
	if me, err := h.users.GetMe(h.with(mira), &userv1.GetMeRequest{}); err != nil || me.GetRole() != apiv1.Role_ROLE_CUSTOMER || len(me.GetMemberships()) != 0 {
		t.Errorf("the account stays, as a customer's: %v, %v", me, err)
	}
	_, err := h.masters.UpdateMaster(h.with(mira), &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("!")})
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED")
	looked, err := h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: userID})
	if err != nil || !looked.GetDeleted() || looked.GetVersion() != 2 || looked.GetSalonId() != id.FirstSalon || looked.GetDisplayName() != "mira" {
		t.Errorf("other services see %v, %v", looked, err)
	}
	if m, err := h.masters.CreateMaster(h.with(admin), &userv1.CreateMasterRequest{UserId: userID, DisplayName: "Back"}); err != nil || m.GetEtag() != "3-0" {
		t.Errorf("revived: %v, %v", m, err)
	}
	if err := get(); err != nil {
		t.Errorf("after the revival: %v", err)
	}
}

// A master who cannot sign in cannot be booked.
func TestDisabledMasterIsHidden(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	userID := h.master(admin, "mira").GetUser().GetId()
	wantSeen := func(seen bool, version int64) {
		t.Helper()
		_, err := h.masters.GetMaster(h.from(testIP), &userv1.GetMasterRequest{MasterId: userID})
		if seen != (err == nil) || err != nil && apierr.ReasonOf(err) != errNoMaster.ReasonName() {
			t.Errorf("GetMaster: %v, want one: %v", err, seen)
		}
		list, err := h.masters.ListMasters(h.from(testIP), &userv1.ListMastersRequest{})
		if err != nil || seen != (len(list.GetMasters()) == 1) {
			t.Errorf("ListMasters: %v, %v, want one: %v", list, err, seen)
		}
		looked, err := h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: userID})
		if err != nil || looked.GetDisabled() == seen || looked.GetDeleted() || looked.GetVersion() != version {
			t.Errorf("other services see %v, %v", looked, err)
		}
	}
	wantSeen(true, 1)
	for range 2 { // the second time changes nothing
		if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: userID}); err != nil {
			t.Fatal(err)
		}
		wantSeen(false, 2)
	}
	if m, err := h.masters.UpdateMaster(h.with(admin), &userv1.UpdateMasterRequest{MasterId: userID, Bio: new("Back soon")}); err != nil || m.GetEtag() != "3-0" {
		t.Errorf("the profile can be edited meanwhile: %v, %v", m, err)
	}
	if _, err := h.users.EnableUser(h.with(admin), &userv1.EnableUserRequest{UserId: userID}); err != nil {
		t.Fatal(err)
	}
	wantSeen(true, 4)

	// Deleted while disabled, then enabled and made again.
	if _, err := h.users.DisableUser(h.with(admin), &userv1.DisableUserRequest{UserId: userID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.masters.DeleteMaster(h.with(admin), &userv1.DeleteMasterRequest{MasterId: userID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.users.EnableUser(h.with(admin), &userv1.EnableUserRequest{UserId: userID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.masters.CreateMaster(h.with(admin), &userv1.CreateMasterRequest{UserId: userID, DisplayName: "Mira"}); err != nil {
		t.Fatal(err)
	}
	wantSeen(true, 7)
}

func TestListMastersPages(t *testing.T) {
	h := newHarness(t)
	admin := h.admin("admin")
	for _, name := range []string{"anna", "bea", "cleo"} {
		h.master(admin, name)
	}
	list := func(req *userv1.ListMastersRequest) (names []string, next string, err error) {
		resp, err := h.masters.ListMasters(h.from(testIP), req)
		for _, m := range resp.GetMasters() {
			names = append(names, m.GetDisplayName())
		}
		return names, resp.GetNextPageToken(), err
	}
	names, next, err := list(&userv1.ListMastersRequest{PageSize: 2, OrderBy: "display_name desc"})
	if err != nil || !slices.Equal(names, []string{"cleo", "bea"}) {
		t.Fatalf("first page %v, %v", names, err)
	}
	_, _, err = list(&userv1.ListMastersRequest{PageSize: 2, PageToken: next})
	wantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN")
	names, next, err = list(&userv1.ListMastersRequest{PageSize: 2, OrderBy: "display_name desc", PageToken: next})
	if err != nil || !slices.Equal(names, []string{"anna"}) || next != "" {
		t.Errorf("last page %v, %q, %v", names, next, err)
	}
	_, _, err = list(&userv1.ListMastersRequest{OrderBy: "id;select"})
	wantField(t, err, "order_by")
	_, _, err = list(&userv1.ListMastersRequest{MinRating: 6})
	wantField(t, err, "min_rating")
}
