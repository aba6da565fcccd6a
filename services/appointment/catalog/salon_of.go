package catalog

import (
	"context"
	"errors"
)

// SalonOf returns the salon of a service, from memory where possible; ErrNotOffered when there is no such service. A service never
// changes its salon.
func (c *Catalog) SalonOf(ctx context.Context, serviceID string) (string, error) {
	if salonID, ok := c.salonOf.Get(serviceID); ok {
		return salonID, nil
	}
	s, err := c.store.Service(ctx, serviceID)
	if errors.Is(err, errNoService) {
		return "", ErrNotOffered
	}
	if err != nil {
		return "", err
	}
	c.salonOf.Set(serviceID, s.SalonID)
	return s.SalonID, nil
}
