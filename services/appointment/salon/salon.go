package salon

import (
	"fmt"
	"time"

	"golang.org/x/text/currency"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// Salon is a place where services are performed.
type Salon struct {
	// ID is a UUIDv7.
	ID string
	// Name is what customers see. Slug is unique among salons that are not deleted.
	Name, Slug string
	// Description, Address, Phone (E.164), Email and WebsiteURL may be empty.
	Description, Address, Phone, Email, WebsiteURL string
	// TimeZone is an IANA name.
	TimeZone string
	// Currency is the ISO 4217 code of all prices of the salon.
	Currency string
	// IsDefault reports whether creating calls without a salon use this one.
	IsDefault bool
	// Version counts the changes, from 1, including the deletion.
	Version int64
	// CreateTime and UpdateTime are when the salon was created and last changed.
	CreateTime, UpdateTime time.Time
}

// check returns INVALID_FIELDS for a time zone that may not be chosen and for a currency that does not exist. A salon
// before keeps its time zone, also when that may not be chosen any more.
func (s Salon) check(before *Salon) error {
	if before == nil || s.TimeZone != before.TimeZone {
		if err := zoneinfo.Check(s.TimeZone); err != nil {
			return apierr.InvalidField("time_zone", err.Error())
		}
	}
	return CheckCurrency("currency_code", s.Currency)
}

// CheckPriceCurrency returns INVALID_FIELDS of field unless code is the salon's currency.
func (s Salon) CheckPriceCurrency(field, code string) error {
	if err := CheckCurrency(field, code); err != nil {
		return err
	}
	if code != s.Currency {
		return apierr.InvalidField(field, fmt.Sprintf("must be the salon's currency, %s", s.Currency))
	}
	return nil
}

// searchText is what a search looks at.
func (s Salon) searchText() string { return fold.Text(s.Name + "\n" + s.Slug + "\n" + s.Address) }

// CheckCurrency returns INVALID_FIELDS of field unless code is a currency that prices can be in:
// one of ISO 4217, except its codes for tests and for no currency.
func CheckCurrency(field, code string) error {
	unit, err := currency.ParseISO(code)
	if err != nil || unit == currency.XXX || unit == currency.XTS {
		return apierr.InvalidField(field, "must be an ISO 4217 currency code")
	}
	return nil
}
