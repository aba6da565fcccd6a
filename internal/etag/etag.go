// Package etag makes the `etag` of a resource from the version of its row, and
// compares the two. An etag is the version in decimal, such as "7". Where a
// representation has a second source, such as the rating of a master, the version of
// the second source follows after a hyphen: "7-3". Only the first number is compared
// before a write, because the writer cannot change the second source.
package etag

import (
	"strconv"
	"strings"

	"github.com/beauty-salon/platform/internal/apierr"
)

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

// Match compares a caller's etag with the row's version, 0 for a resource that does
// not exist yet. "" always matches: the caller requires no version. "*" matches every
// resource that exists (RFC 9110, section 13.1.1). Every other text that is not the
// etag of this version is ETAG_MISMATCH.
func Match(etag string, version int64) error {
	own, _, _ := strings.Cut(etag, "-")
	switch {
	case etag == "", etag == "*" && version > 0, own == Format(version):
		return nil
	}
	return apierr.ErrEtagMismatch
}
