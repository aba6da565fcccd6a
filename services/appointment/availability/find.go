package availability

import "context"

// Find returns the slots of a query in a range, by rules that are as new as what is taken, and these rules. salon.ErrNotFound for no salon.
func (a *Availability) Find(ctx context.Context, salonID string, q Query, in Range) ([]*Plan, *Rules, error) {
	r, err := a.Rules(ctx, salonID)
	if err != nil {
		return nil, nil, err
	}
	taken, r, err := a.taken(ctx, r, q, in.First, in.Last, false)
	if err != nil {
		return nil, nil, err
	}
	found, err := a.search(ctx, r, q, taken, in)
	return found.Slots, r, err
}
