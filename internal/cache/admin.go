package cache

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

// adminTimeout bounds one use of Redis by a task of the operator.
const adminTimeout = 5 * time.Second

// Empty deletes everything that Salon has in Redis, for tasks of the operator. Nothing in Redis must be kept.
func Empty(ctx context.Context, url secret.Text) error {
	c, err := Open(Config{URL: url, Timeout: adminTimeout}, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // nothing is pending
	rdb := c.Redis()
	if rdb == nil {
		return nil
	}
	var cursor uint64
	for {
		keys, next, err := rdb.Scan(ctx, cursor, schema+"*", 500).Result()
		if err == nil && len(keys) > 0 {
			err = rdb.Unlink(ctx, keys...).Err()
		}
		if err != nil {
			return fmt.Errorf("empty Redis: %w", err)
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
}
