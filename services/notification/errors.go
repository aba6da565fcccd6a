package notification

import "github.com/beauty-salon/platform/internal/apierr"

// ErrNotificationNotFound means that there is no such notification, or that it is in another inbox.
var ErrNotificationNotFound = apierr.NotFound("notification")
