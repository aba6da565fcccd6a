package auth

import "strings"

// BearerToken returns the token of the value of an Authorization header, "" when it is not the scheme Bearer, in any
// case, one or more spaces and one token (RFC 9110, section 11.4; RFC 6750, section 2.1).
func BearerToken(value string) string {
	scheme, rest, _ := strings.Cut(value, " ")
	token := strings.Trim(rest, " ")
	if !strings.EqualFold(scheme, "Bearer") || strings.ContainsAny(token, " ,\t") {
		return ""
	}
	return token
}
