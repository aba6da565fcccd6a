package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

// ServerVersion connects once and returns the version of Redis, such as "7.0.15", and "" when the server does not tell it.
func ServerVersion(ctx context.Context, url secret.Text) (string, error) {
	c, err := Open(Config{URL: url, Timeout: adminTimeout}, zerolog.Nop())
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }() // nothing is pending
	if err := c.Redis().Ping(ctx).Err(); err != nil {
		return "", fmt.Errorf("ask Redis: %w", err)
	}
	info, err := c.Redis().Info(ctx, "server").Result()
	if _, refused := errors.AsType[redis.Error](err); err != nil && !refused {
		return "", fmt.Errorf("ask Redis: %w", err)
	}
	for line := range strings.Lines(info) {
		if version, found := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); found {
			return version, nil
		}
	}
	return "", nil
}
