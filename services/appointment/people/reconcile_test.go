package people

import (
	"fmt"
	"strings"
	"testing"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/id"
)

func TestReconcile(t *testing.T) {
	f := newFixture(t)
	o := f.serve(&owner{
		users: map[string]*userv1.LookupUserResponse{}, masters: map[string]*userv1.LookupMasterResponse{}, broken: map[string]bool{},
	})
	const rows = 40
	for i := range rows {
		user := id.New()
		if err := f.people.store.PutMaster(t.Context(), Master{ID: user, SalonID: id.FirstSalon}); err != nil {
			t.Fatal(err)
		}
		if err := f.people.store.PutAccount(t.Context(), Account{ID: user}); err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0: // the owner does not know them
		case 1:
			o.broken[user] = true
		default:
			o.masters[user] = &userv1.LookupMasterResponse{MasterId: user, SalonId: f.other, DisplayName: fmt.Sprint("Master ", i), Version: 3}
			o.users[user] = &userv1.LookupUserResponse{UserId: user, DisplayName: fmt.Sprint("Account ", i), Version: 5}
		}
	}
	err := f.people.Reconcile(t.Context())
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("and %d more", 2*rows/4-reconcileErrors)) {
		t.Errorf("failures: %v", err)
	}
	for _, tt := range []struct {
		from string
		want int
	}{
		{"masters WHERE version = 3 AND salon_id <> '" + id.FirstSalon + "' AND display_name LIKE 'Master %'", rows / 2},
		{"accounts WHERE version = 5 AND display_name LIKE 'Account %'", rows / 2},
		{"masters WHERE deleted AND version = 1", rows / 4},
		{"accounts WHERE disabled AND version > 5", rows / 4},
		{"masters WHERE version = 0", rows / 4},
		{"accounts WHERE version = 0", rows / 4},
	} {
		if n := f.count(tt.from); n != tt.want {
			t.Errorf("%s: %d, want %d", tt.from, n, tt.want)
		}
	}
	o.broken = nil
	o.calls.Store(0)
	if err := f.people.Reconcile(t.Context()); err != nil {
		t.Error(err)
	}
	if calls := o.calls.Load(); calls != 2*rows/4 {
		t.Errorf("%d calls for what failed before", calls)
	}
	if n := f.count("masters WHERE version = 0") + f.count("accounts WHERE version = 0"); n != 0 {
		t.Errorf("%d are still not read", n)
	}
}

// What has changed without an event is found, in more than one page, and nothing else is read.
func TestCatchUp(t *testing.T) {
	f := newFixture(t)
	o := f.serve(&owner{users: map[string]*userv1.LookupUserResponse{}, masters: map[string]*userv1.LookupMasterResponse{}})
	const rows = reconcilePage + 3
	f.exec(`INSERT INTO masters (id, salon_id, display_name, deleted, disabled, version)
		SELECT gen_random_uuid(), ?, 'Mira', false, false, 2 FROM generate_series(1, ?)`, f.other, rows)
	f.exec("INSERT INTO accounts (id, display_name, phone, email, search_text, disabled, version) SELECT id, 'Ann', '', '', 'ann', false, 2 FROM masters")
	var ids []string
	if err := f.db.Conn(t.Context()).Raw("SELECT id FROM masters ORDER BY id").Scan(&ids).Error; err != nil {
		t.Fatal(err)
	}
	for _, known := range ids {
		o.masters[known] = &userv1.LookupMasterResponse{MasterId: known, SalonId: f.other, DisplayName: "Mira", Version: 2}
		o.users[known] = &userv1.LookupUserResponse{UserId: known, DisplayName: "Ann", Version: 2}
	}
	changed := map[string]int64{ids[0]: 3, ids[1]: 1, ids[rows-1]: 3} // the owner has gone back to the 1
	for known, version := range changed {
		o.masters[known].Disabled, o.masters[known].Version = true, version
		o.users[known].Disabled, o.users[known].Version = true, version
	}
	// Four pages, and six rows the first time. Who has gone back is asked for twice.
	for _, calls := range []int32{4 + 6 + 2, 4} {
		o.calls.Store(0)
		if err := f.people.CatchUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := o.calls.Load(); got != calls {
			t.Errorf("%d calls of the owner, want %d", got, calls)
		}
		if n := f.count("masters m JOIN accounts a USING (id, version) WHERE m.disabled AND a.disabled AND version <> 2"); n != len(changed) {
			t.Errorf("%d are disabled, want %d", n, len(changed))
		}
	}
}

func TestCatchUpWithoutOwner(t *testing.T) {
	f := newFixture(t)
	if err := f.people.store.PutMaster(t.Context(), Master{ID: id.New(), SalonID: f.other}); err != nil {
		t.Fatal(err)
	}
	if err := f.people.CatchUp(t.Context()); err == nil {
		t.Error("no error")
	}
}
