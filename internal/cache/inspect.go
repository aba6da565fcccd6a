package cache

import (
	"context"
	"fmt"
	"strings"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

// ServerVersion connects once and returns the version of Redis, such as "7.0.15".
func ServerVersion(ctx context.Context, url secret.Text) (string, error) {
	c, err := Open(Config{URL: url, Timeout: adminTimeout}, zerolog.Nop())
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }() // nothing is pending
	info, err := c.Redis().Info(ctx, "server").Result()
	if err != nil {
		return "", fmt.Errorf("ask Redis: %w", err)
	}
	for line := range strings.Lines(info) {
		if version, found := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); found {
			return version, nil
		}
	}
	return "", nil
}
