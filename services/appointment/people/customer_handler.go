package people

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/fieldmask"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
)

// GetCustomer implements CustomerServiceServer.
func (p *People) GetCustomer(
	ctx context.Context, req *appointmentv1.GetCustomerRequest,
) (*appointmentv1.Customer, error) {
	found, err := p.store.CustomerForStaff(ctx, req.GetCustomerId(), auth.Caller(ctx))
	if err != nil {
		return nil, err
	}
	return toProto(found), nil
}

// ListCustomers implements CustomerServiceServer.
func (p *People) ListCustomers(
	ctx context.Context, req *appointmentv1.ListCustomersRequest,
) (*appointmentv1.ListCustomersResponse, error) {
	customers, next, err := pagetoken.List(p.pages, req,
		func(after *Cursor, limit int) ([]Customer, error) {
			f := Filter{SalonID: req.GetSalonId(), Text: fold.Text(req.GetQuery()), After: after, Limit: limit}
			return postgres.Recent(ctx, p.deps.DB, func(ctx context.Context, db *postgres.DB) ([]Customer, error) {
				return NewStore(db).List(ctx, auth.Caller(ctx), f)
			})
		},
		func(c Customer) Cursor { return Cursor{CreateTime: c.CreateTime, ID: c.ID} }, toProto)
	if err != nil {
		return nil, err
	}
	return &appointmentv1.ListCustomersResponse{Customers: customers, NextPageToken: next}, nil
}

// CreateCustomer implements CustomerServiceServer.
func (p *People) CreateCustomer(
	ctx context.Context, req *appointmentv1.CreateCustomerRequest,
) (*appointmentv1.Customer, error) {
	caller := auth.Caller(ctx)
	s, err := p.salons.ForCreate(ctx, caller, req.GetSalonId(), "salon_id")
	if err != nil {
		return nil, err
	}
	if !caller.IsAdmin() && !caller.Has(s.ID, auth.Staff...) {
		return nil, errNotStaff
	}
	now := p.deps.Time()
	created := Customer{
		ID:          id.New(),
		SalonID:     s.ID,
		DisplayName: req.GetDisplayName(),
		Phone:       req.GetPhone(),
		Email:       fold.Email(req.GetEmail()),
		Notes:       req.GetNotes(),
		Version:     1,
		CreateTime:  now,
		UpdateTime:  now,
	}
	key := idempotency.Key{
		Caller:    caller.UserID,
		Method:    appointmentv1.CustomerService_CreateCustomer_FullMethodName,
		RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, p.requests, p.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.Customer, error) {
		if _, err := p.salons.Share(ctx, tx, s.ID); err != nil {
			return nil, err
		}
		if err := NewStore(tx).Create(ctx, created); err != nil {
			return nil, err
		}
		return toProto(created), nil
	})
}

// UpdateCustomer implements CustomerServiceServer.
func (p *People) UpdateCustomer(
	ctx context.Context, req *appointmentv1.UpdateCustomerRequest,
) (*appointmentv1.Customer, error) {
	fields, err := fieldmask.Paths(req)
	if err != nil {
		return nil, err
	}
	var c Customer
	err = p.deps.DB.InTx(ctx, func(tx *postgres.DB) error {
		before, err := NewStore(tx).LockCustomerForStaff(ctx, req.GetCustomerId(), auth.Caller(ctx))
		if err != nil {
			return err
		}
		if err := etag.Match(req.GetEtag(), before.Version); err != nil {
			return err
		}
		c = before
		fieldmask.Write(fields, "display_name", &c.DisplayName, req.GetDisplayName())
		fieldmask.Write(fields, "phone", &c.Phone, req.GetPhone())
		fieldmask.Write(fields, "email", &c.Email, fold.Email(req.GetEmail()))
		fieldmask.Write(fields, "notes", &c.Notes, req.GetNotes())
		if c == before {
			return nil
		}
		if err := c.check(); err != nil {
			return err
		}
		c.Version++
		c.UpdateTime = p.deps.Time()
		tx.OnCommit(func() { p.memory.forget(c.AccountID) })
		return NewStore(tx).Update(ctx, c)
	})
	if err != nil {
		return nil, err
	}
	return toProto(c), nil
}
