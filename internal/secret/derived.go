package secret

import (
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Derived are the keys that one process needs, as text that the process gets instead of the master key.
type Derived struct {
	// Services are the names of what the process may run.
	Services []string
	// Keys are the keys for the purposes of the services.
	Keys *Keys
	// Previous are those from before the last change of the master key, or nil.
	Previous *Keys
}

// derivedText is the text form of Derived. Keys are in hex, by purpose.
type derivedText struct {
	Services []string  `json:"services"`
	Keys     keysText  `json:"keys"`
	Previous *keysText `json:"previous,omitempty"`
}

type keysText struct {
	Secret map[string]string `json:"secret"`
	Public map[string]string `json:"public"`
}

// Text returns the derived keys as one line of JSON.
func (d Derived) Text() (Text, error) {
	text := derivedText{Services: d.Services}
	var err error
	if text.Keys, err = textOf(d.Keys); err != nil {
		return "", err
	}
	if d.Previous != nil {
		previous, err := textOf(d.Previous)
		if err != nil {
			return "", err
		}
		text.Previous = &previous
	}
	line, err := json.Marshal(text)
	if err != nil {
		return "", fmt.Errorf("secret: %w", err)
	}
	return Text(line), nil
}

// ParseDerived reads what [Derived.Text] has written. Its errors have nothing of the text.
func ParseDerived(t Text) (d Derived, err error) {
	decoder := json.NewDecoder(strings.NewReader(t.Reveal()))
	decoder.DisallowUnknownFields()
	var text derivedText
	if decoder.Decode(&text) != nil || decoder.More() || len(text.Services) == 0 {
		return d, errors.New("secret: derived secrets are not what `salon secrets derive` prints")
	}
	d.Services = text.Services
	if d.Keys, err = text.Keys.keys(); err != nil {
		return d, err
	}
	if text.Previous != nil {
		d.Previous, err = text.Previous.keys()
	}
	return d, err
}

func textOf(k *Keys) (keysText, error) {
	if k.All() {
		return keysText{}, errors.New("secret: the master key is not written")
	}
	text := keysText{Secret: map[string]string{}, Public: map[string]string{}}
	for purpose, key := range k.some {
		text.Secret[purpose] = hex.EncodeToString(key[:])
	}
	for purpose, key := range k.public {
		text.Public[purpose] = hex.EncodeToString(key)
	}
	return text, nil
}

func (t keysText) keys() (*Keys, error) {
	k := &Keys{some: map[string][32]byte{}, public: map[string]ed25519.PublicKey{}}
	for purpose, text := range t.Secret {
		key, err := key32(purpose, text)
		if err != nil {
			return nil, err
		}
		k.some[purpose] = key
	}
	for purpose, text := range t.Public {
		key, err := key32(purpose, text)
		if err != nil {
			return nil, err
		}
		k.public[purpose] = key[:]
	}
	return k, nil
}

func key32(purpose, text string) (key [32]byte, err error) {
	if n, err := hex.Decode(key[:], []byte(text[:min(len(text), 2*len(key))])); err != nil || n != len(key) || len(text) != 2*len(key) {
		return key, fmt.Errorf("secret: the derived key for %q is not 32 bytes of hex", purpose)
	}
	return key, nil
}
