package user

import (
	_ "embed" // for the list of common passwords
	"strings"
	"sync"

	"github.com/beauty-salon/platform/internal/fold"
)

// minEmbeddedLocalPart is the length in bytes of the shortest local part of an e-mail
// address that must not be part of the password. Shorter ones, such as "jo", are part of
// good passwords by chance.
const minEmbeddedLocalPart = 4

//go:embed common_passwords.txt
var commonPasswordsText string

// commonPasswords is the set of passwords that attackers try first, in lower case.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	set := map[string]struct{}{}
	for line := range strings.Lines(commonPasswordsText) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			set[line] = struct{}{}
		}
	}
	return set
})

// CheckPassword returns ErrWeakPassword with the field for a password that is one of the
// most common ones or contains the local part of the account's address (NIST SP 800-63B,
// section 3.1.1.2). The password is in the form of [fold.Password]. The contract bounds the
// length.
func CheckPassword(field, password, email string) error {
	lower := strings.ToLower(password)
	if _, common := commonPasswords()[lower]; common {
		return ErrWeakPassword.WithField(field, "is one of the most common passwords")
	}
	canonical := fold.Email(email)
	local := canonical
	if at := strings.LastIndexByte(canonical, '@'); at >= 0 {
		local = canonical[:at]
	}
	if len(local) >= minEmbeddedLocalPart && strings.Contains(lower, local) {
		return ErrWeakPassword.WithField(field, "must not contain the e-mail address")
	}
	return nil
}
