package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/beauty-salon/platform/gateway"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/log"
	"github.com/beauty-salon/platform/internal/ratelimit"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/internal/zoneinfo"
)

// logFlags configure the log.
type logFlags struct {
	LogLevel  string `help:"Lowest level that is logged: debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	LogFormat string `help:"Format of the log and the access log on stdout: json for machines, console for people." default:"${logFormat=json}" enum:"json,console"`
}

func (f logFlags) config() log.Config { return log.Config{Level: f.LogLevel, Format: f.LogFormat} }

// secretFlags have the secret from which all others are derived.
type secretFlags struct {
	SecretKey         secret.Text `help:"At least 32 bytes as hex, or file:/path: signs tokens and derives the services' database passwords. Make one with: openssl rand -hex 32"`
	SecretKeyPrevious secret.Text `help:"The previous secret: access tokens that it signed stay valid."`
}

// firstSalonFlags describe the salon that the database gets first.
type firstSalonFlags struct {
	TimeZone string `help:"IANA time zone of the first salon, read when that salon is made. Without it, UTC." placeholder:"ZONE"`
}

// check returns an error when the time zone is not one.
func (f firstSalonFlags) check() error {
	if f.TimeZone == "" {
		return nil
	}
	if err := zoneinfo.Check(f.TimeZone); err != nil {
		return fmt.Errorf("--time-zone: %w", err)
	}
	return nil
}

// keys decodes the secrets; previous is nil when there is none.
func (f secretFlags) keys() (current, previous *secret.Keys, err error) {
	if f.SecretKey == "" {
		return nil, nil, errors.New("no secret key: set SALON_SECRET_KEY (make one with: openssl rand -hex 32)")
	}
	if current, err = decodeKeys(f.SecretKey); err != nil {
		return nil, nil, fmt.Errorf("--secret-key: %w", err)
	}
	if f.SecretKeyPrevious != "" {
		if previous, err = decodeKeys(f.SecretKeyPrevious); err != nil {
			return nil, nil, fmt.Errorf("--secret-key-previous: %w", err)
		}
	}
	return current, previous, nil
}

func decodeKeys(text secret.Text) (*secret.Keys, error) {
	master, err := hex.DecodeString(strings.TrimSpace(text.Reveal()))
	if err != nil {
		return nil, errors.New("must be hexadecimal")
	}
	return secret.NewKeys(master)
}

// listenFlags are the addresses of a process, and the time for draining them. Port 0 picks a free port.
type listenFlags struct {
	HTTPAddr     string        `help:"Address of REST and Swagger UI." default:"127.0.0.1:8080" name:"http-addr"`
	GRPCAddr     string        `help:"Address of public gRPC." default:"127.0.0.1:9090" name:"grpc-addr"`
	InternalAddr string        `help:"Address of metrics, probes and pprof. Must not be reachable from outside." default:"127.0.0.1:9091"`
	StopDelay    time.Duration `help:"How long a process that stops still takes new calls while its probes say no: longer than load balancers take to notice." default:"${stopDelay=7s}"`
	DrainTime    time.Duration `help:"How long running calls may take when the process stops." default:"${drainTime=20s}"`
}

// gatewayFlags configure the gateway.
type gatewayFlags struct {
	CORSOrigins      []string      `help:"Origins whose scripts may call; * for all${noOrigins=}." name:"cors-origins"`
	TrustedProxies   []string      `help:"Networks (CIDR) whose X-Forwarded-For is trusted."`
	RequestTimeout   time.Duration `help:"Longest time that a call may take." default:"30s"`
	ResponseCacheTTL time.Duration `help:"How long public answers are cached in memory; 0 turns the cache off." default:"1s"`
	LimitUser        int           `help:"Calls a second of one account; 0 for no limit." default:"${limitUser=50}"`
	LimitAddress     int           `help:"Calls a second of one address that is not signed in; 0 for no limit." default:"${limitAddress=50}"`
	LimitAuth        int           `help:"Calls a second to AuthService of one address; 0 for no limit." default:"${limitAuth=5}"`
	LimitStreams     int           `help:"Streams that one account, or one address that is not signed in, may have open in a process; 0 for no limit." default:"${limitStreams=20}"`
	TLSCert          string        `help:"File with the certificate chain (PEM). With it, REST and gRPC are served with TLS. Replaced files are read while the process runs." name:"tls-cert" placeholder:"FILE"`
	TLSKey           string        `help:"File with the key of --tls-cert (PEM)." name:"tls-key" placeholder:"FILE"`
	AccessLogFile    string        `help:"File that the access log is written to as well, as JSON, rotated at 100 MB; empty for ${noAccessLog=none}." default:"${accessLog=gateway.log}"`
}

func (f gatewayFlags) config() (gateway.Config, error) {
	cfg := gateway.Config{
		CORSOrigins:    f.CORSOrigins,
		RequestTimeout: f.RequestTimeout,
		CacheTTL:       f.ResponseCacheTTL,
		Limits:         gateway.Limits{User: perSecond(f.LimitUser), Address: perSecond(f.LimitAddress), Auth: perSecond(f.LimitAuth)},
	}
	for _, n := range []struct {
		flag  string
		wrong bool
	}{
		{"--response-cache-ttl", f.ResponseCacheTTL < 0},
		{"--limit-user", f.LimitUser < 0},
		{"--limit-address", f.LimitAddress < 0},
		{"--limit-auth", f.LimitAuth < 0},
		{"--limit-streams", f.LimitStreams < 0},
	} {
		if n.wrong {
			return cfg, fmt.Errorf("%s: is too small", n.flag)
		}
	}
	for _, text := range f.CORSOrigins {
		if u, err := url.Parse(text); text != "*" && (err != nil || u.Host == "" || text != u.Scheme+"://"+u.Host) {
			return cfg, fmt.Errorf("--cors-origins: %q is not an origin such as https://example.com, without a path or a slash at its end", text)
		}
	}
	for _, text := range f.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return cfg, fmt.Errorf("--trusted-proxies: %q is not a network such as 10.0.0.0/8", text)
		}
		cfg.TrustedProxies = append(cfg.TrustedProxies, prefix)
	}
	return cfg, nil
}

// maxStreams is what LimitStreams means to a service.
func (f gatewayFlags) maxStreams() int {
	if f.LimitStreams == 0 {
		return math.MaxInt
	}
	return f.LimitStreams
}

// perSecond returns a limit with a burst of four seconds' worth.
func perSecond(n int) ratelimit.Limit {
	return ratelimit.Limit{Rate: n, Period: time.Second, Burst: 4 * n}
}

const gatewayName = auth.GatewayName

// selection is what a process runs.
type selection struct {
	services []string
	gateway  bool
}

// everything is all services and the gateway in one process.
var everything = selection{services: serviceNames, gateway: true}

// parseServices parses --services: "all", or some of the services and the gateway.
func parseServices(names []string) (s selection, err error) {
	for _, name := range names {
		switch {
		case name == "all":
			return everything, nil
		case name == gatewayName:
			s.gateway = true
		case !slices.Contains(serviceNames, name):
			return selection{}, fmt.Errorf("--services: there is no service %q; there are all, gateway, %s", name,
				strings.Join(serviceNames, ", "))
		case !slices.Contains(s.services, name):
			s.services = append(s.services, name)
		}
	}
	if len(s.services) == 0 && !s.gateway {
		return selection{}, errors.New("--services: name at least one")
	}
	return s, nil
}

// distributed reports whether services run in other processes, which then call the services of this one.
func (s selection) distributed() bool {
	return len(s.services) > 0 && (len(s.services) < len(serviceNames) || !s.gateway)
}

// missing returns a service that neither runs here nor has a target, and its caller. Both are "" when there is no
// such service.
func (s selection) missing(target func(service string) string) (caller, callee string) {
	callers := s.services
	if s.gateway {
		callers = append([]string{gatewayName}, callers...)
	}
	for _, caller := range callers {
		for _, callee := range callees(caller) {
			if !slices.Contains(s.services, callee) && target(callee) == "" {
				return caller, callee
			}
		}
	}
	return "", ""
}
