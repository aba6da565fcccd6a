package rating

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Appointment returns what the projection has of an appointment. It returns ErrAppointmentNotFound when that is nothing.
func (s *Store) Appointment(ctx context.Context, id string) (Appointment, error) {
	row, err := postgres.One[appointmentRow](s.db.Conn(ctx).Where("appointment_id = ?", id), ErrAppointmentNotFound)
	if err != nil {
		return Appointment{}, err
	}
	return row.appointment(), nil
}

var appointmentColumns = postgres.Columns[appointmentRow]()

// PutAppointments stores what was learned of appointments, each named once, unless the projection has a newer version. The same version
// is stored again, because the customer's account can become known without a new version. An account that was erased since
// an appointment was read is not stored.
func (s *Store) PutAppointments(ctx context.Context, as ...Appointment) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		accounts := postgres.Column(as, func(a Appointment) string { return a.AccountID })
		erased, err := erasure.Erased(ctx, tx, accounts...)
		if err != nil {
			return err
		}
		rows := make([]appointmentRow, len(as))
		for i, a := range as {
			if slices.Contains(erased, a.AccountID) {
				a.AccountID = ""
			}
			rows[i] = rowOfAppointment(a)
		}
		return s.In(tx).putAppointments(ctx, rows)
	})
}

func (s *Store) putAppointments(ctx context.Context, rows []appointmentRow) error {
	put := s.db.Conn(ctx).Exec(`INSERT INTO appointments (`+appointmentColumns+`)
		SELECT `+appointmentColumns+` FROM jsonb_populate_recordset(NULL::appointments, ?)
		ON CONFLICT (appointment_id) DO UPDATE SET salon_id = excluded.salon_id, customer_id = excluded.customer_id,
			account_id = excluded.account_id, master_ids = excluded.master_ids, state = excluded.state, end_time = excluded.end_time,
			complete_time = excluded.complete_time, version = excluded.version
		WHERE appointments.version <= excluded.version`, postgres.JSON(rows))
	if put.Error != nil {
		return fmt.Errorf("put appointments: %w", put.Error)
	}
	return nil
}

// appointmentRow is a row of the table appointments; migrations/ says what its columns mean.
type appointmentRow struct {
	AppointmentID string                 `json:"appointment_id"`
	SalonID       string                 `json:"salon_id"`
	CustomerID    string                 `json:"customer_id"`
	AccountID     *string                `json:"account_id"`
	MasterIDs     postgres.Array[string] `gorm:"column:master_ids;type:uuid[]" json:"master_ids"`
	State         string                 `json:"state"`
	EndTime       *time.Time             `json:"end_time"`
	CompleteTime  *time.Time             `json:"complete_time"`
	Version       int64                  `json:"version"`
}

// TableName implements GORM's Tabler.
func (appointmentRow) TableName() string { return "appointments" }

func rowOfAppointment(a Appointment) appointmentRow {
	return appointmentRow{
		AppointmentID: a.ID, SalonID: a.SalonID, CustomerID: a.CustomerID, AccountID: postgres.Null(a.AccountID),
		MasterIDs: a.MasterIDs, State: a.State,
		EndTime: postgres.Null(a.EndTime), CompleteTime: postgres.Null(a.CompleteTime), Version: a.Version,
	}
}

func (row appointmentRow) appointment() Appointment {
	return Appointment{
		ID: row.AppointmentID, SalonID: row.SalonID, CustomerID: row.CustomerID, AccountID: postgres.Value(row.AccountID),
		MasterIDs: row.MasterIDs, State: row.State,
		EndTime: postgres.Time(row.EndTime), CompleteTime: postgres.Time(row.CompleteTime), Version: row.Version,
	}
}
