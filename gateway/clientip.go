package gateway

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
)

// clientAddress returns the address of the client that sent a request.
func clientAddress(r *http.Request, trusted []netip.Prefix) string {
	return originOf(r.RemoteAddr, r.Header.Values("X-Forwarded-For"), trusted)
}

// rpcClientAddress is clientAddress for gRPC, where proxies put the header into the metadata.
func rpcClientAddress(ctx context.Context, trusted []netip.Prefix) string {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return ""
	}
	return originOf(p.Addr.String(), metadata.ValueFromIncomingContext(ctx, "x-forwarded-for"), trusted)
}

// originOf trusts X-Forwarded-For only as far as trusted proxies wrote it. It returns the first address from the
// right that is not a trusted proxy.
func originOf(remote string, forwarded []string, trusted []netip.Prefix) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	if len(trusted) == 0 || !contains(trusted, host) {
		return host
	}
	hops := strings.Split(strings.Join(forwarded, ","), ",")
	for _, hop := range slices.Backward(hops) {
		hop = strings.TrimSpace(hop)
		if _, err := netip.ParseAddr(hop); err != nil {
			break
		}
		host = hop
		if !contains(trusted, hop) {
			break
		}
	}
	return host
}

func contains(prefixes []netip.Prefix, address string) bool {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return false
	}
	addr = addr.Unmap().WithZone("") // a prefix contains no address with a zone
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
