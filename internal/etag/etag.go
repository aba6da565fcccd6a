// Package etag makes the `etag` of a resource from the version of its row, and
// checks conditions of callers against it. An etag is the version in decimal, such as
// "7". Where a representation has a second source, such as the rating of a master, the
// version of the second source follows after a hyphen: "7-3". Only the first number is
// compared before a write, because the writer cannot change the second source.
//
// A condition is the `etag` field of a request:
//
//   - an etag as the resource has it: 7-3
//   - what If-Match may hold (RFC 9110, section 13.1.1): entity tags in quotes, separated
//     by commas, of which one must match. Weak ones (W/"7") match nothing, because the
//     comparison is strong.
//   - *: every resource that exists
//   - 0: only a resource that does not exist yet, where the method can make it
//   - nothing: no condition
package etag

import (
	"slices"
	"strconv"
	"strings"

	"github.com/beauty-salon/platform/internal/apierr"
)

const (
	// Any is the condition that the resource exists.
	Any = "*"
	// Absent is the condition that the resource does not exist yet.
	Absent = "0"
	// maxTags bounds the length of a list.
	maxTags = 32
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

// Match checks a caller's condition against the row's version, 0 for a resource that
// does not exist yet. It returns ETAG_MISMATCH when the condition is not met, and
// INVALID_FIELDS for text that is no condition.
func Match(condition string, version int64) error {
	versions, err := versionsOf(condition)
	switch {
	case err != nil:
		return err
	case condition == "", condition == Any && version > 0, slices.Contains(versions, Format(version)):
		return nil
	}
	return apierr.ErrEtagMismatch
}

// Both returns the condition that is met when a and b are. It returns INVALID_FIELDS
// for text that is no condition.
func Both(a, b string) (string, error) {
	inA, err := versionsOf(a)
	if err != nil {
		return "", err
	}
	inB, err := versionsOf(b)
	if err != nil {
		return "", err
	}
	switch {
	case a == "", a == Any && b != "" && b != Absent:
		return b, nil
	case b == "", b == Any && a != Absent:
		return a, nil
	}
	common := slices.DeleteFunc(inA, func(v string) bool { return !slices.Contains(inB, v) })
	return list(common), nil
}

// versionsOf returns the row versions that meet a condition: of each strong etag the
// first number.
func versionsOf(condition string) ([]string, error) {
	switch {
	case condition == "" || condition == Any:
		return nil, nil
	case !strings.ContainsAny(condition, `",`):
		if end := opaqueEnd(condition); end < len(condition) {
			return nil, errSyntax
		}
		return []string{own(condition)}, nil
	}
	tags, ok := parse(condition)
	if !ok {
		return nil, errSyntax
	}
	var versions []string
	for _, t := range tags {
		// An entity tag is about what exists.
		if v := own(t.opaque); !t.weak && v != "" && v != Absent {
			versions = append(versions, v)
		}
	}
	return versions, nil
}

// own returns the row's own version in an etag.
func own(etag string) string {
	version, _, _ := strings.Cut(etag, "-")
	return version
}

// list is the condition that the row has one of these versions. Nothing meets it when there is none.
func list(versions []string) string {
	if len(versions) == 1 && versions[0] == Absent {
		return Absent
	}
	return `"` + strings.Join(versions, `", "`) + `"`
}

var (
	errSyntax = apierr.InvalidField("etag", "must be an etag, at most 32 etags in double quotes, or *")
	errHeader = apierr.InvalidField("If-Match", "must be at most 32 etags in double quotes, or *")
)
