package rating

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

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

// PutAppointment stores what was learned of an appointment, unless the projection has a newer version. The same version
// is stored again, because the customer's account can become known without a new version. An account that was erased since a
// was read is not stored.
func (s *Store) PutAppointment(ctx context.Context, a Appointment) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		erased, err := erasure.Erased(ctx, tx, a.AccountID)
		if err != nil {
			return err
		}
		if len(erased) > 0 {
			a.AccountID = ""
		}
		return s.In(tx).putAppointment(ctx, a)
	})
}

func (s *Store) putAppointment(ctx context.Context, a Appointment) error {
	row := rowOfAppointment(a)
	put := s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "appointment_id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"salon_id", "customer_id", "account_id", "master_ids", "state", "end_time", "complete_time", "version",
		}),
		Where: clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "appointments.version <= excluded.version"}}},
	}).Create(&row)
	if put.Error != nil {
		return fmt.Errorf("put an appointment: %w", put.Error)
	}
	return nil
}

// appointmentRow is a row of the table appointments; migrations/ says what its columns mean.
type appointmentRow struct {
	AppointmentID string
	SalonID       string
	CustomerID    string
	AccountID     *string
	MasterIDs     postgres.Array[string] `gorm:"column:master_ids;type:uuid[]"`
	State         string
	EndTime       *time.Time
	CompleteTime  *time.Time
	Version       int64
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
