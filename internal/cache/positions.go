package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// positionSlack is added to how long positions must be kept, for clocks and for calls that are under way.
const positionSlack = 10 * time.Second

// Positions keeps, in Redis, up to which position of the database accounts have changed something, for all processes. A position is only
// needed for as long as a replica may be old.
type Positions struct {
	client *Client
	keep   time.Duration
}

// NewPositions returns positions that are known for a time which is longer than replicas may be old.
func NewPositions(client *Client, maxAge time.Duration) *Positions {
	return &Positions{client: client, keep: maxAge + positionSlack}
}

const (
	positionPrefix = schema + "position:"
	// positionSince has the time since which Redis has lost no position. Redis has made it itself, in milliseconds.
	positionSince = schema + "positions-since"
)

// setPosition stores a position unless a greater one is stored. Positions are exact in a Lua number up to 8 PiB of changes.
var setPosition = redis.NewScript(`
local old = tonumber(redis.call('GET', KEYS[1]) or '0')
if old < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
`)

// getPosition returns the position, 0 when there is none, and -1 while Redis may have lost one: for a time after it was started empty.
var getPosition = redis.NewScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local since = tonumber(redis.call('GET', KEYS[2]) or '0')
if since == 0 or since > now then
  redis.call('SET', KEYS[2], string.format('%.0f', now))
  return -1
end
if now - since < tonumber(ARGV[1]) then
  return -1
end
return tonumber(redis.call('GET', KEYS[1]) or '0')
`)

// Put records that an account has changed something up to a position. The caller may have left.
func (p *Positions) Put(ctx context.Context, accountID string, position int64) error {
	return p.client.Do(context.WithoutCancel(ctx), func(ctx context.Context, c redis.UniversalClient) error {
		return setPosition.Run(ctx, c, []string{positionPrefix + accountID}, position, p.keep.Milliseconds()).Err()
	})
}

// Get returns the position of an account's last change, 0 for none lately, and false when that is not known: Redis is away, or was empty
// a moment ago.
func (p *Positions) Get(ctx context.Context, accountID string) (position int64, known bool) {
	err := p.client.Do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		position, err = getPosition.Run(ctx, c, []string{positionPrefix + accountID, positionSince}, p.keep.Milliseconds()).Int64()
		return err
	})
	return max(position, 0), err == nil && position >= 0
}
