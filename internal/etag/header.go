package etag

import (
	"slices"
	"strings"
)

// tag is an entity tag (RFC 9110, section 8.8.3) without its quotes.
type tag struct {
	opaque string
	weak   bool
}

// parse reads a list of entity tags. Empty elements are ignored (RFC 9110, section
// 5.6.1.2). A list has between one and maxTags tags.
func parse(list string) (tags []tag, ok bool) {
	for rest := list; ; {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return tags, len(tags) > 0
		}
		opaque, weak := strings.CutPrefix(rest, "W/")
		opaque, quoted := strings.CutPrefix(opaque, `"`)
		end := opaqueEnd(opaque)
		if len(tags) == maxTags || !quoted || end == len(opaque) || opaque[end] != '"' {
			return nil, false
		}
		tags = append(tags, tag{opaque[:end], weak})
		rest = strings.TrimLeft(opaque[end+1:], " \t")
		if rest != "" && rest[0] != ',' {
			return nil, false
		}
	}
}

// opaqueEnd returns the length of the longest beginning of s that may stand between the
// quotes of an entity tag.
func opaqueEnd(s string) int {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == '"' || s[i] == 0x7f {
			return i
		}
	}
	return len(s)
}

// FromIfMatch returns the condition of the lines of an If-Match header, "" without one.
// It keeps only what can match: so the condition is valid UTF-8. It returns
// INVALID_FIELDS for lines that do not follow the syntax.
func FromIfMatch(lines []string) (string, error) {
	if len(lines) == 0 {
		return "", nil
	}
	value := strings.TrimSpace(strings.Join(lines, ","))
	if value == Any {
		return Any, nil
	}
	tags, ok := parse(value)
	if !ok {
		return "", errHeader
	}
	var versions []string
	for _, t := range tags {
		v := own(t.opaque)
		if !t.weak && isVersion(v) && !slices.Contains(versions, v) {
			versions = append(versions, v)
		}
	}
	return list(versions), nil
}

// isVersion reports whether a row can have that version.
func isVersion(s string) bool {
	return s != "" && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// MatchRead reports whether the lines of an If-Match header admit reading a
// representation with this etag, "" when it has none. Unlike before a write, the whole
// etag is compared.
func MatchRead(lines []string, etag string) (bool, error) {
	if _, err := FromIfMatch(lines); err != nil {
		return false, err
	}
	value := strings.Join(lines, ",")
	tags, _ := parse(value)
	return strings.TrimSpace(value) == Any || etag != "" && slices.Contains(tags, tag{opaque: etag}), nil
}

// NoneMatch reports whether the client has this representation already: whether the
// lines of its If-None-Match header name the entity tag, compared weakly, or are "*"
// (RFC 9110, section 13.1.2). Lines that do not follow the syntax name nothing.
func NoneMatch(lines []string, entityTag string) bool {
	if len(lines) == 0 || entityTag == "" {
		return false
	}
	value := strings.Join(lines, ",")
	if strings.TrimSpace(value) == Any {
		return true
	}
	current, _ := parse(entityTag)
	tags, _ := parse(value)
	return slices.ContainsFunc(tags, func(t tag) bool { return len(current) == 1 && t.opaque == current[0].opaque })
}
