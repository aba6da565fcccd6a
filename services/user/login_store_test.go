package user

import (
	"fmt"
	"testing"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

func TestKnownNetworks(t *testing.T) {
	s := newStore(t)
	anna := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	ben := addAccount(t, s, "ben@example.com", "Ben", apiv1.Role_ROLE_CUSTOMER, testTime)
	network := func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }
	remember := func(i int, at time.Time) {
		t.Helper()
		if err := s.RememberNetwork(t.Context(), anna.ID, network(i), at); err != nil {
			t.Fatal(err)
		}
	}
	want := func(email, network string, since time.Time, want bool) {
		t.Helper()
		if got, err := s.HasSignedIn(t.Context(), email, network, since); err != nil || got != want {
			t.Errorf("%s from %s: %v, %v; want %v", email, network, got, err, want)
		}
	}
	at := func(i int) time.Time { return testTime.Add(time.Duration(i) * time.Minute) }
	for i := range maxKnownNetworks {
		remember(i, at(i))
	}
	remember(0, at(100)) // used again: now number 1 is the one used longest ago
	remember(99, at(101))
	if n := count(t, s, "sign_in_networks"); n != maxKnownNetworks {
		t.Errorf("%d networks are kept", n)
	}
	want(anna.Email, network(0), testTime, true)
	want(anna.Email, network(1), testTime, false)
	want(anna.Email, network(2), testTime, true)
	want(anna.Email, network(99), testTime, true)
	want(anna.Email, network(2), at(2), false) // too long ago
	want(ben.Email, network(0), testTime, false)
	want("nobody@example.com", network(0), testTime, false)

	if err := s.RememberNetwork(t.Context(), ben.ID, "", testTime); err != nil {
		t.Fatal(err)
	}
	want(ben.Email, "", at(-1), false)
	if err := s.RememberNetwork(t.Context(), ben.ID, network(0), testTime); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteUnusedNetworks(t.Context(), at(50)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "sign_in_networks"); n != 2 {
		t.Errorf("%d networks are left", n)
	}
	if err := s.ForgetNetworks(t.Context(), anna.ID); err != nil {
		t.Fatal(err)
	}
	if n := count(t, s, "sign_in_networks"); n != 0 {
		t.Errorf("%d networks are left", n)
	}
}

// The migration knows the networks of open sessions, as the program writes them.
func TestMigrationOfNetworks(t *testing.T) {
	server := pgtest.NewServer(t, migrationsUntil(t, 3))
	s := NewStore(server.DB(Migrations.Service))
	anna := addAccount(t, s, "anna@example.com", "Anna", apiv1.Role_ROLE_CUSTOMER, testTime)
	addresses := map[string]bool{ // whether the address is known afterwards
		"203.0.113.7": true, "2001:db8:0:2:3:4:5:6": true, "2001:db8:1:2::9": true, "2001:db8::1": true, "::1": true,
		"": false, "@": false, "fe80::1%eth0": false, "unknown": false,
	}
	i := 0
	for address := range addresses {
		i++
		err := s.db.Conn(t.Context()).Exec(`INSERT INTO sessions
			(id, user_id, user_agent, ip_address, generation, rotate_time, create_time, last_used_time, expire_time)
			VALUES (?, ?, 'Test', ?, 1, ?, ?, ?, ?)`,
			fmt.Sprintf("019a0000-0000-7000-8000-0000000000%02d", i), anna.ID, address,
			testTime, testTime, testTime, testTime.Add(SessionIdleLifetime)).Error
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := postgres.Migrate(t.Context(), server.AdminURL(), Migrations); err != nil {
		t.Fatal(err)
	}
	for address, want := range addresses {
		got, err := s.HasSignedIn(t.Context(), anna.Email, networkOf(address), testTime.Add(-time.Second))
		if err != nil || got != want {
			t.Errorf("%q as %q: %v, %v; want %v", address, networkOf(address), got, err, want)
		}
	}
}
