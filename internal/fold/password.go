package fold

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Password returns the form in which a password is checked and hashed. Keyboards and systems write the same letter and
// the same space in different ways, so the same typed password could otherwise be another text on another device.
//
// The form is that of the profile OpaqueString (RFC 8265, section 4.2.2): all spaces are U+0020, and the text is in
// Unicode normalisation form C. Case and width stay. The profile's ban of some characters is left out: it depends on the
// version of Unicode, and it covers emoji that are newer or that consist of several characters.
func Password(password string) string {
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, password))
}
