package booking

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TestChangeOfAStuckAppointment: while somebody holds what a change needs, it is refused in time and changes
// nothing.
func TestChangeOfAStuckAppointment(t *testing.T) {
	f := newFixture(t)
	a := f.book(f.ann, f.in(48*time.Hour))
	for _, held := range []struct {
		name string
		hold func(ctx context.Context, tx *postgres.DB) error
	}{
		{"a master", func(ctx context.Context, tx *postgres.DB) error { return claims.Lock(ctx, tx, f.mira.UserID) }},
		{"the customer", func(ctx context.Context, tx *postgres.DB) error { return claims.Lock(ctx, tx, a.GetCustomerId()) }},
		{"the row", func(ctx context.Context, tx *postgres.DB) error {
			return tx.Conn(ctx).Exec("SELECT FROM appointments WHERE id = ? FOR UPDATE", a.GetId()).Error
		}},
	} {
		t.Run(held.name, func(t *testing.T) {
			release := holding(t, f.db, held.hold)
			for name, change := range map[string]func(ctx context.Context) error{
				"reschedule": func(ctx context.Context) error {
					_, err := f.appointments.RescheduleAppointment(ctx, &appointmentv1.RescheduleAppointmentRequest{
						AppointmentId: a.GetId(), StartTime: f.in(72 * time.Hour),
					})
					return err
				},
				"cancel": func(ctx context.Context) error {
					_, err := f.appointments.CancelAppointment(ctx, &appointmentv1.CancelAppointmentRequest{AppointmentId: a.GetId()})
					return err
				},
			} {
				ctx, cancel := context.WithTimeout(f.As(f.receptionist), 2*time.Second)
				err := change(ctx)
				cancel()
				wantError(t, err, codes.Aborted, "CONTENTION", "")
				if apierr.From(err).RetryAfter() <= 0 {
					t.Errorf("%s: no time to retry", name)
				}
			}
			release(nil)
			if got := f.get(f.receptionist, a.GetId()); !proto.Equal(got.GetStartTime(), a.GetStartTime()) || got.GetState() != a.GetState() {
				t.Errorf("changed: %v", got)
			}
		})
	}
}
