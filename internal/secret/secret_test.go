package secret_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/beauty-salon/platform/internal/secret"
)

var master = []byte("0123456789abcdef0123456789abcdef")

func TestKeys(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeys(master)
	if err != nil {
		t.Fatal(err)
	}
	again, err := secret.NewKeys(bytes.Clone(master))
	if err != nil {
		t.Fatal(err)
	}
	other, err := secret.NewKeys(bytes.Repeat([]byte{7}, 64))
	if err != nil {
		t.Fatal(err)
	}
	if keys.Derive("page-token") != again.Derive("page-token") {
		t.Error("the same purpose gives two keys")
	}
	if keys.Derive("page-token") == keys.Derive("signing-key") {
		t.Error("two purposes share a key")
	}
	if keys.Derive("page-token") == other.Derive("page-token") {
		t.Error("two installations share a key")
	}
	// A key that changes between versions locks everybody out: the database's passwords are derived too.
	key := keys.Derive("page-token")
	const want = "6def0cfc66ab34967936204c4fed72eec055f000ce9671415d11342fc28a2188"
	if got := hex.EncodeToString(key[:]); got != want {
		t.Errorf("the derivation has changed: %s", got)
	}
}

func TestShortMaster(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 16, 31} {
		if _, err := secret.NewKeys(make([]byte, n)); err == nil {
			t.Errorf("%d bytes are accepted", n)
		}
	}
}

func TestNothingIsShown(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeys(master)
	if err != nil {
		t.Fatal(err)
	}
	config := struct {
		URL  secret.Text
		Keys *secret.Keys
	}{"postgres://salon:hunter2@db/salon", keys}
	var shown []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%t"} {
		shown = append(shown, fmt.Sprintf(verb, config), fmt.Sprintf(verb, config.URL), fmt.Sprintf(verb, config.Keys))
	}
	asJSON, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	logger := zerolog.New(&log)
	logger.Info().Interface("config", config).Stringer("url", config.URL).Any("url", config.URL).Msg("")
	shown = append(shown, string(asJSON), log.String(), config.URL.String())
	for _, s := range shown {
		for _, leak := range []string{"hunter2", hex.EncodeToString([]byte("hunter2")), "104 117", "48 49 50"} {
			if strings.Contains(strings.ToLower(s), leak) {
				t.Errorf("%q shows the secret", s)
			}
		}
	}
	if config.URL.Reveal() != "postgres://salon:hunter2@db/salon" {
		t.Error("Reveal does not")
	}
	if s := fmt.Sprint(secret.Text("")); s != "" {
		t.Errorf("nothing prints as %q", s)
	}
}

func TestUnmarshalText(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, tt := range []struct{ in, want string }{
		{"plain", "plain"},
		{"", ""},
		{"file:" + write("a", "s3cret\n"), "s3cret"},
		{"file:" + write("b", "s3cret\r\n"), "s3cret"},
		{"file:" + write("c", " spaces stay "), " spaces stay "},
	} {
		var got secret.Text
		if err := got.UnmarshalText([]byte(tt.in)); err != nil {
			t.Errorf("%q: %v", tt.in, err)
		}
		if got.Reveal() != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got.Reveal(), tt.want)
		}
	}
	for _, in := range []string{"file:" + filepath.Join(dir, "missing"), "file:" + write("empty", "\n")} {
		var got secret.Text
		if err := got.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q gives %q", in, got.Reveal())
		}
	}
}
