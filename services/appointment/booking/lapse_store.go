package booking

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// DueRequest is a request whose time to be confirmed is over.
type DueRequest struct {
	// ID is the appointment's; LapseTime is when the request lapses.
	ID        string
	LapseTime time.Time
}

// DueRequests returns at most limit requests that lapse at an instant or before, the earliest first, after one of them; its zero value
// stands for the beginning.
func (s *Store) DueRequests(ctx context.Context, until time.Time, after DueRequest, limit int) ([]DueRequest, error) {
	if after.ID == "" {
		after.ID = uuid.Nil.String()
	}
	var due []DueRequest
	err := s.db.Conn(ctx).Raw(`SELECT id, lapse_time FROM appointments
		WHERE state = 'PENDING' AND lapse_time <= ? AND (lapse_time, id) > (?, ?) ORDER BY lapse_time, id LIMIT ?`,
		until, after.LapseTime, after.ID, limit).Scan(&due).Error
	if err != nil {
		return nil, fmt.Errorf("look for requests that lapse: %w", err)
	}
	return due, nil
}
