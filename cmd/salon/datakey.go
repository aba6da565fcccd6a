package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/beauty-salon/platform/internal/secret"
)

// keptKey returns the secret of a data directory, which is the given one if it has none yet.
func keptKey(dir string, given secret.Text) (secret.Text, error) {
	if given == "" {
		return keyFile(dir)
	}
	path := filepath.Join(dir, "secret-key")
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case errors.Is(err, os.ErrExist):
		kept, err := keyFile(dir)
		if err == nil && strings.TrimSpace(kept.Reveal()) != strings.TrimSpace(given.Reveal()) {
			err = fmt.Errorf("%s has another secret key than --secret-key: remove one of the two", path)
		}
		return given, err
	case err != nil:
		return "", fmt.Errorf("secret key of the data directory: %w", err)
	}
	_, err = f.WriteString(given.Reveal())
	return given, errors.Join(err, f.Close())
}

// keyFile returns the secret of a data directory. The first call makes it.
func keyFile(dir string) (secret.Text, error) {
	path := filepath.Join(dir, "secret-key")
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		master := make([]byte, secret.MinMasterLen)
		_, _ = rand.Read(master) // never fails (crypto/rand)
		data = []byte(hex.EncodeToString(master))
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("secret key of the data directory: %w", err)
	}
	return secret.Text(data), nil
}
