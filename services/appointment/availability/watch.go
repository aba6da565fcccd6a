package availability

import (
	"context"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// SalonOf returns the salon that a search is about, or the error that the search would have for its services, customer or appointment.
func (a *Availability) SalonOf(ctx context.Context, req *appointmentv1.SearchAvailabilityRequest) (string, error) {
	r, _, err := a.query(ctx, req)
	if err != nil {
		return "", err
	}
	return r.SalonID, nil
}
