package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// derivedFor are the derived secrets of a process that runs services, made by the command.
func derivedFor(t *testing.T, services ...string) derivedFlags {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "secrets")
	c := secretsDeriveCmd{secretFlags: secretFlags{SecretKey: strong}, Service: services, Dir: dir}
	if err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != len(services) {
		t.Fatalf("wrote %v, %v", files, err)
	}
	info, err := files[0].Info()
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	var f derivedFlags
	if err := f.DerivedSecrets.UnmarshalText([]byte("file:" + filepath.Join(dir, services[0]))); err != nil {
		t.Fatal(err)
	}
	return f
}

// Each process has what it needs, and nothing with which it could be another one.
func TestDerivedSecretsOfAService(t *testing.T) {
	t.Parallel()
	all, err := secret.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range everything.names() {
		runs, err := parseServices([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		keys, previous, err := processKeys(secretFlags{}, derivedFor(t, name), runs)
		if err != nil || previous != nil {
			t.Fatalf("%s: %v, %v", name, previous, err)
		}
		// Making the parts fails where one derives a key that was not declared.
		auth.NewVerifier(keys, nil, nil)
		auth.NewServiceCredential(keys, nil, runs.peers(), nil)
		for _, other := range definitions {
			for _, purpose := range []string{postgres.RolePurpose(other.Migrations.Service), auth.ServicePurpose(other.Name)} {
				if has := keys.Lacks([]string{purpose}, nil) == ""; has != (other.Name == name) {
					t.Errorf("%s has the key %s: %v", name, purpose, has)
				}
			}
		}
		if signs := keys.Lacks([]string{auth.SigningPurpose}, nil) == ""; signs != (name == "user") {
			t.Errorf("%s can sign access tokens: %v", name, signs)
		}
		for _, purpose := range []string{"service-token", "database-role-mark", "backup-mark"} {
			if keys.Lacks([]string{purpose}, nil) == "" {
				t.Errorf("%s has the key %s", name, purpose)
			}
		}
		if keys.PublicKey(auth.SigningPurpose).Equal(all.PublicKey(auth.SigningPurpose)) {
			t.Error("the keys are those of another secret")
		}
	}
}

func TestDerivedSecretsAreRefused(t *testing.T) {
	t.Parallel()
	rating := selection{services: []string{"rating"}}
	for _, tt := range []struct {
		name    string
		master  secretFlags
		derived derivedFlags
		runs    selection
		want    string
	}{
		{"those of another service", secretFlags{}, derivedFor(t, "user"), rating, "salon secrets derive --service=rating"},
		{"for more than they are for", secretFlags{}, derivedFor(t, "rating"), everything, "lack"},
		{"beside the secret key", secretFlags{SecretKey: strong}, derivedFor(t, "rating"), rating, "exclude each other"},
		{"nonsense", secretFlags{}, derivedFlags{DerivedSecrets: strong}, rating, "salon secrets derive"},
		{"nothing", secretFlags{}, derivedFlags{}, rating, "SALON_SECRET_KEY"},
	} {
		if _, _, err := processKeys(tt.master, tt.derived, tt.runs); err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), strong) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	for _, bad := range []secretsDeriveCmd{
		{Service: []string{"user"}},
		{secretFlags: secretFlags{SecretKey: strong}, Service: []string{"hair"}},
	} {
		if err := bad.Run(t.Context()); err == nil {
			t.Errorf("%v is accepted", bad.Service)
		}
	}
}

// After a change of the secret, the derived secrets have the keys of before too.
func TestDerivedSecretsOfBefore(t *testing.T) {
	t.Parallel()
	current, before, err := secretFlags{SecretKey: strong, SecretKeyPrevious: testKey}.keys()
	if err != nil {
		t.Fatal(err)
	}
	runs := selection{services: []string{"user"}, gateway: true}
	text, err := derive(current, before, runs)
	if err != nil {
		t.Fatal(err)
	}
	keys, previous, err := processKeys(secretFlags{}, derivedFlags{DerivedSecrets: text}, runs)
	if err != nil {
		t.Fatal(err)
	}
	if !keys.PublicKey(auth.SigningPurpose).Equal(current.PublicKey(auth.SigningPurpose)) ||
		!previous.PublicKey(auth.SigningPurpose).Equal(before.PublicKey(auth.SigningPurpose)) {
		t.Error("the keys are not those of the secrets")
	}
}
