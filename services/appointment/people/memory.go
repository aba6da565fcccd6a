package people

import (
	"slices"
	"time"

	"github.com/maypok86/otter/v2"
)

const (
	// memorySize bounds the accounts whose customers are in memory.
	memorySize = 10_000
	// memoryTTL is how long a name stays in the memory of a process after another one has changed it.
	memoryTTL = time.Minute
)

// memory keeps the customers of accounts, so that a booking reads nothing. What is in it may be out of
// date; the statement that books checks the customer and the account. It is safe for concurrent use.
type memory struct {
	byAccount *otter.Cache[string, []remembered]
}

// remembered is a customer in memory.
type remembered struct {
	customer Customer
	expires  time.Time
}

func newMemory() *memory {
	return &memory{otter.Must(&otter.Options[string, []remembered]{MaximumSize: memorySize})}
}

// get returns the account's customer of a salon.
func (m *memory) get(salonID, accountID string) (Customer, bool) {
	list, _ := m.byAccount.GetIfPresent(accountID)
	now := time.Now()
	for _, r := range list {
		if r.customer.SalonID == salonID && now.Before(r.expires) {
			return r.customer, true
		}
	}
	return Customer{}, false
}

// put keeps the customer of an account.
func (m *memory) put(c Customer) {
	now := time.Now()
	m.byAccount.Compute(c.AccountID, func(old []remembered, _ bool) ([]remembered, otter.ComputeOp) {
		// A copy, because others may be reading the old list.
		list := slices.DeleteFunc(slices.Clone(old), func(r remembered) bool {
			return r.customer.SalonID == c.SalonID || now.After(r.expires)
		})
		return append(list, remembered{customer: c, expires: now.Add(memoryTTL)}), otter.WriteOp
	})
}

// forget drops the account's customers of all salons.
func (m *memory) forget(accountID string) { m.byAccount.Invalidate(accountID) }
