package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	dumpName     = "database.dump"
	manifestName = "manifest.json"
	// blockSize is that of tar. The dump is the first entry, so it begins after one block.
	blockSize = 512
	// namePattern matches the names that Create gives to files. They sort by time.
	namePattern = "salon-*.tar"
	nameLayout  = "salon-20060102T150405Z.tar"
	// maxManifest is far above the size of any manifest, in bytes.
	maxManifest = 16 << 20
)

// filePath returns where a backup of now belongs: out itself, or a new name in it where out is a directory.
func filePath(out string, now time.Time) (string, error) {
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if dir := filepath.Dir(out); !isDir(dir) {
			return "", fmt.Errorf("the directory %s does not exist", dir)
		}
		return out, nil
	case err != nil:
		return "", err
	case info.IsDir():
		return filepath.Join(out, now.UTC().Format(nameLayout)), nil
	}
	return "", fmt.Errorf("%s is there already: choose another name, or a directory", out)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// write makes the file. dump writes the dump and completes the manifest except for size and hash.
func write(path string, m *Manifest, dump func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, file.Close(), os.Remove(file.Name()))
		}
	}()
	// The size of the dump is known at its end. Its header is written then.
	if _, err := file.Seek(blockSize, io.SeekStart); err != nil {
		return err
	}
	sum, counted := sha256.New(), &counter{}
	out := &attempts{Writer: io.MultiWriter(file, sum, counted)}
	if err := dump(out); out.failed != nil {
		return out.failed // of which pg_dump only knows that nobody reads it any more
	} else if err != nil {
		return err
	}
	m.Size, m.SHA256 = counted.n, hex.EncodeToString(sum.Sum(nil))
	content, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if _, err := file.Write(make([]byte, (blockSize-m.Size%blockSize)%blockSize)); err != nil {
		return err
	}
	w := tar.NewWriter(file)
	if err := w.WriteHeader(header(manifestName, int64(len(content)), m.Time)); err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	var first bytes.Buffer
	if err := tar.NewWriter(&first).WriteHeader(header(dumpName, m.Size, m.Time)); err != nil {
		return err
	}
	if _, err := file.WriteAt(first.Bytes(), 0); err != nil {
		return err
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// header describes an entry in one block, whatever its size.
func header(name string, size int64, t time.Time) *tar.Header {
	return &tar.Header{Name: name, Mode: 0o600, Size: size, ModTime: t.Truncate(time.Second), Format: tar.FormatGNU}
}

type counter struct{ n int64 }

// Write counts the bytes.
func (c *counter) Write(b []byte) (int, error) {
	c.n += int64(len(b))
	return len(b), nil
}

// Archive is a backup that was checked.
type Archive struct {
	// Manifest says what is in it.
	Manifest Manifest
	// Path is the file.
	Path string
	file *os.File
}

// Open opens a backup, or the newest one of a directory, and checks that the dump is what the manifest says. The caller closes it.
func Open(ctx context.Context, path string) (_ *Archive, err error) {
	if path, err = newest(path); err != nil {
		return nil, err
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			file.Close()
			err = fmt.Errorf("%s: %w", path, err)
		}
	}()
	a := &Archive{Path: path, file: file}
	r := tar.NewReader(file)
	entry, err := r.Next()
	if err != nil || entry.Name != dumpName {
		return nil, errors.New("is not a backup of Salon, or not complete")
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, cancelable{ctx, r}); err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	if entry, err = r.Next(); err != nil || entry.Name != manifestName {
		return nil, errors.New("has no manifest: it is not complete")
	}
	content, err := io.ReadAll(io.LimitReader(r, maxManifest))
	if err != nil {
		return nil, fmt.Errorf("is damaged: %w", err)
	}
	if err := json.Unmarshal(content, &a.Manifest); err != nil {
		return nil, fmt.Errorf("has a damaged manifest: %w", err)
	}
	if a.Manifest.Format != format {
		return nil, fmt.Errorf("has format %d, this program reads format %d: use the version that made it, %s",
			a.Manifest.Format, format, a.Manifest.Program)
	}
	if hex.EncodeToString(sum.Sum(nil)) != a.Manifest.SHA256 {
		return nil, errors.New("is damaged: its SHA-256 is not that of the manifest")
	}
	return a, nil
}

// dump returns the dump from its beginning.
func (a *Archive) dump() io.Reader { return io.NewSectionReader(a.file, blockSize, a.Manifest.Size) }

// Close closes the file.
func (a *Archive) Close() { a.file.Close() }

// newest returns path, or the newest backup in it where it is a directory.
func newest(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	files, err := filepath.Glob(filepath.Join(path, namePattern))
	if err != nil {
		return "", err
	}
	if len(files) == 0 {
		return "", fmt.Errorf("there is no backup %s in %s", namePattern, path)
	}
	return slices.Max(files), nil
}

// cancelable is a reader that ends with its context.
type cancelable struct {
	ctx context.Context
	r   io.Reader
}

// Read reads, or returns why the context has ended.
func (c cancelable) Read(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(b)
}

// attempts is a writer that keeps its first error.
type attempts struct {
	io.Writer

	failed error
}

// Write writes.
func (a *attempts) Write(p []byte) (int, error) {
	n, err := a.Writer.Write(p)
	if err != nil && a.failed == nil {
		a.failed = err
	}
	return n, err
}
