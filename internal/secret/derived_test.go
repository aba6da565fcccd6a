package secret_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/internal/secret"
)

// A process with derived keys has the same ones as a process with the master key, and no others.
func TestDerived(t *testing.T) {
	t.Parallel()
	keys, err := secret.NewKeys(master)
	if err != nil {
		t.Fatal(err)
	}
	text, err := secret.Derived{
		Services: []string{"rating"}, Keys: keys.Only([]string{"page-token", "mine"}, []string{"theirs", "mine"}),
		Previous: keys.Only([]string{"before"}, nil),
	}.Text()
	if err != nil {
		t.Fatal(err)
	}
	d, err := secret.ParseDerived(text)
	if err != nil {
		t.Fatal(err)
	}
	if d.Keys.Derive("page-token") != keys.Derive("page-token") || d.Previous.Derive("before") != keys.Derive("before") ||
		!d.Keys.SigningKey("mine").Equal(keys.SigningKey("mine")) || !d.Keys.PublicKey("mine").Equal(keys.PublicKey("mine")) ||
		!d.Keys.PublicKey("theirs").Equal(keys.PublicKey("theirs")) || !slices.Equal(d.Services, []string{"rating"}) {
		t.Error("the keys are not those of the master key")
	}
	if d.Keys.All() || !keys.All() {
		t.Error("All is wrong")
	}
	for _, tt := range []struct {
		secrets, public []string
		lacks           string
	}{
		{[]string{"page-token"}, []string{"mine", "theirs"}, ""},
		{[]string{"theirs"}, nil, "theirs"},
		{nil, []string{"theirs", "nobody's"}, "nobody's"},
	} {
		if lacks := d.Keys.Lacks(tt.secrets, tt.public); lacks != tt.lacks {
			t.Errorf("%v and %v: lacks %q, want %q", tt.secrets, tt.public, lacks, tt.lacks)
		}
	}
	if lacks := keys.Lacks([]string{"anything"}, nil); lacks != "" {
		t.Errorf("the master key lacks %q", lacks)
	}
	for name, use := range map[string]func(){
		"secret":     func() { d.Keys.Derive("theirs") },
		"public key": func() { d.Keys.PublicKey("nobody's") },
		"again":      func() { d.Keys.Only([]string{"theirs"}, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("there is a key that was not derived")
				}
			}()
			use()
		})
	}
	if _, err := (secret.Derived{Services: []string{"all"}, Keys: keys}).Text(); err == nil {
		t.Error("the master key is written")
	}
}

func TestParseDerivedRefuses(t *testing.T) {
	t.Parallel()
	const leak = "5ec2e7"
	for name, text := range map[string]string{
		"empty":        "",
		"no JSON":      leak,
		"no services":  `{"keys":{"secret":{},"public":{}}}`,
		"another word": `{"services":["a"],"key":"` + leak + `"}`,
		"more":         `{"services":["a"],"keys":{}} {}`,
		"short key":    `{"services":["a"],"keys":{"secret":{"a":"` + leak + `"}}}`,
		"long key":     `{"services":["a"],"keys":{"public":{"a":"` + strings.Repeat(leak, 11) + `"}}}`,
		"no hex":       `{"services":["a"],"previous":{"secret":{"a":"` + strings.Repeat("x", 64) + `"}}}`,
	} {
		_, err := secret.ParseDerived(secret.Text(text))
		if err == nil || strings.Contains(fmt.Sprint(err), leak) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
