package certificate

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// written counts the files that were written.
var written atomic.Int64

// write replaces both files by a new certificate with this name, or only one of them where the other is "".
func write(t *testing.T, name, cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	bytesOfKey, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: bytesOfKey},
	} {
		if path == "" {
			continue
		}
		if err := os.WriteFile(path+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		// Each in its own instant: file systems may round the time of two writes to the same one.
		at := time.Unix(written.Add(1), 0)
		if err := os.Chtimes(path+".new", at, at); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFiles(t *testing.T) {
	t.Parallel()
	cert, key := filepath.Join(t.TempDir(), "tls.crt"), filepath.Join(t.TempDir(), "tls.key")
	var log bytes.Buffer
	if _, err := Load(cert, key, zerolog.Nop()); err == nil {
		t.Error("files that are not there are accepted")
	}
	write(t, "first", cert, key)
	f, err := Load(cert, key, zerolog.New(&log))
	if err != nil {
		t.Fatal(err)
	}
	clock := time.Now()
	f.now = func() time.Time { return clock }
	want := func(name string) {
		t.Helper()
		served, err := f.Config("h2").GetCertificate(nil)
		if err != nil || served.Leaf.Subject.CommonName != name {
			t.Errorf("served %s (%v), want %s", served.Leaf.Subject.CommonName, err, name)
		}
	}
	want("first")
	write(t, "second", cert, key)
	want("first") // the files were looked at just now
	clock = clock.Add(checkPause)
	want("second")

	// A key of another certificate: nothing is served with it, and it is said once.
	log.Reset()
	write(t, "third", "", key)
	for range 3 {
		clock = clock.Add(checkPause)
		want("second")
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("%d lines: %s", n, &log)
	}
	write(t, "fourth", cert, key)
	clock = clock.Add(checkPause)
	want("fourth")

	log.Reset()
	if err := os.Remove(cert); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		clock = clock.Add(checkPause)
		want("fourth")
	}
	if n := strings.Count(log.String(), "cannot be used"); n != 1 {
		t.Errorf("%d lines: %s", n, &log)
	}
}
