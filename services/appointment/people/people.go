package people

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/salon"
)

// People is the root of the package: it implements CustomerService and answers the other packages. It
// is safe for concurrent use.
type People struct {
	appointmentv1.UnimplementedCustomerServiceServer

	deps     service.Deps
	salons   *salon.Salons
	store    *Store
	owner    userv1.IdentityServiceClient
	requests *idempotency.Guard
	pages    *pagetoken.Codec
	memory   *customerMemory
	// masterLeft runs in the transaction that records that a master has left their salon.
	masterLeft MasterLeft
}

// MasterLeft removes what a master who has left a salon had there until an instant. The lock of the
// master is held.
type MasterLeft func(ctx context.Context, tx *postgres.DB, masterID string, until time.Time) error

// New returns the root. It connects to nothing.
func New(d service.Deps, salons *salon.Salons) *People {
	return &People{
		deps:       d,
		salons:     salons,
		store:      NewStore(d.DB),
		owner:      userv1.NewIdentityServiceClient(d.Conns.For("user")),
		requests:   idempotency.New(d.Keys, d.PreviousKeys, d.Now),
		pages:      pagetoken.New(d.Keys),
		memory:     newCustomerMemory(),
		masterLeft: func(context.Context, *postgres.DB, string, time.Time) error { return nil },
	}
}

// OnMasterLeft sets what happens when a master's profile is deleted or moves to another salon. It is
// called once, before anything runs. Packages above this one know what belongs to a master.
func (p *People) OnMasterLeft(fn MasterLeft) { p.masterLeft = fn }

// Register adds CustomerService to a server.
func (p *People) Register(r grpc.ServiceRegistrar) { appointmentv1.RegisterCustomerServiceServer(r, p) }

// Master returns a master who takes bookings, else ErrMasterUnavailable. A master who is unknown or
// takes none as far as this service knows is read from the owner: the event of a change may still be
// on its way.
func (p *People) Master(ctx context.Context, id string) (Master, error) {
	m, err := p.store.Master(ctx, id)
	if err == nil && m.Bookable() {
		return m, nil
	}
	if err != nil && !errors.Is(err, ErrMasterUnavailable) {
		return Master{}, err
	}
	m, err = p.RefreshMaster(ctx, id)
	if err == nil && !m.Bookable() {
		err = ErrMasterUnavailable
	}
	return m, err
}

// CustomerOf returns the account's customer of a salon. Where there is none, it returns a new one that is
// not saved yet, and isNew; the account is then read from its owner first. ErrCustomerUnavailable means
// that the account is disabled or does not exist.
func (p *People) CustomerOf(ctx context.Context, salonID, accountID string) (c Customer, isNew bool, err error) {
	if c, ok := p.memory.get(salonID, accountID); ok {
		return c, false, nil
	}
	c, err = p.store.CustomerOf(ctx, salonID, accountID)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Customer{}, false, err
	}
	if err == nil && !c.Account.Disabled {
		p.memory.put(c)
		return c, false, nil
	}
	account, err := p.RefreshAccount(ctx, accountID)
	if err != nil {
		return Customer{}, false, err
	}
	if account.Disabled {
		return Customer{}, false, ErrCustomerUnavailable
	}
	// The refresh may have found a customer with the account's address.
	c, err = p.store.CustomerOf(ctx, salonID, accountID)
	if errors.Is(err, ErrNotFound) {
		return Customer{ID: id.New(), SalonID: salonID, AccountID: accountID, Version: 1, Account: account}, true, nil
	}
	if err != nil {
		return Customer{}, false, err
	}
	p.memory.put(c)
	return c, false, nil
}

// SaveCustomer saves, in tx, a customer whom CustomerOf has found to be new, and returns the account's customer: another call may have been
// faster. The caller has the lock of the account. ErrCustomerUnavailable when the account was removed meanwhile.
func (p *People) SaveCustomer(ctx context.Context, tx *postgres.DB, c Customer) (Customer, error) {
	store := NewStore(tx)
	saved, err := store.CustomerOf(ctx, c.SalonID, c.AccountID)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return saved, err
	}
	erased, err := erasure.Erased(ctx, tx, c.AccountID)
	if err != nil {
		return Customer{}, err
	}
	if len(erased) > 0 {
		return Customer{}, ErrCustomerUnavailable
	}
	c.CreateTime = p.deps.Time()
	c.UpdateTime = c.CreateTime
	return c, store.Create(ctx, c)
}

// KnowCustomer keeps a customer of an account that was just saved, so that CustomerOf finds them without
// reading.
func (p *People) KnowCustomer(c Customer) { p.memory.put(c) }

// ForgetCustomer makes the next CustomerOf read the account's customer, in every salon.
func (p *People) ForgetCustomer(accountID string) { p.memory.forget(accountID) }

// Customer returns a customer whom a caller may see: staff of the salon, administrators, and the
// customer with their own account. It returns ErrNotFound to anybody else.
func (p *People) Customer(ctx context.Context, id string, visibleTo auth.Principal) (Customer, error) {
	return p.store.Customer(ctx, id, visibleTo)
}

// ByID returns a customer, whoever asks, else ErrNotFound.
func (p *People) ByID(ctx context.Context, id string) (Customer, error) {
	return p.store.Customer(ctx, id, auth.Principal{Role: apiv1.Role_ROLE_ADMIN})
}

// MasterNames returns the names of masters by id, also of those who have left. Unknown ids are left out.
func (p *People) MasterNames(ctx context.Context, ids []string) (map[string]string, error) {
	return p.store.MasterNames(ctx, ids)
}

// CustomerNames returns the shown names of customers by id. Unknown ids are left out.
func (p *People) CustomerNames(ctx context.Context, ids []string) (map[string]string, error) {
	return p.store.CustomerNames(ctx, ids)
}

// namesTimeout is how long AccountNames waits for the owner of the accounts.
const namesTimeout = time.Second

// AccountNames returns the names of accounts by id. Accounts that this service does not know yet are read from their owner, and are known
// from then on. Those that cannot be read within a second are left out: a list without a name is better than none.
func (p *People) AccountNames(ctx context.Context, ids []string) (map[string]string, error) {
	names, err := p.store.AccountNames(ctx, ids)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, namesTimeout)
	defer cancel()
	for _, id := range ids {
		if _, known := names[id]; known {
			continue
		}
		account, err := p.RefreshAccount(limited, id)
		if err != nil {
			p.deps.Log.Warn().Err(err).Msg("the names of accounts were not read")
			break
		}
		names[id] = account.DisplayName
	}
	return names, nil
}

// KnownCustomerOf returns the account's customer of a salon, and whether there is one.
func (p *People) KnownCustomerOf(ctx context.Context, salonID, accountID string) (c Customer, known bool, err error) {
	if c, ok := p.memory.get(salonID, accountID); ok {
		return c, true, nil
	}
	c, err = p.store.CustomerOf(ctx, salonID, accountID)
	if errors.Is(err, ErrNotFound) {
		return Customer{}, false, nil
	}
	if err != nil {
		return Customer{}, false, err
	}
	p.memory.put(c)
	return c, true, nil
}
