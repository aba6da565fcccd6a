package people

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// customerRow is a row of customers.
type customerRow struct {
	SalonID     string
	ID          string
	AccountID   *string
	DisplayName string
	Phone       string
	Email       string
	Notes       string
	SearchText  string
	Version     int64
	CreateTime  time.Time
	UpdateTime  time.Time
}

// TableName implements GORM's Tabler.
func (customerRow) TableName() string { return "customers" }

// joinedRow is a customer with what is known of the account.
type joinedRow struct {
	Customer customerRow `gorm:"embedded"`
	Account  accountRow  `gorm:"embedded;embeddedPrefix:a_"`
}

// joined selects customers, with their accounts, by a condition.
func (s *Store) joined(ctx context.Context, condition string, args ...any) *gorm.DB {
	return s.db.Conn(ctx).Table("customers AS c").
		Joins("LEFT JOIN accounts a ON a.id = c.account_id").
		Select(`c.*, a.id AS a_id, a.display_name AS a_display_name, a.phone AS a_phone, a.email AS a_email,
			a.disabled AS a_disabled, a.version AS a_version`).
		Where(condition, args...)
}

// Customer returns a customer whom the caller may see: as staff of the salon, as an administrator or as
// the customer. Else, and for a customer who was erased, it returns ErrNotFound.
func (s *Store) Customer(ctx context.Context, id string, caller auth.Principal) (Customer, error) {
	q := s.joined(ctx, "c.id = ? AND c.erase_time IS NULL", id)
	if !caller.IsAdmin() {
		q = q.Where("(c.salon_id = ANY(?) OR c.account_id = ?)", staffOf(caller), postgres.Null(caller.UserID))
	}
	return take(q)
}

// CustomerForStaff returns a customer of a salon where the caller is staff, and of any salon to an
// administrator. Else it returns ErrNotFound.
func (s *Store) CustomerForStaff(ctx context.Context, id string, caller auth.Principal) (Customer, error) {
	return take(inScope(s.joined(ctx, "c.id = ?", id), caller))
}

// LockCustomerForStaff is CustomerForStaff, and keeps others from changing the customer until the
// transaction ends. A customer who was erased is ErrNotFound.
func (s *Store) LockCustomerForStaff(ctx context.Context, id string, caller auth.Principal) (Customer, error) {
	lock := postgres.LockForChange
	lock.Table = clause.Table{Name: "c"} // the account is on the side of the join that may be null
	return take(inScope(s.joined(ctx, "c.id = ? AND c.erase_time IS NULL", id), caller).Clauses(lock))
}

// CustomerOf returns the account's customer of a salon, else ErrNotFound.
func (s *Store) CustomerOf(ctx context.Context, salonID, accountID string) (Customer, error) {
	return take(s.joined(ctx, "c.salon_id = ? AND c.account_id = ?", salonID, accountID))
}

// take reads the one customer of a query.
func take(q *gorm.DB) (Customer, error) {
	r, err := postgres.One[joinedRow](q, ErrNotFound)
	return r.customer(), err
}

// inScope leaves the customers whom a caller sees as staff.
func inScope(q *gorm.DB, caller auth.Principal) *gorm.DB {
	if caller.IsAdmin() {
		return q
	}
	return q.Where("c.salon_id = ANY(?)", staffOf(caller))
}

func staffOf(caller auth.Principal) postgres.Array[string] { return caller.Salons(auth.Staff...) }

// Cursor is the place of a customer in a list.
type Cursor struct {
	// CreateTime and ID are those of the customer.
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// Filter says which customers to list. Zero values leave a filter out.
type Filter struct {
	// SalonID is the salon.
	SalonID string
	// Text is a folded part of the name, the phone number or the address: the customer's or the account's.
	Text string
	// After is the place of the last customer of the page before; nil means from the first.
	After *Cursor
	// Limit is how many customers are returned at most.
	Limit int
}

// List returns customers whom the caller sees as staff, newest first, without those who were erased.
func (s *Store) List(ctx context.Context, caller auth.Principal, f Filter) ([]Customer, error) {
	q := inScope(s.joined(ctx, "c.erase_time IS NULL"), caller)
	if f.SalonID != "" {
		q = q.Where("c.salon_id = ?", f.SalonID)
	}
	if f.Text != "" {
		pattern := postgres.Containing(f.Text)
		q = q.Where("(c.search_text LIKE ? OR a.search_text LIKE ?)", pattern, pattern)
	}
	if f.After != nil {
		q = q.Where("(c.create_time, c.id) < (?, ?)", f.After.CreateTime, f.After.ID)
	}
	var rows []joinedRow
	if err := q.Order("c.create_time DESC, c.id DESC").Limit(f.Limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list customers: %w", err)
	}
	customers := make([]Customer, len(rows))
	for i, r := range rows {
		customers[i] = r.customer()
	}
	return customers, nil
}

// Create adds a customer.
func (s *Store) Create(ctx context.Context, c Customer) error {
	r := c.row()
	if err := s.db.Conn(ctx).Create(&r).Error; err != nil {
		return fmt.Errorf("write a customer: %w", err)
	}
	return nil
}

// Update writes what staff have written down of a customer whose row is locked.
func (s *Store) Update(ctx context.Context, c Customer) error {
	err := s.db.Conn(ctx).Where("salon_id = ? AND id = ?", c.SalonID, c.ID).
		Select("display_name", "phone", "email", "notes", "search_text", "version", "update_time").
		Updates(c.row()).Error
	if err != nil {
		return fmt.Errorf("write a customer: %w", err)
	}
	return nil
}

// Unmatched returns the ids of the customers with a canonical address and without an account.
func (s *Store) Unmatched(ctx context.Context, email string) ([]string, error) {
	if email == "" {
		return nil, nil
	}
	var ids []string
	err := s.db.Conn(ctx).Raw("SELECT id FROM customers WHERE email = ? AND email <> '' AND account_id IS NULL", email).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("look for customers to match: %w", err)
	}
	return ids, nil
}

// MatchCustomers gives an account the customers with its verified address: in each salon where the
// account has no customer, the oldest of the candidates who still have this canonical address and no
// account. The locks of the account and the candidates are held, so no booking makes a customer for the
// account meanwhile, or is made for a candidate.
func (s *Store) MatchCustomers(ctx context.Context, accountID, email string, candidates []string, now time.Time) error {
	if email == "" || len(candidates) == 0 {
		return nil
	}
	err := s.db.Conn(ctx).Exec(`
		UPDATE customers c SET account_id = ?, version = c.version + 1, update_time = ?
		FROM (
			SELECT DISTINCT ON (m.salon_id) m.salon_id, m.id FROM customers m
			WHERE m.id = ANY(?) AND m.email = ? AND m.email <> '' AND m.account_id IS NULL
				AND NOT EXISTS (SELECT 1 FROM customers o WHERE o.salon_id = m.salon_id AND o.account_id = ?)
			ORDER BY m.salon_id, m.create_time, m.id
		) AS oldest
		WHERE c.salon_id = oldest.salon_id AND c.id = oldest.id AND c.account_id IS NULL AND c.email = ?`,
		accountID, now, postgres.Array[string](candidates), email, accountID, email).Error
	if err != nil {
		return fmt.Errorf("match customers: %w", err)
	}
	return nil
}

// CustomerNames returns the shown names of customers by id.
func (s *Store) CustomerNames(ctx context.Context, ids []string) (map[string]string, error) {
	return s.names(ctx, `
		SELECT c.id, coalesce(nullif(c.display_name, ''), a.display_name, '') AS name
		FROM customers c LEFT JOIN accounts a ON a.id = c.account_id WHERE c.id = ANY(?)`, ids)
}

func (r joinedRow) customer() Customer {
	return Customer{
		ID: r.Customer.ID, SalonID: r.Customer.SalonID, AccountID: postgres.Value(r.Customer.AccountID),
		DisplayName: r.Customer.DisplayName, Phone: r.Customer.Phone, Email: r.Customer.Email, Notes: r.Customer.Notes,
		Version: r.Customer.Version, CreateTime: r.Customer.CreateTime.UTC(), UpdateTime: r.Customer.UpdateTime.UTC(),
		Account: r.Account.account(),
	}
}

func (c Customer) row() customerRow {
	return customerRow{
		SalonID: c.SalonID, ID: c.ID, AccountID: postgres.Null(c.AccountID),
		DisplayName: c.DisplayName, Phone: c.Phone, Email: c.Email, Notes: c.Notes, SearchText: c.searchText(),
		Version: c.Version, CreateTime: c.CreateTime, UpdateTime: c.UpdateTime,
	}
}
