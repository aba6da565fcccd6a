package pgcluster

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

// followPrimary copies the primary into a new data directory, and configures the copy as a standby that streams from it. It
// returns the password of the superuser, which is that of the primary.
func (c *Cluster) followPrimary(ctx context.Context, primary string) (string, error) {
	address, err := url.Parse(primary)
	if err != nil {
		return "", errors.New("the address of the primary is not a URL")
	}
	password, _ := address.User.Password()
	if _, err := os.Stat(c.data()); err == nil {
		return password, nil
	}
	if err := c.account.makeDir(c.data()); err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "pg_basebackup"),
		"--dbname="+primary, "--pgdata="+c.data(), "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	cmd.Dir = c.account.workDir(c.data())
	cmd.Env = environment()
	cmd.SysProcAttr = c.account.attributes(syscall.SIGTERM)
	// The death signal follows the thread, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("pg_basebackup: %w: %s", err, lastLine(string(out))), os.RemoveAll(c.data()))
	}
	return password, nil
}
