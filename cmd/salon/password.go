package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/beauty-salon/platform/internal/secret"
)

// passwordVariable has the password of a new administrator. It is no flag, because every user can read the command line of a process.
const passwordVariable = "SALON_ADMIN_PASSWORD"

// adminPassword returns SALON_ADMIN_PASSWORD, which may name a file like all secrets; "" when it is not set.
func adminPassword() (string, error) {
	var password secret.Text
	if err := password.UnmarshalText([]byte(os.Getenv(passwordVariable))); err != nil {
		return "", fmt.Errorf(passwordVariable+": %w", err)
	}
	return password.Reveal(), nil
}

// askPassword reads a line until ctx ends. A terminal shows a prompt and does not show the password.
func askPassword(ctx context.Context, in *os.File, out io.Writer) (string, error) {
	read := func() (string, error) {
		line, err := bufio.NewReader(in).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil // the last line may end without a line break
		}
		return strings.TrimRight(line, "\r\n"), err
	}
	if fd := int(in.Fd()); term.IsTerminal(fd) {
		before, err := term.GetState(fd)
		if err != nil {
			return "", err
		}
		fmt.Fprint(out, "Password: ")
		defer fmt.Fprintln(out) // the terminal did not show the line break
		defer func() { _ = term.Restore(fd, before) }()
		read = func() (string, error) {
			line, err := term.ReadPassword(fd)
			return string(line), err
		}
	}
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		line, err := read()
		answered <- answer{line, err}
	}()
	select {
	case a := <-answered:
		if a.err != nil || a.line == "" {
			return "", errors.New("no password: set " + passwordVariable + " or type one")
		}
		return a.line, nil
	case <-ctx.Done():
		return "", errors.New("no password was typed")
	}
}
