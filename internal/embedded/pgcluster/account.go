package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/beauty-salon/platform/internal/embedded/dirowner"
)

// account is the user that the server runs as.
type account struct {
	name       string
	uid, gid   int
	credential *syscall.Credential // nil: the current user
	searchAll  bool                // may enter directories without permission
}

// serverAccount returns the current user or, for root, a user that PostgreSQL accepts.
func serverAccount() (account, error) {
	if os.Geteuid() != 0 {
		return account{uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		entry, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(entry.Uid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("user id of %s: %w", name, err)
		}
		gid, err := strconv.ParseUint(entry.Gid, 10, 32)
		if err != nil {
			return account{}, fmt.Errorf("group id of %s: %w", name, err)
		}
		return account{
			name: name, uid: int(uid), gid: int(gid),
			credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)},
		}, nil
	}
	return account{}, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// ServerAttributes start a process as the user that a server runs as, for programs that do not run as root either. The kernel sends the
// process deathSignal, on Linux, when the thread that started it ends.
func ServerAttributes(deathSignal syscall.Signal) (*syscall.SysProcAttr, error) {
	account, err := serverAccount()
	if err != nil {
		return nil, err
	}
	return account.attributes(deathSignal), nil
}

// own makes the account the owner of path.
func (a account) own(path string) error {
	if a.credential == nil {
		return nil
	}
	return os.Lchown(path, a.uid, a.gid)
}

// makeDir creates a directory that only the account may enter.
func (a account) makeDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return a.own(path)
}

// CheckReachable returns an error when the user that a server would run as cannot enter dir. When root starts the
// server, a private parent such as /root excludes that user.
func CheckReachable(dir string) error {
	account, err := serverAccount()
	if err != nil {
		return err
	}
	return account.checkReachable(dir)
}

func (a account) checkReachable(dir string) error {
	if a.credential == nil {
		return nil
	}
	path, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	for {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if !a.mayEnter(info) {
			return fmt.Errorf("PostgreSQL runs as user %s, who may not enter %s: choose a data directory elsewhere, or allow it with chmod o+x %s",
				a.name, path, path)
		}
		parent := filepath.Dir(path)
		if parent == path {
			return nil
		}
		path = parent
	}
}

// mayEnter reports whether the permission bits of a directory admit the account.
func (a account) mayEnter(info os.FileInfo) bool {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true // the server will report it
	}
	switch mode := info.Mode(); {
	case int(owner.Uid) == a.uid:
		return mode&0o100 != 0
	case int(owner.Gid) == a.gid:
		return mode&0o010 != 0
	default:
		return mode&0o001 != 0
	}
}

// workDir returns the working directory of a server program: dir, unless the program can enter dir only by a
// capability, which has effect after exec and not before.
func (a account) workDir(dir string) string {
	if a.searchAll {
		return "/"
	}
	return dir
}

// checkOwner returns an error when an ordinary user cannot use the directory, because it belongs to somebody else.
func (c *Cluster) checkOwner() error {
	if c.account.credential != nil {
		return nil
	}
	if err := dirowner.Check(c.dir); err != nil {
		return err
	}
	return dirowner.Require(c.data(), c.account.user())
}

// mend gives the server back what a copy of the directory has lost: the owner, where root made the copy, and the mode
// that PostgreSQL insists on.
func (c *Cluster) mend() error {
	if c.account.credential != nil {
		for _, dir := range []string{c.data(), c.path("socket")} {
			if err := dirowner.Give(dir, c.account.user()); err != nil {
				return err
			}
		}
	}
	info, err := os.Stat(c.data())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil || info.Mode().Perm()&^0o750 == 0 {
		return err
	}
	return os.Chmod(c.data(), 0o700) //nolint:gosec // a directory, with the mode that PostgreSQL gives it
}

func (a account) user() dirowner.User { return dirowner.User{UID: a.uid, GID: a.gid} }
