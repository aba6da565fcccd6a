package pgcluster

import (
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestCopyWithoutItsOwners: what root has copied is given back to the server's user, what somebody else has copied is not.
func TestCopyWithoutItsOwners(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can change owners")
	}
	dir := publicDir(t)
	stop(t, start(t, dir))
	own := func(uid int) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, uid)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	own(0)
	if err := os.Chmod(filepath.Join(dir, "data"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := start(t, dir)
	check(t, c)
	stop(t, c)

	const stranger = 54321
	own(stranger)
	account, err := serverAccount()
	if err != nil {
		t.Fatal(err)
	}
	got := refused(t, dir)
	data := filepath.Join(dir, "data")
	for _, want := range []string{
		data, "belongs to user 54321", account.name + " (" + strconv.Itoa(account.uid) + ")",
		"sudo chown -R " + strconv.Itoa(account.uid) + ":" + strconv.Itoa(account.gid) + " " + data,
	} {
		if !strings.Contains(got, want) || strings.Contains(got, "\n") {
			t.Errorf("error %q lacks %q, or is more than a line", got, want)
		}
	}
}
