package people

import (
	"math"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/fold"
)

// goneVersion is the version of an account that does not exist any more. No state that was read before
// is newer, so the personal data cannot come back. Ids of accounts are never used again.
const goneVersion = math.MaxInt64

// Account is what this service knows of somebody who signs in.
type Account struct {
	// ID is the account's id, a UUID.
	ID string
	// DisplayName, Phone (E.164) and Email are the account's own. All are empty once the account is gone.
	DisplayName, Phone, Email string
	// Disabled reports whether the account is disabled or gone.
	Disabled bool
	// Version is the version that the owner gave this state; 0 means that the account has not been read
	// from the owner yet.
	Version int64
}

// gone returns what is left of an account that does not exist any more.
func gone(id string) Account { return Account{ID: id, Disabled: true, Version: goneVersion} }

// accountAs returns the account as the owner describes it. nil means that there is none.
func accountAs(id string, found *userv1.LookupUserResponse) Account {
	if found == nil {
		return gone(id)
	}
	return Account{
		ID: id, DisplayName: found.GetDisplayName(), Phone: found.GetPhone(), Email: found.GetEmail(),
		Disabled: found.GetDisabled(), Version: found.GetVersion(),
	}
}

// searchText is what a search looks at.
func (a Account) searchText() string {
	return fold.Text(a.DisplayName + "\n" + a.Phone + "\n" + a.Email)
}
