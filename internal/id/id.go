// Package id makes the ids of Salon's resources.
package id

import (
	"time"

	"github.com/google/uuid"
)

// FirstSalon is the id of the salon that every installation begins with. The
// migrations of all services name it.
const FirstSalon = "00000000-0000-7000-8000-000000000001"

// New returns a UUIDv7 (RFC 9562), so that ids sort by the time at which they were made.
// It panics when the system has no randomness, as crypto/rand does.
func New() string { return uuid.Must(uuid.NewV7()).String() }

// Since returns the least id that New can make at t or later. Ids that are less were made before.
func Since(t time.Time) string {
	var u uuid.UUID
	ms := t.UnixMilli()
	for i := range 6 {
		u[i] = byte(ms >> (40 - 8*i))
	}
	u[6], u[8] = 0x70, 0x80 // version and variant
	return u.String()
}
