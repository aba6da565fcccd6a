package appointment

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// directory knows masters and accounts: from the tables that events feed, and
// from the user service where those do not say yes.
type directory struct {
	store    *Store
	identity userv1.IdentityServiceClient
}

// master returns errMasterUnavailable unless the master takes bookings. A master
// who is unknown or cannot be booked here is asked for, since the event that makes
// this different may still be on its way.
func (d *directory) master(ctx context.Context, id string) error {
	bookable, err := d.store.MastersBookable(ctx, id)
	if err != nil || bookable {
		return err
	}
	found, err := d.identity.LookupMaster(ctx, &userv1.LookupMasterRequest{MasterId: id})
	if status.Code(err) == codes.NotFound {
		return errMasterUnavailable
	}
	if err != nil {
		return fmt.Errorf("look up master %s: %w", id, err)
	}
	if err := d.store.PutMaster(ctx, id, found.GetDeleted(), found.GetDisabled(), found.GetVersion()); err != nil {
		return err
	}
	if found.GetDeleted() || found.GetDisabled() {
		return errMasterUnavailable
	}
	return nil
}

// customer asks the user service for an account that is unknown or disabled here.
// It returns errCustomerUnavailable unless the account is enabled.
func (d *directory) customer(ctx context.Context, id string) error {
	found, err := d.identity.LookupUser(ctx, &userv1.LookupUserRequest{UserId: id})
	if status.Code(err) == codes.NotFound {
		return errCustomerUnavailable
	}
	if err != nil {
		return fmt.Errorf("look up account %s: %w", id, err)
	}
	if err := d.store.PutCustomer(ctx, id, found.GetDisabled(), found.GetVersion()); err != nil {
		return err
	}
	if found.GetDisabled() {
		return errCustomerUnavailable
	}
	return nil
}
