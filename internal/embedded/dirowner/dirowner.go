// Package dirowner finds files of a data directory that belong to the wrong user, as after a copy, and gives them back
// where that is safe.
package dirowner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// User is who a directory should belong to.
type User struct{ UID, GID int }

// Current is the user of this process.
func Current() User { return User{os.Geteuid(), os.Getegid()} }

// Check returns an error when this process, of an ordinary user, cannot use dir because something in it belongs to
// somebody else. The error names both and the command that helps. Root can use everything. dir need not exist.
func Check(dir string) error {
	if os.Geteuid() == 0 {
		return nil
	}
	return walk(dir, func(path string, mode fs.FileMode, owner User) error {
		needed := uint32(unix.R_OK | unix.W_OK)
		if mode.IsDir() {
			needed |= unix.X_OK
		}
		if owner.UID == os.Geteuid() || mode&fs.ModeSymlink != 0 || unix.Access(path, needed) == nil {
			return nil
		}
		return wrong(path, dir, owner, Current())
	})
}

// Require returns an error when dir itself belongs to somebody else than u. dir need not exist.
func Require(dir string, u User) error {
	_, owner, err := ownerOf(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || owner.UID == u.UID {
		return err
	}
	return wrong(dir, dir, owner, u)
}

// Give makes u the owner of everything in dir that belongs to root, as root's copy of a directory does. It returns an
// error when something belongs to a third user: root must not take that from its owner unasked. Only root may call it.
// dir need not exist.
func Give(dir string, u User) error {
	return walk(dir, func(path string, _ fs.FileMode, owner User) error {
		switch owner.UID {
		case u.UID:
			return nil
		case 0:
			return os.Lchown(path, u.UID, u.GID)
		default:
			return wrong(path, dir, owner, u)
		}
	})
}

// walk calls fn for dir and everything in it, before it enters a directory.
func walk(dir string, fn func(path string, mode fs.FileMode, owner User) error) error {
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		mode, owner, statErr := ownerOf(path)
		if errors.Is(statErr, fs.ErrNotExist) {
			return nil
		}
		if statErr != nil {
			return statErr
		}
		if wrong := fn(path, mode, owner); wrong != nil {
			return wrong
		}
		return err
	})
}

func ownerOf(path string) (fs.FileMode, User, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return 0, User{}, err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, User{}, fmt.Errorf("%s has no owner", path)
	}
	return info.Mode(), User{int(stat.Uid), int(stat.Gid)}, nil
}

func wrong(path, dir string, have, want User) error {
	return fmt.Errorf("%s belongs to user %s, not to %s, who has to own it (was the directory copied?): run `sudo chown -R %d:%d %s`",
		path, name(have), name(want), want.UID, want.GID, dir)
}

// name is a user's name and id, or only the id.
func name(u User) string {
	id := strconv.Itoa(u.UID)
	if entry, err := user.LookupId(id); err == nil {
		return entry.Username + " (" + id + ")"
	}
	return id
}
