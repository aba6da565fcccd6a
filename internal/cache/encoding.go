package cache

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
)

const (
	// A stored value is a header and the encoded message. The header is the version in 20 digits, the kind and a
	// checksum. With a fixed number of digits, text order is number order; numbers in Lua are exact only to 53 bits.
	versionBytes = 20
	headerBytes  = versionBytes + 1 + 8
	kindValue    = 'v'
	kindDropped  = 'd' // no value: only the version that values must have
)

var checksum = crc32.MakeTable(crc32.Castagnoli)

// errCorrupt is the error of bytes that encode did not write.
var errCorrupt = errors.New("not a value of this cache")

func encode(kind byte, version int64, body []byte) []byte {
	b := make([]byte, 0, headerBytes+len(body))
	b = fmt.Appendf(b, "%0*d%c%08x", versionBytes, max(version, 0), kind, crc32.Checksum(body, checksum))
	return append(b, body...)
}

// decode returns a nil body for a drop, and errCorrupt for bytes that encode did not write.
func decode(b []byte) (body []byte, version int64, err error) {
	if len(b) < headerBytes {
		return nil, 0, errCorrupt
	}
	version, err = strconv.ParseInt(string(b[:versionBytes]), 10, 64)
	if err != nil || version < 0 {
		return nil, 0, errCorrupt
	}
	sum, err := strconv.ParseUint(string(b[versionBytes+1:headerBytes]), 16, 32)
	body = b[headerBytes:]
	if err != nil || sum != uint64(crc32.Checksum(body, checksum)) {
		return nil, 0, errCorrupt
	}
	switch b[versionBytes] {
	case kindValue:
		return body, version, nil
	case kindDropped:
		return nil, version, nil
	}
	return nil, 0, errCorrupt
}
