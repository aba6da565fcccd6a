package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// scramIterations is what PostgreSQL itself uses. The passwords are 256-bit keys,
// so more of them would only slow down connecting.
const scramIterations = 4096

// saltSize is what PostgreSQL itself uses, in bytes.
const saltSize = 16

// scramVerifier makes what PostgreSQL stores for a password (RFC 5803). Sending
// this instead of the password keeps the password out of the server's log. A
// password always has the same salt: a pooler that has signed in with it can go
// on when Bootstrap sets the password again. The passwords are random keys, so
// that nobody gains by a salt that can be foreseen.
func scramVerifier(password string) (string, error) {
	salt := hmacSHA256([]byte(password), "SCRAM salt")[:saltSize]
	salted, err := pbkdf2.Key(sha256.New, password, salt, scramIterations, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("derive a SCRAM key: %w", err)
	}
	stored := sha256.Sum256(hmacSHA256(salted, "Client Key"))
	encode := base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s",
		scramIterations, encode(salt), encode(stored[:]), encode(hmacSHA256(salted, "Server Key"))), nil
}

func hmacSHA256(key []byte, message string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(message))
	return mac.Sum(nil)
}
