package rpc

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// endpoint is a host and a port of a target. The host is a DNS name or an IP address.
type endpoint struct{ host, port string }

// parseTarget takes a target apart: "host:port,host:port", or "dns://server/host:port" to ask a certain DNS server, whose
// port is 53 unless it has one. Each name may have several addresses. server is "" for the servers of the operating system.
func parseTarget(target string) (server string, endpoints []endpoint, err error) {
	list := target
	if rest, ok := strings.CutPrefix(target, "dns://"); ok {
		if server, list, ok = strings.Cut(rest, "/"); !ok {
			return "", nil, fmt.Errorf("%q is not dns:///host:port", target)
		}
	}
	for part := range strings.SplitSeq(list, ",") {
		host, port, err := net.SplitHostPort(strings.TrimSpace(part))
		if _, number := strconv.ParseUint(port, 10, 16); err != nil || number != nil || host == "" || strings.ContainsAny(host, "/ ") {
			return "", nil, fmt.Errorf("%q is not host:port, or several with commas between them", target)
		}
		endpoints = append(endpoints, endpoint{host, port})
	}
	return server, endpoints, nil
}

// fixed reports whether the endpoint is an address already.
func (e endpoint) fixed() bool {
	_, err := netip.ParseAddr(e.host)
	return err == nil
}

// lookupFunc returns the addresses of a DNS name.
type lookupFunc func(ctx context.Context, host string) ([]string, error)

// lookupAt returns how to look names up at a DNS server, or where the operating system does for "".
func lookupAt(server string) lookupFunc {
	if server == "" {
		return net.DefaultResolver.LookupHost
	}
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(strings.Trim(server, "[]"), "53")
	}
	r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server)
	}}
	return r.LookupHost
}

// addresses returns where an endpoint is now.
func (e endpoint) addresses(ctx context.Context, lookup lookupFunc) ([]string, error) {
	if e.fixed() {
		return []string{net.JoinHostPort(e.host, e.port)}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTime)
	defer cancel()
	hosts, err := lookup(ctx, e.host)
	if err != nil {
		return nil, err
	}
	for i, host := range hosts {
		hosts[i] = net.JoinHostPort(host, e.port)
	}
	return hosts, nil
}

const (
	// lookupTime bounds one lookup of a name.
	lookupTime = 5 * time.Second
	// lookupPause is the time between two lookups: a new copy is found within it, whether or not a connection ends. DNS servers may
	// keep an answer for some seconds themselves.
	lookupPause = 3 * time.Second
	// lookupGap is the least time between two lookups when connections fail.
	lookupGap = 500 * time.Millisecond
)
