// Package fold makes texts comparable: texts for search, and e-mail addresses for equality.
package fold

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// Text makes texts equal that differ only in case, in accents, in compatibility forms or in
// the space around them: "Élodie" and "elodie", "ﬁn" and "FIN" (Unicode, chapters 3.13
// and 5.18). It is done here and not in PostgreSQL, where the result would depend on the
// locale that the cluster was made with.
func Text(s string) string {
	// A transformer keeps state, so each call has its own.
	// [cases.Fold] exchanges the two cases of Cherokee, so lower case comes after it.
	strip := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold(), runes.Map(unicode.ToLower), norm.NFC)
	folded, _, err := transform.String(strip, s)
	if err != nil { // only for a text that is not valid UTF-8
		return strings.ToLower(strings.TrimSpace(s))
	}
	return strings.TrimSpace(folded) // a mark that stands alone, such as "¨", leaves a space
}
