package people

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/memory"
)

const (
	// memorySize bounds the accounts whose customers are in memory.
	memorySize = 10_000
	// memoryTTL is how long a name stays in the memory of a process after another one has changed it.
	memoryTTL = time.Minute
)

// customerMemory keeps the customers of accounts, so that a booking reads nothing. What is in it may be out of
// date; the statement that books checks the customer and the account. It is safe for concurrent use.
type customerMemory struct {
	byAccount *memory.Cache[[]remembered]
}

// remembered is a customer in memory.
type remembered struct {
	customer Customer
	expires  time.Time
}

func newCustomerMemory() *customerMemory {
	return &customerMemory{memory.New[[]remembered](memorySize)}
}

// get returns the account's customer of a salon.
func (m *customerMemory) get(salonID, accountID string) (Customer, bool) {
	list, _ := m.byAccount.Get(accountID)
	now := time.Now()
	for _, r := range list {
		if r.customer.SalonID == salonID && now.Before(r.expires) {
			return r.customer, true
		}
	}
	return Customer{}, false
}

// put keeps the customer of an account.
func (m *customerMemory) put(c Customer) {
	now := time.Now()
	m.byAccount.Update(c.AccountID, func(old []remembered, _ bool) ([]remembered, bool) {
		// A copy, because others may be reading the old list.
		list := slices.DeleteFunc(slices.Clone(old), func(r remembered) bool {
			return r.customer.SalonID == c.SalonID || now.After(r.expires)
		})
		return append(list, remembered{customer: c, expires: now.Add(memoryTTL)}), true
	})
}

// forget drops the account's customers of all salons.
func (m *customerMemory) forget(accountID string) { m.byAccount.Delete(accountID) }
