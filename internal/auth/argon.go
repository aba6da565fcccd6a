package auth

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

const (
	saltBytes = 16
	sumBytes  = 32
)

// argonParams are the costs of argon2id (RFC 9106, section 3.1).
type argonParams struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
}

// argonHash is a password hash with all that is needed to verify it.
type argonHash struct {
	params    argonParams
	salt, sum []byte
}

var errHashFormat = errors.New("not an argon2id hash in PHC format")

// String writes the PHC string format, $argon2id$v=19$m=…,t=…,p=…$salt$sum.
func (h argonHash) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.params.memory, h.params.time, h.params.threads, b64.EncodeToString(h.salt), b64.EncodeToString(h.sum))
}

// parseArgon parses a string of String. The bounds keep a damaged row from requesting gigabytes of memory or
// minutes of work. They leave room for higher costs.
func parseArgon(s string) (argonHash, error) {
	fields := strings.Split(s, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != "v="+strconv.Itoa(argon2.Version) {
		return argonHash{}, errHashFormat
	}
	var h argonHash
	costs := strings.Split(fields[3], ",")
	if len(costs) != 3 {
		return argonHash{}, errHashFormat
	}
	var values [3]uint32
	for i, bound := range []struct {
		name     string
		min, max uint64
	}{{"m=", 8, 256 << 10}, {"t=", 1, 16}, {"p=", 1, 16}} {
		digits, ok := strings.CutPrefix(costs[i], bound.name)
		n, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || n < bound.min || n > bound.max {
			return argonHash{}, fmt.Errorf("%w: cost %s out of bounds", errHashFormat, bound.name)
		}
		values[i] = uint32(n)
	}
	h.params = argonParams{memory: values[0], time: values[1], threads: uint8(values[2])}
	var err error
	if h.salt, err = base64.RawStdEncoding.Strict().DecodeString(fields[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return argonHash{}, fmt.Errorf("%w: salt", errHashFormat)
	}
	if h.sum, err = base64.RawStdEncoding.Strict().DecodeString(fields[5]); err != nil || len(h.sum) < 16 || len(h.sum) > 64 {
		return argonHash{}, fmt.Errorf("%w: sum", errHashFormat)
	}
	return h, nil
}
