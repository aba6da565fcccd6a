package postgres

import "strings"

// wildcards are what LIKE reads as such.
var wildcards = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// Containing returns the LIKE pattern of texts that hold this one literally.
func Containing(text string) string { return "%" + wildcards.Replace(text) + "%" }
