package ratelimit

import (
	"net/netip"
	"testing"

	"pgregory.net/rapid"
)

func TestNetwork(t *testing.T) {
	for in, want := range map[string]string{
		"203.0.113.7":              "203.0.113.7",
		"::ffff:203.0.113.7":       "203.0.113.7",
		"::ffff:cb00:7107":         "203.0.113.7",
		"64:ff9b::203.0.113.7":     "203.0.113.7",
		"64:ff9b:1::203.0.113.7":   "64:ff9b:1::/64",
		"2001:db8:1:2:3:4:5:6":     "2001:db8:1:2::/64",
		"2001:DB8:1:2:ffff::1":     "2001:db8:1:2::/64",
		"2001:db8:1:3::1":          "2001:db8:1:3::/64",
		"fe80::1%eth0":             "fe80::/64",
		"::ffff:203.0.113.7%eth0":  "203.0.113.7",
		"::1":                      "::/64",
		"":                         "",
		"something a proxy put in": "something a proxy put in",
	} {
		if got := Network(in); got != want {
			t.Errorf("Network(%q) = %q, want %q", in, got, want)
		}
	}
}

// All addresses of a /64 are one network, and no address of another /64 is of that network.
func TestNetworkProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := [16]byte(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
		b[0] = 0x20 // global unicast: neither mapped nor translated
		other := b
		i := rapid.IntRange(1, 15).Draw(t, "byte to change")
		other[i] ^= rapid.ByteRange(1, 255).Draw(t, "bits to change")
		same := Network(netip.AddrFrom16(b).String()) == Network(netip.AddrFrom16(other).String())
		if same != (i >= 8) {
			t.Errorf("%v and %v: one network is %v", netip.AddrFrom16(b), netip.AddrFrom16(other), same)
		}
	})
}
