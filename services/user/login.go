package user

import (
	"net/netip"
	"time"

	"github.com/beauty-salon/platform/internal/ratelimit"
)

// How many attempts to sign in may fail. One address is an IPv4 address or an IPv6 /64.
const (
	// loginFailures is for one account from one address in loginWindow.
	loginFailures = 5
	loginWindow   = 15 * time.Minute
	// accountFailures is for one account from all addresses that it has not signed in from
	// before, in ceilingWindow.
	accountFailures = 50
	// addressFailures is for one address and all accounts that have not signed in from it
	// before, in ceilingWindow.
	addressFailures = 100
	ceilingWindow   = time.Hour
)

const (
	// knownNetworkLifetime is how long an account counts as having signed in from a
	// network: as long as a session lives at most.
	knownNetworkLifetime = SessionMaxLifetime
	// maxKnownNetworks is how many networks an account has signed in from at most. The ones
	// used last count.
	maxKnownNetworks = 20
)

// pairCeiling bounds the failures for one account from one address.
func pairCeiling(email, address string) ratelimit.Ceiling {
	return ratelimit.Ceiling{Key: "pair\n" + email + "\n" + networkOf(address), Allowed: loginFailures, Window: loginWindow}
}

// signInCeilings returns the ceilings of an attempt to sign in, the one that a success
// resets first. email is canonical. known means that the account has signed in from the
// network before.
//
// Strangers can use up the ceilings of an account and of a shared address. So neither
// counts where the account is known: its owner can sign in there. Nor does the ceiling of
// an address count for the addresses of this machine, which stand for all clients of a
// proxy that is not configured.
func signInCeilings(email, address string, known bool) []ratelimit.Ceiling {
	ceilings := []ratelimit.Ceiling{pairCeiling(email, address)}
	if known {
		return ceilings
	}
	ceilings = append(ceilings, ratelimit.Ceiling{Key: "account\n" + email, Allowed: accountFailures, Window: ceilingWindow})
	if addr, err := netip.ParseAddr(address); err == nil && !addr.Unmap().IsLoopback() {
		ceilings = append(ceilings, ratelimit.Ceiling{Key: "address\n" + networkOf(address), Allowed: addressFailures, Window: ceilingWindow})
	}
	return ceilings
}

// changeCeilings returns the ceilings of an attempt to change the password, the one that a
// success resets first. The caller is signed in. So the ceiling of the account is another
// one than for signing in, which strangers can use up.
func changeCeilings(email, address string) []ratelimit.Ceiling {
	return []ratelimit.Ceiling{
		pairCeiling(email, address),
		{Key: "change\n" + email, Allowed: accountFailures, Window: ceilingWindow},
	}
}

// networkOf returns the network of an address, "" when the address of the client is not
// known.
func networkOf(address string) string {
	if _, err := netip.ParseAddr(address); err != nil {
		return ""
	}
	return ratelimit.Network(address)
}
