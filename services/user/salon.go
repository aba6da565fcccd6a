package user

import (
	"context"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// Salon is what this service keeps of a salon. The appointment service owns it.
type Salon struct {
	// ID is a UUID.
	ID string
	// Deleted salons are kept, so that an older event cannot bring them back.
	Deleted bool
	// IsDefault is whether it is the salon of requests that name none.
	IsDefault bool
	// Version is that of the newest event, or of the newest answer of the owner.
	Version int64
}

func salonFromEvent(e *appointmentv1.SalonEvent, version int64) Salon {
	return Salon{ID: e.GetSalonId(), Deleted: e.GetDeleted(), IsDefault: e.GetIsDefault(), Version: version}
}

// existingSalon returns the id of a salon that exists, or NOT_FOUND. An empty id stands
// for the default salon. A salon that is not known here yet is read from its owner; that
// needs a connection, so existingSalon is called outside of transactions.
func (s *Service) existingSalon(ctx context.Context, id string) (string, error) {
	found, err := s.store.FindSalon(ctx, id)
	if err != nil {
		return "", err
	}
	if found == nil {
		req := &appointmentv1.LookupSalonRequest{}
		if id != "" {
			req.SalonId = &id
		}
		resp, err := s.directory.LookupSalon(ctx, req)
		if status.Code(err) == codes.NotFound {
			return "", errNoSalon
		}
		if err != nil {
			return "", fmt.Errorf("look up a salon: %w", err)
		}
		read := salonFromEvent(resp.GetSalon(), resp.GetVersion())
		if err := s.store.PutSalon(ctx, read); err != nil {
			return "", err
		}
		found = &read
	}
	if found.Deleted {
		return "", errNoSalon
	}
	return found.ID, nil
}
