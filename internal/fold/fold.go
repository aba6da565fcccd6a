// Package fold makes texts comparable for search.
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
	strip := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold(), norm.NFC)
	folded, _, err := transform.String(strip, strings.TrimSpace(s))
	if err != nil { // only for a text that is not valid UTF-8
		return strings.ToLower(s)
	}
	return folded
}
