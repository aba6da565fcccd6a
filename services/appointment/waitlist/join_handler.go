package waitlist

import (
	"context"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// CreateWaitlistEntry joins the line of a salon.
func (w *Waitlist) CreateWaitlistEntry(
	ctx context.Context, req *appointmentv1.CreateWaitlistEntryRequest,
) (*appointmentv1.WaitlistEntry, error) {
	caller, now := auth.Caller(ctx), w.deps.Time()
	in, err := rangeOf(req)
	if err != nil {
		return nil, err
	}
	who, err := w.bookings.CheckWaiting(ctx, req.GetSegments(), req.GetCustomerId())
	if err != nil {
		return nil, err
	}
	today, _ := civil.Local(now, who.Rules.Zone)
	switch {
	case in.Last.Compare(today) < 0:
		return nil, apierr.InvalidField("end_date", "must not have passed")
	case today.DaysUntil(in.Last) > 366:
		return nil, apierr.InvalidField("end_date", "must be at most 366 days ahead")
	}
	wanted := proto.CloneOf(req)
	wanted.RequestId, wanted.CustomerId = "", nil
	e := &Entry{
		ID: id.New(), SalonID: who.Rules.SalonID, Request: wanted, State: Waiting, Fresh: true, Version: 1, CreateTime: now, UpdateTime: now,
	}
	key := idempotency.Key{
		Caller: caller.UserID, Method: appointmentv1.WaitlistService_CreateWaitlistEntry_FullMethodName, RequestID: req.GetRequestId(),
	}
	return idempotency.Run(ctx, w.requests, w.deps.DB, key, req, func(tx *postgres.DB) (*appointmentv1.WaitlistEntry, error) {
		if err := w.join(ctx, tx, e, who); err != nil {
			return nil, err
		}
		return w.show(ctx, w.store.In(tx), e.ID)
	})
}

// join writes a new entry, and its customer where the salon does not know them yet.
func (w *Waitlist) join(ctx context.Context, tx *postgres.DB, e *Entry, who *booking.Waiting) error {
	c := who.Customer
	subjects := []string{c.ID}
	if c.AccountID != "" {
		subjects = append(subjects, c.AccountID)
	}
	err := claims.Lock(ctx, tx, subjects...)
	if err != nil {
		return err
	}
	if who.NewCustomer {
		if c, err = w.people.SaveCustomer(ctx, tx, c); err != nil {
			return err
		}
	}
	t := w.store.In(tx)
	e.CustomerID, e.AccountID = c.ID, c.AccountID
	known, err := t.customerKnown(ctx, e)
	if err != nil {
		return err
	}
	if !known {
		return people.ErrCustomerUnavailable
	}
	if err := t.insert(ctx, e); err != nil {
		return err
	}
	return appendEvent(ctx, tx, eventJoined, e, who.Rules.ZoneName, nil)
}
