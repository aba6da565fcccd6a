package secret

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	redacted   = "[redacted]"
	filePrefix = "file:"
)

// Text is a configuration value that prints, logs and marshals as "[redacted]". In text form, "file:/path" stands
// for the content of that file, without the line break at its end. Docker and Kubernetes provide secrets as files.
type Text string

// Reveal returns the value itself.
func (t Text) Reveal() string { return string(t) }

// String returns "[redacted]", or "" for an empty value.
func (t Text) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// Format prints what String returns, whatever the verb.
func (t Text) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, t.String())
}

// MarshalText returns what String returns.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalJSON returns what String returns, quoted.
func (t Text) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// UnmarshalText accepts the value itself or "file:/path". It fails when the file cannot be read or is empty.
func (t *Text) UnmarshalText(b []byte) error {
	path, isFile := strings.CutPrefix(string(b), filePrefix)
	if !isFile {
		*t = Text(b)
		return nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	value := strings.TrimRight(string(content), "\r\n")
	if value == "" {
		return fmt.Errorf("secret: %s is empty", path)
	}
	*t = Text(value)
	return nil
}
