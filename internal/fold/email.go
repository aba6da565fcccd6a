package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Email returns the form in which e-mail addresses are stored and compared: trimmed and in
// lower case, letter by letter. A letter outside ASCII never becomes one inside: Unicode maps
// the Kelvin sign to "k" and the dotted capital İ to "i", so an address with such a letter
// would equal the address of somebody else. Dotless ı and i stay apart for the same reason.
func Email(address string) string {
	return strings.Map(func(r rune) rune {
		lower := unicode.ToLower(r)
		if r >= utf8.RuneSelf && lower < utf8.RuneSelf {
			return r
		}
		return lower
	}, strings.TrimSpace(address))
}
