package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
)

// derivedFlags have the secrets of one process.
type derivedFlags struct {
	DerivedSecrets secret.Text `help:"Instead of the secret key: what salon secrets derive printed for the services of this process, or file:/path."`
}

// processKeys returns the keys of a process; previous is nil when there is none.
func (c appConfig) processKeys() (current, previous *secret.Keys, err error) {
	return processKeys(c.secretFlags, c.derivedFlags, c.runs)
}

func processKeys(master secretFlags, derived derivedFlags, runs selection) (current, previous *secret.Keys, err error) {
	if derived.DerivedSecrets == "" {
		return master.keys()
	}
	if master.SecretKey != "" || master.SecretKeyPrevious != "" {
		return nil, nil, errors.New("--secret-key and --derived-secrets exclude each other: a process with derived secrets must not have the key")
	}
	d, err := secret.ParseDerived(derived.DerivedSecrets)
	if err != nil {
		return nil, nil, fmt.Errorf("--derived-secrets: %w", err)
	}
	secrets, public := purposes(runs)
	for _, keys := range []*secret.Keys{d.Keys, d.Previous} {
		if keys == nil {
			continue
		}
		if purpose := keys.Lacks(secrets, public); purpose != "" {
			return nil, nil, fmt.Errorf("--derived-secrets: they are for %s and lack the key %q: run salon secrets derive --service=%s of this version",
				strings.Join(d.Services, ","), purpose, strings.Join(runs.names(), ","))
		}
	}
	return d.Keys, d.Previous, nil
}

// names are the services of a selection, with the gateway.
func (s selection) names() []string {
	if s.gateway {
		return append(slices.Clone(s.services), gatewayName)
	}
	return s.services
}

// peers says who calls whom, for a process that runs the selection.
func (s selection) peers() auth.Peers {
	return auth.Peers{
		Own: s.names(), All: everything.names(),
		Calls: func(caller, callee string) bool { return slices.Contains(callees(caller), callee) },
	}
}

// purposes are those of the keys that a process needs: the keys that it must keep secret, and those of others, of which it needs the
// public half.
func purposes(runs selection) (secrets, public []string) {
	for _, name := range runs.names() {
		secrets = append(secrets, auth.ServicePurpose(name))
	}
	for _, name := range runs.services {
		d, _ := definition(name)
		secrets = append(secrets, postgres.RolePurpose(d.Migrations.Service), pagetoken.Purpose, idempotency.Purpose)
		secrets = append(secrets, d.Purposes...)
	}
	public = append(public, auth.SigningPurpose)
	for _, name := range everything.names() {
		public = append(public, auth.ServicePurpose(name))
	}
	return secrets, public
}

type secretsCmd struct {
	Derive secretsDeriveCmd `cmd:"" help:"Print the secrets that a process needs, made from the secret key. With them it can be no other service."`
}

type secretsDeriveCmd struct {
	secretFlags
	Service []string `help:"What the process runs: some of gateway, ${serviceList}." required:""`
	Dir     string   `help:"Instead of printing: write a file for each service into this directory, which only its owner can read." type:"path"`
}

// Run prints the derived secrets of one process, or writes a file for each service.
func (c *secretsDeriveCmd) Run(context.Context) error {
	runs, err := parseServices(c.Service)
	if err != nil {
		return err
	}
	keys, previous, err := c.keys()
	if err != nil {
		return err
	}
	if c.Dir == "" {
		text, err := derive(keys, previous, runs)
		if err != nil {
			return err
		}
		fmt.Println(text.Reveal())
		return nil
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	for _, name := range runs.names() {
		one, err := parseServices([]string{name})
		if err != nil {
			return err
		}
		text, err := derive(keys, previous, one)
		if err != nil {
			return err
		}
		if err := writeSecret(filepath.Join(c.Dir, name), text); err != nil {
			return err
		}
	}
	return nil
}

// derive returns the secrets of a process that runs the selection.
func derive(keys, previous *secret.Keys, runs selection) (secret.Text, error) {
	secrets, public := purposes(runs)
	d := secret.Derived{Services: runs.names(), Keys: keys.Only(secrets, public)}
	if previous != nil {
		d.Previous = previous.Only(secrets, public)
	}
	return d.Text()
}

// writeSecret replaces a file that only its owner can read. A process that reads it meanwhile gets the old one or the new one.
func writeSecret(path string, text secret.Text) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("--dir: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("--dir: %w", err), os.Remove(f.Name()))
		}
	}()
	if _, err := f.WriteString(text.Reveal() + "\n"); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
