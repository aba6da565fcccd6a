package user

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/postgres"
)

// The columns that ListMasters can be ordered by.
const (
	columnName = "display_name"
	columnMean = "rating_mean"
)

// masterOrder is an order of ListMasters. The id breaks ties.
type masterOrder struct {
	// column is that of masters.
	column string
	desc   bool
}

// masterOrders are the values of order_by that the contract allows.
var masterOrders = map[string]masterOrder{
	"":                  {column: columnName},
	"display_name":      {column: columnName},
	"display_name desc": {column: columnName, desc: true},
	"rating":            {column: columnMean},
	"rating desc":       {column: columnMean, desc: true},
}

// masterCursor is the place of a master in ListMasters. It has the name or the mean,
// depending on the order.
type masterCursor struct {
	Name string  `json:"n,omitempty"`
	Mean float64 `json:"m,omitempty"`
	ID   string  `json:"i"`
}

// cursor returns the place of a master in the order.
func (o masterOrder) cursor(m Master) masterCursor {
	if o.column == columnMean {
		return masterCursor{Mean: m.RatingMean(), ID: m.ID}
	}
	return masterCursor{Name: m.Profile.DisplayName, ID: m.ID}
}

// after returns the condition, and its values, of what comes after a place.
func (o masterOrder) after(c masterCursor) (string, any, string) {
	var key any = c.Name
	if o.column == columnMean {
		key = c.Mean
	}
	comparison := ">"
	if o.desc {
		comparison = "<"
	}
	return "(" + o.column + ", id) " + comparison + " (?, ?)", key, c.ID
}

// sql returns the order for ORDER BY.
func (o masterOrder) sql() string {
	if o.desc {
		return o.column + " DESC, id DESC"
	}
	return o.column + ", id"
}

// masterFilter narrows ListMasters. Zero values do not.
type masterFilter struct {
	salonID, query, specialty, serviceID string
	minRating                            float64
	order                                masterOrder
	after                                *masterCursor
	limit                                int
}

// Masters returns live masters.
func (s *Store) Masters(ctx context.Context, f masterFilter) ([]Master, error) {
	q := s.db.Conn(ctx).
		Where("NOT deleted AND NOT disabled").
		Order(f.order.sql()).
		Limit(f.limit)
	if f.salonID != "" {
		q = q.Where("salon_id = ?", f.salonID)
	}
	if f.query != "" {
		q = q.Where("search_text LIKE ?", postgres.Containing(fold.Text(f.query)))
	}
	if f.specialty != "" {
		key, err := json.Marshal([]string{fold.Text(f.specialty)})
		if err != nil {
			return nil, fmt.Errorf("encode a specialty: %w", err)
		}
		q = q.Where("specialty_keys @> ?::jsonb", string(key))
	}
	if f.serviceID != "" {
		q = q.Where("id IN (SELECT master_id FROM master_offerings WHERE service_id = ? AND NOT deleted)", f.serviceID)
	}
	if f.minRating > 0 {
		q = q.Where("rating_mean >= ?", f.minRating)
	}
	if f.after != nil {
		q = q.Where(f.order.after(*f.after))
	}
	var rows []masterRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list masters: %w", err)
	}
	masters := make([]Master, len(rows))
	for i, row := range rows {
		masters[i] = row.master()
	}
	return masters, nil
}
