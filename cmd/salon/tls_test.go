package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// gatewayAlone is the environment of a gateway whose services are away.
func gatewayAlone(more ...string) []string {
	env := slices.Concat(more, unreachable)
	for _, name := range serviceNames {
		env = append(env, "SALON_"+strings.ToUpper(name)+"_TARGET=127.0.0.1:1")
	}
	return env
}

// writeCertificate replaces the certificate in a folder by one with this serial number, and returns who trusts it.
func writeCertificate(t *testing.T, folder string, serial int64) *x509.CertPool {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: signed}, "tls.key": {Type: "PRIVATE KEY", Bytes: key},
	} {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file+".new", pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(signed)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

// serialOf is the serial number of the certificate that a new connection gets.
func serialOf(t *testing.T, addr string) int64 {
	t.Helper()
	dialer := tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}}}
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// TestTLS: REST and gRPC are served with TLS, over HTTP/1.1 and HTTP/2; a replaced certificate is taken by new connections
// and disturbs none that is open.
func TestTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	first := writeCertificate(t, folder, 1)
	p := start(t, gatewayAlone(), "serve", "--services=gateway",
		"--tls-cert="+filepath.Join(folder, "tls.crt"), "--tls-key="+filepath.Join(folder, "tls.key"))

	get := func(client *http.Client, proto string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+p.addrs["http"]+"/readyz", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", proto, err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Proto != proto {
			t.Errorf("answered with %d over %s, want %s", resp.StatusCode, resp.Proto, proto)
		}
	}
	clientOf := func(pool *x509.CertPool, http2 bool) *http.Client {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: http2}
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	healthOf := func(pool *x509.CertPool) *grpc.ClientConn {
		t.Helper()
		conn, err := grpc.NewClient(p.addrs["grpc"], grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12})))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return conn
	}
	check := func(conn *grpc.ClientConn) {
		t.Helper()
		answer, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("gRPC health: %v, %v", answer, err)
		}
	}
	old, oldGRPC := clientOf(first, true), healthOf(first)
	get(old, "HTTP/2.0")
	get(clientOf(first, false), "HTTP/1.1")
	check(oldGRPC)
	if got := status(t, p.addrs["http"], "/readyz"); got != http.StatusBadRequest {
		t.Errorf("a request without TLS is answered with %d", got)
	}

	second := writeCertificate(t, folder, 2)
	for _, port := range []string{"http", "grpc"} {
		for deadline := time.Now().Add(30 * time.Second); serialOf(t, p.addrs[port]) != 2; {
			if time.Now().After(deadline) {
				t.Fatalf("%s: new connections get the replaced certificate", port)
			}
		}
	}
	get(clientOf(second, true), "HTTP/2.0")
	get(clientOf(second, false), "HTTP/1.1")
	check(healthOf(second))
	get(old, "HTTP/2.0") // it would not trust the second one
	check(oldGRPC)
}

// TestStopDelay: a process that stops says so to probes, and goes on taking calls on new connections for a while. A connection that
// is kept is closed after an answer.
func TestStopDelay(t *testing.T) {
	t.Parallel()
	const delay = 2 * time.Second
	p := start(t, gatewayAlone("SALON_LIMIT_ADDRESS=0"), "serve", "--services=gateway", "--stop-delay="+delay.String())
	kept := &http.Client{Transport: &http.Transport{}}
	closes := func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.addrs["http"]+"/livez", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := kept.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		_, _ = io.Copy(io.Discard, resp.Body)
		return resp.Close
	}
	if closes() {
		t.Error("a connection is closed after an answer")
	}
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	fresh := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answers := func(path string) int {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+p.addrs["http"]+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := fresh.Do(req)
		if err != nil {
			t.Fatalf("%s after the signal: %v", time.Since(begin), err)
		}
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for answers("/readyz") == http.StatusOK {
		if time.Since(begin) > delay/2 {
			t.Fatal("the probes still say yes")
		}
	}
	if !closes() {
		t.Error("a connection is kept while the process stops")
	}
	for time.Since(begin) < delay/2 {
		if got := answers("/openapi.json"); got != http.StatusOK {
			t.Fatalf("a call is answered with %d", got)
		}
	}
	if err := p.wait(); err != nil || time.Since(begin) < delay {
		t.Errorf("ended after %s with %v: %s", time.Since(begin), err, &p.errors)
	}
}
