package people

import (
	"cmp"
	"time"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
)

// Customer is somebody whom a salon serves.
type Customer struct {
	// ID is a UUIDv7, SalonID the salon whose row this is.
	ID, SalonID string
	// AccountID is the customer's account, or empty.
	AccountID string
	// DisplayName, Phone (E.164) and Email are what staff have written down. Where one is empty, the
	// account's is shown.
	DisplayName, Phone, Email string
	// Notes are for staff only.
	Notes string
	// Version counts the changes of the row, from 1.
	Version int64
	// CreateTime and UpdateTime are when the customer was created and last changed.
	CreateTime, UpdateTime time.Time
	// Account is what is known of the account; zero without one.
	Account Account
}

// ShownName returns the name that staff have written down, else the account's.
func (c Customer) ShownName() string { return cmp.Or(c.DisplayName, c.Account.DisplayName) }

// ShownPhone returns the number that staff have written down, else the account's.
func (c Customer) ShownPhone() string { return cmp.Or(c.Phone, c.Account.Phone) }

// ShownEmail returns the address that staff have written down, else the account's.
func (c Customer) ShownEmail() string { return cmp.Or(c.Email, c.Account.Email) }

// check returns INVALID_FIELDS for a customer without any name.
func (c Customer) check() error {
	if c.DisplayName == "" && c.AccountID == "" {
		return apierr.InvalidField("display_name", "must not be empty for a customer without an account")
	}
	return nil
}

// NewGuest returns a customer of a salon, without account, who is not saved yet.
func NewGuest(salonID, displayName, phone string) Customer {
	return Customer{ID: id.New(), SalonID: salonID, DisplayName: displayName, Phone: phone, Version: 1}
}

// SearchText is what a search for customers looks at.
func (c Customer) SearchText() string { return c.searchText() }

// searchText is what a search looks at, besides the account's.
func (c Customer) searchText() string {
	return fold.Text(c.DisplayName + "\n" + c.Phone + "\n" + c.Email)
}
