package rpc

import "context"

// afterChanges tells changed of each call that may have changed something for a signed-in caller, also of one that failed
// or panicked: it may have been executed. Calls of our own services are part of others.
func afterChanges(changed func(ctx context.Context, userID string)) around {
	return func(ctx context.Context, c *call, next func(context.Context) error) error {
		if c.caller.UserID != "" && !IsRead(ctx) {
			defer changed(ctx, c.caller.UserID)
		}
		return next(ctx)
	}
}
