package salon

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// PolicyRow is the policy in a row of salons.
type PolicyRow struct {
	SlotStepMinutes             int32
	LeadTimeMinutes             int32
	HorizonDays                 int32
	BookableUntil               *time.Time
	CancellationWindowMinutes   int32
	ReschedulingWindowMinutes   int32
	Confirmation                string
	RequestTimeoutMinutes       int32
	MaxOpenAppointments         int32
	MaxCustomerAppointmentsADay int32 `gorm:"column:max_customer_appointments_a_day"`
	MaxMasterAppointmentsADay   int32 `gorm:"column:max_master_appointments_a_day"`
	AllowCustomerOverlap        bool
	BuffersWithinHours          bool
	HoldMinutes                 int32
	MaxHolds                    int32
	WaitlistOfferMinutes        int32
	LateCancellationFeePercent  int32
	NoShowFeePercent            int32
	PolicyVersion               int64
	PolicyUpdateTime            time.Time
}

// TableName implements GORM's Tabler.
func (PolicyRow) TableName() string { return "salons" }

// policyColumns are those that an update writes, besides slot_step_minutes.
var policyColumns = []any{
	"lead_time_minutes", "horizon_days", "bookable_until", "cancellation_window_minutes", "rescheduling_window_minutes",
	"confirmation", "request_timeout_minutes", "max_open_appointments", "max_customer_appointments_a_day",
	"max_master_appointments_a_day", "allow_customer_overlap", "buffers_within_hours", "hold_minutes", "max_holds", "policy_version",
	"late_cancellation_fee_percent", "no_show_fee_percent", "waitlist_offer_minutes",
	"policy_update_time",
}

// PolicyColumns are the columns of [PolicyRow] in a query over salons s.
const PolicyColumns = `s.slot_step_minutes, s.lead_time_minutes, s.horizon_days, s.bookable_until, s.cancellation_window_minutes,
	s.rescheduling_window_minutes, s.confirmation, s.request_timeout_minutes, s.max_open_appointments,
	s.max_customer_appointments_a_day, s.max_master_appointments_a_day, s.allow_customer_overlap, s.buffers_within_hours,
	s.hold_minutes, s.max_holds, s.late_cancellation_fee_percent, s.no_show_fee_percent, s.waitlist_offer_minutes, s.policy_version, s.policy_update_time`

// Policy returns the policy of a salon that is not deleted, else ErrNotFound.
func (s *Store) Policy(ctx context.Context, salonID string, lock ...clause.Expression) (Policy, error) {
	r, err := postgres.One[PolicyRow](s.db.Conn(ctx).Clauses(lock...).Where("id = ? AND deleted_at IS NULL", salonID), ErrNotFound)
	return r.Policy(), err
}

// UpdatePolicy writes the policy of a salon whose row is locked.
func (s *Store) UpdatePolicy(ctx context.Context, salonID string, p Policy) error {
	err := s.db.Conn(ctx).Where("id = ?", salonID).
		Select("slot_step_minutes", policyColumns...).Updates(p.row()).Error
	if err != nil {
		return fmt.Errorf("write a policy: %w", err)
	}
	return nil
}

// Policy is the policy of a row.
func (r PolicyRow) Policy() Policy {
	return Policy{
		SlotStep:             minutes(r.SlotStepMinutes),
		LeadTime:             minutes(r.LeadTimeMinutes),
		HorizonDays:          int(r.HorizonDays),
		BookableUntil:        dateOf(r.BookableUntil),
		CancellationWindow:   minutes(r.CancellationWindowMinutes),
		ReschedulingWindow:   minutes(r.ReschedulingWindowMinutes),
		Confirmation:         Confirmation(r.Confirmation),
		RequestTimeout:       minutes(r.RequestTimeoutMinutes),
		MaxOpenAppointments:  int(r.MaxOpenAppointments),
		MaxCustomerDay:       int(r.MaxCustomerAppointmentsADay),
		MaxMasterDay:         int(r.MaxMasterAppointmentsADay),
		AllowCustomerOverlap: r.AllowCustomerOverlap,
		BuffersWithinHours:   r.BuffersWithinHours,
		HoldTime:             minutes(r.HoldMinutes),
		MaxHolds:             int(r.MaxHolds),
		WaitlistOfferTime:    minutes(r.WaitlistOfferMinutes),
		LateCancellationFee:  int(r.LateCancellationFeePercent),
		NoShowFee:            int(r.NoShowFeePercent),
		Version:              r.PolicyVersion,
		UpdateTime:           r.PolicyUpdateTime.UTC(),
	}
}

func (p Policy) row() PolicyRow {
	return PolicyRow{
		SlotStepMinutes:             inMinutes(p.SlotStep),
		LeadTimeMinutes:             inMinutes(p.LeadTime),
		HorizonDays:                 int32(p.HorizonDays),
		BookableUntil:               timeOf(p.BookableUntil),
		CancellationWindowMinutes:   inMinutes(p.CancellationWindow),
		ReschedulingWindowMinutes:   inMinutes(p.ReschedulingWindow),
		Confirmation:                string(p.Confirmation),
		RequestTimeoutMinutes:       inMinutes(p.RequestTimeout),
		MaxOpenAppointments:         int32(p.MaxOpenAppointments),
		MaxCustomerAppointmentsADay: int32(p.MaxCustomerDay),
		MaxMasterAppointmentsADay:   int32(p.MaxMasterDay),
		AllowCustomerOverlap:        p.AllowCustomerOverlap,
		BuffersWithinHours:          p.BuffersWithinHours,
		HoldMinutes:                 inMinutes(p.HoldTime),
		MaxHolds:                    int32(p.MaxHolds),
		WaitlistOfferMinutes:        inMinutes(p.WaitlistOfferTime),
		LateCancellationFeePercent:  int32(p.LateCancellationFee),
		NoShowFeePercent:            int32(p.NoShowFee),
		PolicyVersion:               p.Version,
		PolicyUpdateTime:            p.UpdateTime,
	}
}

func minutes(n int32) time.Duration { return time.Duration(n) * time.Minute }

func inMinutes(d time.Duration) int32 { return int32(d / time.Minute) }

// dateOf returns the date of a column, the zero date for NULL.
func dateOf(column *time.Time) civil.Date {
	if column == nil {
		return civil.Date{}
	}
	year, month, day := column.Date()
	return civil.Date{Year: year, Month: month, Day: day}
}

// timeOf returns a date for a column, NULL for the zero date.
func timeOf(d civil.Date) *time.Time {
	if d == (civil.Date{}) {
		return nil
	}
	column := time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, time.UTC)
	return &column
}
