package salon

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// rulesVersion reads the version of a salon's rules.
func (f *fixture) rulesVersion(salonID string) (version int64) {
	f.t.Helper()
	if err := f.db.Conn(f.t.Context()).Raw("SELECT rules_version FROM salons WHERE id = ?", salonID).Scan(&version).Error; err != nil {
		f.t.Fatal(err)
	}
	return version
}

// A change of the time zone counts as a change of the rules; other changes of a salon do not.
func TestRulesOfASalon(t *testing.T) {
	f := newFixture(t)
	s := f.create("one")
	for _, tt := range []struct {
		name string
		req  *appointmentv1.UpdateSalonRequest
		want int64
	}{
		{"name", &appointmentv1.UpdateSalonRequest{Name: proto.String("N")}, 1},
		{"the same zone", &appointmentv1.UpdateSalonRequest{TimeZone: proto.String("Europe/Berlin")}, 1},
		{"another zone", &appointmentv1.UpdateSalonRequest{TimeZone: proto.String("Asia/Tokyo")}, 2},
	} {
		tt.req.SalonId = s.GetId()
		if _, err := f.client.UpdateSalon(f.As(f.admin), tt.req); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := f.rulesVersion(s.GetId()); got != tt.want {
			t.Errorf("%s: the rules have version %d, want %d", tt.name, got, tt.want)
		}
	}
}

// Whoever changes a rule of a salon waits for bookings with each of its masters; an edit of the name waits for none.
func TestRulesWaitForBookings(t *testing.T) {
	f := newFixture(t)
	s, master := f.create("one"), f.NewID()
	f.exec("INSERT INTO masters (id, salon_id, display_name, deleted, version) VALUES (?, ?, '', false, 1)", master, s.GetId())
	update := func(ctx context.Context, req *appointmentv1.UpdateSalonRequest) error {
		req.SalonId = s.GetId()
		_, err := f.client.UpdateSalon(ctx, req)
		return err
	}
	for _, tt := range []struct {
		name   string
		waits  bool
		change func(ctx context.Context) error
	}{
		{"policy", true, func(ctx context.Context) error {
			_, err := f.client.UpdateBookingPolicy(ctx, &appointmentv1.UpdateBookingPolicyRequest{SalonId: s.GetId(), HorizonDays: proto.Int32(30)})
			return err
		}},
		{"time zone", true, func(ctx context.Context) error {
			return update(ctx, &appointmentv1.UpdateSalonRequest{TimeZone: proto.String("Asia/Tokyo")})
		}},
		{"name", false, func(ctx context.Context) error {
			return update(ctx, &appointmentv1.UpdateSalonRequest{Name: proto.String("N")})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held, release := make(chan struct{}), make(chan struct{})
			var both sync.WaitGroup
			both.Go(func() {
				err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
					err := claims.Lock(t.Context(), tx, master)
					close(held)
					<-release
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-held
			var changed atomic.Bool
			both.Go(func() {
				if err := tt.change(f.As(f.admin)); err != nil {
					t.Error(err)
				}
				changed.Store(true)
			})
			if tt.waits {
				f.Eventually("the change waits", func() bool { return f.waiting(t.Context()) == 1 })
				if changed.Load() {
					t.Error("the change was made while the lock was held")
				}
			} else {
				f.Eventually("the change is made", changed.Load)
			}
			close(release)
			both.Wait()
		})
	}
}

// A change that waits for the row of the salon for too long is refused, and nothing is changed.
func TestRulesThatWaitTooLong(t *testing.T) {
	f := newFixture(t)
	s := f.create("one")
	err := f.db.InTx(t.Context(), func(holder *postgres.DB) error {
		if _, err := NewStore(holder).Salon(t.Context(), s.GetId(), postgres.LockForChange); err != nil {
			return err
		}
		return f.db.InTx(t.Context(), func(tx *postgres.DB) error {
			if err := tx.Conn(t.Context()).Exec("SET LOCAL lock_timeout = '20ms'").Error; err != nil {
				return err
			}
			return ChangeRules(t.Context(), tx, s.GetId())
		})
	})
	if !errors.Is(err, claims.ErrContention) {
		t.Errorf("got %v", err)
	}
}
