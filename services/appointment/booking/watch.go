package booking

import (
	"context"
	"slices"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Key names an appointment.
type Key struct{ SalonID, ID string }

// ListIn returns what ListAppointments would show, as the transaction tx sees it.
func (b *Bookings) ListIn(ctx context.Context, tx *postgres.DB, f Filter) ([]*Appointment, error) {
	f.Archived = b.archivedSince(f.From)
	return b.store.In(tx).List(ctx, f)
}

// ReadIn returns the appointments with these keys, whoever may see them, as the transaction tx sees them. Those that do not exist are left out.
func (b *Bookings) ReadIn(ctx context.Context, tx *postgres.DB, keys []Key) ([]*Appointment, error) {
	return b.store.In(tx).read(ctx, keys)
}

// ToProto shows an appointment to somebody who may see it.
func ToProto(a *Appointment, viewer auth.Principal) *appointmentv1.Appointment {
	return toProto(a, viewer)
}

// VisibleTo reports whether a caller may see the appointment. The stores check the same in SQL (visible).
func (a *Appointment) VisibleTo(caller auth.Principal) bool {
	return caller.IsAdmin() || a.AccountID != "" && a.AccountID == caller.UserID || caller.Has(a.SalonID, auth.FrontDesk...) ||
		caller.Has(a.SalonID, apiv1.SalonRole_SALON_ROLE_MASTER) && slices.Contains(a.Masters(), caller.UserID)
}
