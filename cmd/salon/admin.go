package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/user"
)

type adminCmd struct {
	Create      adminCreateCmd `cmd:"" help:"Create an administrator, or make an account an administrator."`
	DeadLetters deadLettersCmd `cmd:"" help:"Events that a consumer has stopped trying."`
}

// databaseFlags are the flags of tasks that work on the database alone.
type databaseFlags struct {
	secretFlags
	DatabaseURL    secret.Text `help:"PostgreSQL, as for salon serve." required:""`
	DatabasePooled bool        `help:"The database URL leads to a pooler in transaction mode, as for salon serve."`
}

// open connects to the database as a service.
func (f databaseFlags) open(d service.Definition) (*postgres.DB, error) {
	keys, _, err := f.keys()
	if err != nil {
		return nil, err
	}
	return postgres.Open(postgres.Config{URL: f.DatabaseURL, MaxConns: 2, Pooled: f.DatabasePooled}, keys, d.Migrations.Service)
}

type adminCreateCmd struct {
	databaseFlags
	Email       string `help:"E-mail address to sign in with." required:""`
	DisplayName string `help:"Name that others see." default:"Administrator"`
	Promote     bool   `help:"Make an existing account an administrator; its password stays the same."`
}

// Run makes the account. The password is read from SALON_ADMIN_PASSWORD or from standard input, because every user
// of the machine can see arguments.
func (c *adminCreateCmd) Run(ctx context.Context) error {
	password, err := adminPassword()
	if err == nil && password == "" && !c.Promote {
		password, err = askPassword(ctx, os.Stdin, os.Stderr)
	}
	if err != nil {
		return err
	}
	db, err := c.open(user.Definition)
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := user.CreateAdmin(ctx, db, auth.NewPasswords(auth.PasswordConfig{}), time.Now(), c.Email, c.DisplayName, password, c.Promote)
	if err != nil {
		return fmt.Errorf("create %s: %w", c.Email, err)
	}
	fmt.Println(id)
	return nil
}

// createFirstAdmin makes an administrator when there are no accounts, and reports whether it did. begin, which may
// be nil, runs before the account is made.
func createFirstAdmin(ctx context.Context, url secret.Text, keys *secret.Keys, begin func() error,
	email, displayName, password string,
) (made bool, err error) {
	db, err := postgres.Open(postgres.Config{URL: url, MaxConns: 1}, keys, user.Definition.Migrations.Service)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if has, err := user.HasAccounts(ctx, db); err != nil || has {
		return false, err
	}
	if begin != nil {
		if err := begin(); err != nil {
			return false, err
		}
	}
	_, err = user.CreateAdmin(ctx, db, auth.NewPasswords(auth.PasswordConfig{}), time.Now(), email, displayName, password, false)
	return err == nil, err
}

// makeFirstAdmin makes an administrator with the password of the environment, unless there are accounts.
func makeFirstAdmin(ctx context.Context, url secret.Text, keys *secret.Keys, email string) error {
	password, err := adminPassword()
	if err != nil {
		return err
	}
	made, err := createFirstAdmin(ctx, url, keys, nil, email, "Administrator", password)
	switch {
	case err != nil:
		return fmt.Errorf("create %s: %w", email, err)
	case made:
		fmt.Printf("%s is an administrator now\n", email)
	default:
		fmt.Println("there are accounts: no administrator was made")
	}
	return nil
}

type deadLettersCmd struct {
	List   deadLettersListCmd   `cmd:"" help:"List dead letters, newest first."`
	Replay deadLettersReplayCmd `cmd:"" help:"Handle a dead letter again."`
}

type deadLettersListCmd struct {
	databaseFlags
	Limit int `help:"The most dead letters of a service to list." default:"100"`
}

// Run lists the dead letters of all services.
func (c *deadLettersListCmd) Run(ctx context.Context) error {
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SERVICE\tID\tCONSUMER\tEVENT\tFAILED\tERROR")
	for _, d := range definitions {
		db, err := c.open(d)
		if err != nil {
			return err
		}
		letters, err := events.ListDeadLetters(ctx, db, c.Limit)
		db.Close()
		if err != nil {
			return fmt.Errorf("dead letters of %s: %w", d.Name, err)
		}
		for _, l := range letters {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%.80q\n", d.Name, l.ID, l.Consumer, l.Event.Type,
				l.FailTime.Format(time.RFC3339), l.Error)
		}
	}
	return w.Flush()
}

type deadLettersReplayCmd struct {
	databaseFlags
	Service string `arg:"" help:"The service of the dead letter." enum:"${services}"`
	ID      string `arg:"" help:"The id of the dead letter."`
}

// Run requests that a dead letter is handled again.
func (c *deadLettersReplayCmd) Run(ctx context.Context) error {
	d, ok := definition(c.Service)
	if !ok { // the flag's enum excludes it
		return fmt.Errorf("there is no service %q", c.Service)
	}
	db, err := c.open(d)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := events.ReplayDeadLetter(ctx, db, c.ID); err != nil {
		return fmt.Errorf("replay %s: %w", c.ID, err)
	}
	fmt.Println("will be handled again")
	return nil
}
