// Package etag turns the version of a row into the `etag` of its resource and
// back. An etag is the version in decimal, such as "7". Where a representation has
// a second source, such as the rating of a master, that one's version follows
// after a hyphen: "7-3". Only the first number is compared before a write, since
// the writer cannot change the rest.
package etag

import (
	"strconv"
	"strings"

	"github.com/beauty-salon/platform/internal/apierr"
)

// field is what every request calls it.
const field = "etag"

// Format returns the etag of a representation made of these versions, the row's
// own first.
func Format(versions ...int64) string {
	var b strings.Builder
	for i, v := range versions {
		if i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(strconv.FormatInt(v, 10))
	}
	return b.String()
}

// Match compares a caller's etag with the row's version. "" matches every version:
// the caller did not ask. It returns INVALID_FIELDS for what is no etag of ours
// and ETAG_MISMATCH for another version.
func Match(etag string, version int64) error {
	if etag == "" {
		return nil
	}
	var first int64
	for i, part := range strings.Split(etag, "-") {
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil || part[0] == '+' {
			return apierr.InvalidField(field, "must be an etag as the resource had it")
		}
		if i == 0 {
			first = v
		}
	}
	if first != version {
		return apierr.EtagMismatch()
	}
	return nil
}
