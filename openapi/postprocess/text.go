package main

import (
	"regexp"
	"strings"
)

// fieldName finds names in the contract's spelling, and the quoted values between which they are left alone:
// "start_time desc" is what a client sends.
var fieldName = regexp.MustCompile(`"[^"]*"|\b[a-z]+(?:_[a-z]+)+\b`)

// restDetails are what problems show instead of the details that gRPC's errors carry.
var restDetails = strings.NewReplacer("google.rpc.BadRequest", "`errors`", "google.rpc.RetryInfo", "`Retry-After`")

// restText is a comment as a user of REST reads it: in paragraphs, and with the names that JSON has.
func restText(comment string) string {
	return fieldName.ReplaceAllStringFunc(restDetails.Replace(paragraphs(comment)), func(s string) string {
		if strings.HasPrefix(s, `"`) {
			return s
		}
		return camel(s)
	})
}

// endOfClause is where the short form of a comment ends.
var endOfClause = regexp.MustCompile(`[.;:](\s|$)`)

// withoutSubject drops what a comment begins with by Go's custom: "GetMaster returns a master's profile." becomes "Returns
// a master's profile.", and "User is an account." becomes "An account."
func withoutSubject(name, comment string) string {
	text := restText(comment)
	if rest, ok := strings.CutPrefix(text, name+" "); ok {
		text = sentence(strings.TrimPrefix(rest, "is "))
	}
	return text
}

// maxSummary is how many bytes of a summary fit on one line of the page. A longer one ends at a comma before.
const maxSummary = 100

// summarize makes a summary and a description of a method's comment. The description is empty when it would only repeat
// the summary.
func summarize(name, comment string) (summary, description string) {
	text := withoutSubject(name, comment)
	summary = text
	if end := endOfClause.FindStringIndex(text); end != nil {
		summary = text[:end[0]]
	}
	if len(summary) > maxSummary {
		if comma := strings.LastIndex(summary[:maxSummary], ", "); comma > 0 {
			summary = summary[:comma]
		}
	}
	if strings.TrimSuffix(text, ".") == summary {
		return summary, ""
	}
	return summary, text
}
