package user

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/id"
)

// fakeKeeper is another service that keeps something of people.
type fakeKeeper struct {
	appointmentv1.UnimplementedPersonalDataServiceServer

	mu     sync.Mutex
	down   bool
	erased []string
	// onErase, unless nil, is called before an account is erased.
	onErase func()
	records []*apiv1.PersonalRecord
}

func (k *fakeKeeper) setDown(down bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.down = down
}

func (k *fakeKeeper) calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.erased)
}

func (k *fakeKeeper) EraseAccount(_ context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.down {
		return nil, apierr.New(codes.Unavailable, apiv1.ErrorReason_ERROR_REASON_UNAVAILABLE, "away")
	}
	if k.onErase != nil {
		k.onErase()
	}
	k.erased = append(k.erased, req.GetAccountId())
	return &apiv1.EraseAccountResponse{Removed: []*apiv1.RemovedCount{{Kind: "things", Count: 3}}}, nil
}

func (k *fakeKeeper) ExportAccount(_ context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	from := min(int(req.GetOffset()), len(k.records))
	return &apiv1.ExportAccountResponse{Records: k.records[from:min(from+int(req.GetLimit()), len(k.records))]}, nil
}

// serveKeepers serves all keepers besides the appointment service, whose keeper is part of the harness.
func (h *harness) serveKeepers() (rating, notification *fakeKeeper) {
	h.t.Helper()
	rating, notification = &fakeKeeper{}, &fakeKeeper{}
	h.Serve("rating", func(r grpc.ServiceRegistrar) { ratingv1.RegisterPersonalDataServiceServer(r, ratingKeeper{k: rating}) })
	h.Serve("notification", func(r grpc.ServiceRegistrar) {
		notificationv1.RegisterPersonalDataServiceServer(r, notificationKeeper{k: notification})
	})
	return rating, notification
}

type ratingKeeper struct {
	ratingv1.UnimplementedPersonalDataServiceServer
	k *fakeKeeper
}

func (r ratingKeeper) EraseAccount(ctx context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	return r.k.EraseAccount(ctx, req)
}

func (r ratingKeeper) ExportAccount(ctx context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	return r.k.ExportAccount(ctx, req)
}

type notificationKeeper struct {
	notificationv1.UnimplementedPersonalDataServiceServer
	k *fakeKeeper
}

func (n notificationKeeper) EraseAccount(ctx context.Context, req *apiv1.EraseAccountRequest) (*apiv1.EraseAccountResponse, error) {
	return n.k.EraseAccount(ctx, req)
}

func (n notificationKeeper) ExportAccount(ctx context.Context, req *apiv1.ExportAccountRequest) (*apiv1.ExportAccountResponse, error) {
	return n.k.ExportAccount(ctx, req)
}

func (h *harness) eraseMe(as *userv1.TokenPair, password string) (*userv1.Erasure, error) {
	return h.users.EraseMe(h.with(as), &userv1.EraseMeRequest{CurrentPassword: password})
}

// pending returns the services of a receipt that are not done.
func pending(e *userv1.Erasure) []string {
	names := []string{}
	for _, s := range e.GetServices() {
		if s.GetState() == userv1.ErasureState_ERASURE_STATE_PENDING {
			names = append(names, s.GetService())
		}
	}
	return names
}

// An erased account is gone at once: sessions, address, name. The receipt names every service.
func TestEraseMe(t *testing.T) {
	h := newHarness(t)
	rating, notification := h.serveKeepers()
	ann := h.signUp("ann")
	other := h.login("ann")
	h.invite(h.admin("admin"), id.FirstSalon, "ann@example.com", roleReceptionist)
	annID := userID(ann)
	if _, err := h.eraseMe(ann, "not the password"); err != nil {
		wantErrorLike(t, err, ErrCurrentPasswordWrong)
	} else {
		t.Fatal("erased with a wrong password")
	}
	e, err := h.eraseMe(ann, testPassword)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(e.GetServices()))
	for i, s := range e.GetServices() {
		names[i] = s.GetService()
	}
	if want := []string{"appointment", "notification", "rating", "user"}; !slices.Equal(names, want) {
		t.Errorf("the receipt names %v, want %v", names, want)
	}
	if got := pending(e); len(got) != 0 || e.GetCompleteTime() == nil || e.GetAccountId() != annID {
		t.Errorf("pending %v in %v", got, e)
	}
	for name, calls := range map[string][]string{
		"appointment": h.appointments.keeper.calls(), "rating": rating.calls(), "notification": notification.calls(),
	} {
		if !slices.Equal(calls, []string{annID}) {
			t.Errorf("%s erased %v", name, calls)
		}
	}
	h.wantSignedIn(ann, false)
	h.wantSignedIn(other, false)
	_, err = h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: "ann@example.com", Password: testPassword})
	wantErrorLike(t, err, ErrBadCredentials)
	_, err = h.auth.Login(h.from(testIP), &userv1.LoginRequest{Email: annID + erasedDomain, Password: testPassword})
	if err == nil || strings.Contains(err.Error(), "INTERNAL") {
		t.Errorf("sign-in with the address of the erased account: %v", err)
	}
	_, err = h.identity.LookupUser(h.from(testIP), &userv1.LookupUserRequest{UserId: annID})
	wantErrorLike(t, err, errNoUser)
	if again := h.register("ann"); again.GetId() == annID {
		t.Error("the address got the same account")
	}
	read, err := h.users.GetErasure(h.from(testIP), &userv1.GetErasureRequest{ErasureId: e.GetId()})
	if err != nil || read.GetId() != e.GetId() || len(pending(read)) != 0 {
		t.Errorf("read %v, %v", read, err)
	}
	_, err = h.users.GetErasure(h.from(testIP), &userv1.GetErasureRequest{ErasureId: h.NewID()})
	wantErrorLike(t, err, errNoErasure)
	for _, table := range []string{"sessions", "sign_in_networks", "invitations"} {
		var n int
		mustScan(t, h, &n, "SELECT count(*) FROM "+table+" WHERE to_jsonb("+table+")::text LIKE '%' || ? || '%' OR to_jsonb("+table+")::text LIKE '%ann@%'", annID)
		if n != 0 {
			t.Errorf("%d rows of %s are left", n, table)
		}
	}
}

func mustScan(t *testing.T, h *harness, into any, query string, args ...any) {
	t.Helper()
	if err := h.store.db.Conn(t.Context()).Raw(query, args...).Scan(into).Error; err != nil {
		t.Fatal(err)
	}
}

// Administrators do not find an erased account, and repeating the call returns the same receipt.
func TestEraseUserAgain(t *testing.T) {
	h := newHarness(t)
	rating, _ := h.serveKeepers()
	admin := h.admin("admin")
	ann := h.register("ann")
	req := &userv1.EraseUserRequest{UserId: ann.GetId(), Etag: ann.GetEtag()}
	first, err := h.users.EraseUser(h.with(admin), req)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.users.EraseUser(h.with(admin), req)
	if err != nil || again.GetId() != first.GetId() {
		t.Errorf("again %v, %v, want %v", again, err, first)
	}
	if got := rating.calls(); len(got) != 1 {
		t.Errorf("told %d times", len(got))
	}
	_, err = h.users.GetUser(h.with(admin), &userv1.GetUserRequest{UserId: ann.GetId()})
	wantErrorLike(t, err, errNoUser)
	_, err = h.users.EnableUser(h.with(admin), &userv1.EnableUserRequest{UserId: ann.GetId()})
	wantErrorLike(t, err, errNoUser)
	list, err := h.users.ListUsers(h.with(admin), &userv1.ListUsersRequest{})
	if err != nil || len(list.GetUsers()) != 1 {
		t.Errorf("lists %v, %v", list, err)
	}
	_, err = h.users.EraseUser(h.with(admin), &userv1.EraseUserRequest{UserId: h.NewID()})
	wantErrorLike(t, err, errNoUser)
	bob := h.register("bob")
	_, err = h.users.EraseUser(h.with(admin), &userv1.EraseUserRequest{UserId: bob.GetId(), Etag: "9"})
	wantError(t, err, codes.Aborted, "ETAG_MISMATCH")
}

// Whoever works in a salon leaves it first, and an administrator stays.
func TestNotErasable(t *testing.T) {
	h := newHarness(t)
	h.serveKeepers()
	admin := h.admin("admin")
	_, err := h.eraseMe(admin, testPassword)
	wantErrorLike(t, err, ErrLastAdmin)
	mira := h.master(admin, "mira")
	miraID := userID(mira)
	_, err = h.eraseMe(mira, testPassword)
	wantErrorLike(t, err, ErrStillMember)
	if _, err := h.members.RemoveMember(h.with(admin), &userv1.RemoveMemberRequest{SalonId: id.FirstSalon, UserId: miraID}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.eraseMe(mira, testPassword); err != nil {
		t.Fatal(err)
	}
	looked, err := h.identity.LookupMaster(h.from(testIP), &userv1.LookupMasterRequest{MasterId: miraID})
	if err != nil || looked.GetDisplayName() != formerMaster || !looked.GetDeleted() {
		t.Errorf("the profile is %v, %v", looked, err)
	}
	h.admin("another")
	if _, err := h.eraseMe(admin, testPassword); err != nil {
		t.Errorf("not the last administrator: %v", err)
	}
}

// Services that were away are told later, by any process, and what was done stays done.
func TestErasureContinues(t *testing.T) {
	h := newHarness(t)
	rating, notification := h.serveKeepers()
	ann := h.signUp("ann")
	h.appointments.keeper.setDown(true)
	rating.setDown(true)
	e, err := h.eraseMe(ann, testPassword)
	if err != nil {
		t.Fatal(err)
	}
	if got := pending(e); !slices.Equal(got, []string{"appointment", "rating"}) || e.GetCompleteTime() != nil {
		t.Errorf("pending %v in %v", got, e)
	}
	h.wantSignedIn(ann, false)
	h.appointments.keeper.setDown(false)
	rating.setDown(false)
	h.Clock.Advance(time.Minute)
	h.Eventually("the erasure is complete", func() bool {
		if err := h.service.continueErasures(t.Context()); err != nil {
			t.Error(err)
		}
		e, err = h.users.GetErasure(h.from(testIP), &userv1.GetErasureRequest{ErasureId: e.GetId()})
		return err == nil && e.GetCompleteTime() != nil
	})
	for _, s := range e.GetServices() {
		if s.GetService() != thisService && (len(s.GetRemoved()) != 1 || s.GetRemoved()[0].GetCount() != 3) {
			t.Errorf("the receipt of %s: %v", s.GetService(), s)
		}
	}
	if got := notification.calls(); len(got) != 1 {
		t.Errorf("told %d times", len(got))
	}
}

// A process that ends while it tells a service leaves the errand to others, after the lease.
func TestErrandsHaveALease(t *testing.T) {
	h := newHarness(t)
	ann := h.signUp("ann")
	e, err := h.store.Erase(t.Context(), userID(ann), h.service.deps.Time(), func(Account, Credential) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	take := func() int {
		taken, err := h.store.TakeErrands(t.Context(), e.ID, h.service.deps.Time(), erasureLease, erasureBatch)
		if err != nil {
			t.Fatal(err)
		}
		return len(taken)
	}
	// The worker of the harness may have taken them first.
	take()
	if got := take(); got != 0 {
		t.Errorf("took %d errands of others", got)
	}
	h.Clock.Advance(erasureLease + time.Second)
	if got := take(); got == 0 {
		t.Error("took nothing after the lease")
	}
}

// Two calls at once make one erasure.
func TestErasedOnceByTwo(t *testing.T) {
	h := newHarness(t)
	h.serveKeepers()
	ann := h.signUp("ann")
	ids := make(chan string, 2)
	for range 2 {
		go func() {
			e, err := h.eraseMe(ann, testPassword)
			if err != nil && apierr.From(err).Code() != codes.Unauthenticated {
				t.Error(err)
			}
			ids <- e.GetId()
		}()
	}
	one, two := <-ids, <-ids
	if one != "" && two != "" && one != two || one == "" && two == "" {
		t.Errorf("erasures %q and %q", one, two)
	}
	var n int
	if mustScan(t, h, &n, "SELECT count(*) FROM erasures"); n != 1 {
		t.Errorf("%d erasures", n)
	}
}
