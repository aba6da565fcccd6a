package catalog

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// offeringRow is a row of offerings. Rows of deleted offerings stay, so that the version keeps growing.
type offeringRow struct {
	SalonID                     string
	MasterID                    string
	ServiceID                   string
	PriceOverrideMinor          *int32
	DurationOverrideMinutes     *int32
	PhasesOverride              phaseColumn `gorm:"type:jsonb"`
	BufferBeforeOverrideMinutes *int32
	BufferAfterOverrideMinutes  *int32
	Version                     int64
	CreateTime                  time.Time
	UpdateTime                  time.Time
	DeletedAt                   *time.Time
}

// TableName implements GORM's Tabler.
func (offeringRow) TableName() string { return "offerings" }

// lockForUpdate keeps others from changing an offering. Nothing refers to its row by foreign key.
var lockForUpdate = clause.Locking{Strength: clause.LockingStrengthUpdate}

// Offering returns an offering that is not deleted, of a service that is not deleted; else NOT_FOUND.
func (s *Store) Offering(ctx context.Context, masterID, serviceID string) (Offering, error) {
	found, err := s.offerings(ctx, masterID, "o.service_id = ?", serviceID)
	if err != nil {
		return Offering{}, err
	}
	if len(found) == 0 {
		return Offering{}, errNoOffering
	}
	return found[0], nil
}

// OfferingsOf returns what a master offers, by the service's name and id, after the place of a service
// unless that is nil.
func (s *Store) OfferingsOf(ctx context.Context, masterID string, after *ServiceCursor, limit int) ([]Offering, error) {
	if after == nil {
		return s.offerings(ctx, masterID, "true ORDER BY s.name, s.id LIMIT ?", limit)
	}
	return s.offerings(ctx, masterID, "(s.name, s.id) > (?, ?) ORDER BY s.name, s.id LIMIT ?", after.Name, after.ID, limit)
}

func (s *Store) offerings(ctx context.Context, masterID, rest string, args ...any) ([]Offering, error) {
	var rows []struct {
		Offering offeringRow `gorm:"embedded;embeddedPrefix:o_"`
		Service  serviceRow  `gorm:"embedded;embeddedPrefix:s_"`
	}
	err := s.db.Conn(ctx).Raw(`
		SELECT o.salon_id AS o_salon_id, o.master_id AS o_master_id, o.service_id AS o_service_id,
			o.price_override_minor AS o_price_override_minor, o.duration_override_minutes AS o_duration_override_minutes,
			o.phases_override AS o_phases_override, o.buffer_before_override_minutes AS o_buffer_before_override_minutes,
			o.buffer_after_override_minutes AS o_buffer_after_override_minutes,
			o.version AS o_version, o.create_time AS o_create_time, o.update_time AS o_update_time,
			s.id AS s_id, s.salon_id AS s_salon_id, s.name AS s_name, s.description AS s_description,
			s.category AS s_category, s.price_minor AS s_price_minor, s.currency AS s_currency,
			s.duration_minutes AS s_duration_minutes, s.buffer_before_minutes AS s_buffer_before_minutes,
			s.buffer_after_minutes AS s_buffer_after_minutes, s.active AS s_active, s.phases AS s_phases,
			s.online_bookable AS s_online_bookable, s.lead_time_override_minutes AS s_lead_time_override_minutes,
			s.horizon_override_days AS s_horizon_override_days, s.slot_step_override_minutes AS s_slot_step_override_minutes,
			s.version AS s_version,
			s.create_time AS s_create_time, s.update_time AS s_update_time
		FROM offerings o JOIN services s ON s.id = o.service_id
		WHERE o.master_id = ? AND o.deleted_at IS NULL AND s.deleted_at IS NULL AND `+rest,
		append([]any{masterID}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read offerings: %w", err)
	}
	found := make([]Offering, len(rows))
	for i, r := range rows {
		found[i] = r.Offering.offering(r.Service.service())
	}
	return found, nil
}

// MastersOffering returns the masters who offer a service.
func (s *Store) MastersOffering(ctx context.Context, serviceID string) ([]string, error) {
	var masters []string
	err := s.db.Conn(ctx).Model(&offeringRow{}).Where("service_id = ? AND deleted_at IS NULL", serviceID).
		Pluck("master_id", &masters).Error
	if err != nil {
		return nil, fmt.Errorf("read the masters of a service: %w", err)
	}
	return masters, nil
}

// LockOffering returns an offering that is not deleted and keeps others from changing it until the
// transaction ends; else NOT_FOUND. Of the service, only the id is set.
func (s *Store) LockOffering(ctx context.Context, masterID, serviceID string) (Offering, error) {
	r, err := postgres.One[offeringRow](s.db.Conn(ctx).Clauses(lockForUpdate).
		Where("master_id = ? AND service_id = ? AND deleted_at IS NULL", masterID, serviceID), errNoOffering)
	return r.offering(Service{ID: r.ServiceID}), err
}

// LockOrMakeOffering returns the row of an offering, which is made where there was none, and keeps others
// from changing it until the transaction ends. deleted reports whether there is no offering: a new row has
// version 0.
func (s *Store) LockOrMakeOffering(
	ctx context.Context, masterID string, service Service, now time.Time,
) (o Offering, deleted bool, err error) {
	err = s.db.Conn(ctx).Exec(`
		INSERT INTO offerings (salon_id, master_id, service_id, version, create_time, update_time, deleted_at)
		VALUES (?, ?, ?, 0, ?, ?, ?) ON CONFLICT (master_id, service_id) DO NOTHING`,
		service.SalonID, masterID, service.ID, now, now, now).Error
	if err != nil {
		return Offering{}, false, fmt.Errorf("make room for an offering: %w", err)
	}
	r, err := postgres.One[offeringRow](s.db.Conn(ctx).Clauses(lockForUpdate).
		Where("master_id = ? AND service_id = ?", masterID, service.ID), errNoOffering)
	return r.offering(service), r.DeletedAt != nil, err
}

// LockOfferingsFor returns the offerings of a service and keeps others from changing them. Of the service,
// only the id is set.
func (s *Store) LockOfferingsFor(ctx context.Context, serviceID string) ([]Offering, error) {
	return s.lockOfferings(ctx, "service_id = ?", serviceID)
}

// LockOfferingsOf returns the offerings that a master has had since an instant or longer, and keeps others
// from changing them. Of the services, only the ids are set.
func (s *Store) LockOfferingsOf(ctx context.Context, masterID string, until time.Time) ([]Offering, error) {
	return s.lockOfferings(ctx, "master_id = ? AND create_time <= ?", masterID, until)
}

func (s *Store) lockOfferings(ctx context.Context, condition string, args ...any) ([]Offering, error) {
	var rows []offeringRow
	err := s.db.Conn(ctx).Clauses(lockForUpdate).
		Where(condition, args...).Where("deleted_at IS NULL").Order("master_id, service_id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read offerings: %w", err)
	}
	offerings := make([]Offering, len(rows))
	for i, r := range rows {
		offerings[i] = r.offering(Service{ID: r.ServiceID})
	}
	return offerings, nil
}

// PutOffering writes an offering over its row, which is locked, and its event.
func (s *Store) PutOffering(ctx context.Context, o Offering) error {
	return s.saveOffering(ctx, o, eventOfferingPut, nil)
}

// DeleteOffering marks an offering whose row is locked as deleted, and writes its event.
func (s *Store) DeleteOffering(ctx context.Context, o Offering) error {
	return s.saveOffering(ctx, o, eventOfferingDeleted, &o.UpdateTime)
}

func (s *Store) saveOffering(ctx context.Context, o Offering, typ string, deletedAt *time.Time) error {
	err := s.db.Conn(ctx).
		Where("master_id = ? AND service_id = ?", o.MasterID, o.Service.ID).
		Select("price_override_minor", "duration_override_minutes", "phases_override", "buffer_before_override_minutes",
			"buffer_after_override_minutes", "version", "create_time", "update_time", "deleted_at").
		Updates(offeringRow{
			PriceOverrideMinor: o.PriceOverrideMinor, DurationOverrideMinutes: o.DurationOverrideMinutes,
			PhasesOverride: o.PhasesOverride, BufferBeforeOverrideMinutes: o.BufferBeforeOverrideMinutes,
			BufferAfterOverrideMinutes: o.BufferAfterOverrideMinutes,
			Version:                    o.Version, CreateTime: o.CreateTime, UpdateTime: o.UpdateTime, DeletedAt: deletedAt,
		}).Error
	if err != nil {
		return fmt.Errorf("write an offering: %w", err)
	}
	event, err := offeringEvent(typ, o)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, event)
}

// refuseForeignOverrides returns INVALID_FIELDS when masters have prices of their own for a service: they
// are in the currency that the service has.
func (s *Store) refuseForeignOverrides(ctx context.Context, service Service) error {
	var n int64
	err := s.db.Conn(ctx).Model(&offeringRow{}).
		Where("service_id = ? AND deleted_at IS NULL AND price_override_minor IS NOT NULL", service.ID).Count(&n).Error
	if err != nil {
		return fmt.Errorf("count offerings: %w", err)
	}
	if n > 0 {
		return apierr.InvalidField(priceCurrency,
			fmt.Sprintf("must stay %s while masters have prices of their own in it", service.Currency))
	}
	return nil
}

// refuseDurationOverrides returns INVALID_FIELDS when masters have durations of their own for a service: these are of one phase.
func (s *Store) refuseDurationOverrides(ctx context.Context, serviceID string) error {
	var n int64
	err := s.db.Conn(ctx).Model(&offeringRow{}).
		Where("service_id = ? AND deleted_at IS NULL AND duration_override_minutes IS NOT NULL", serviceID).Count(&n).Error
	if err != nil {
		return fmt.Errorf("count offerings: %w", err)
	}
	if n > 0 {
		return apierr.InvalidField("phases",
			"must be one phase while masters have durations of their own; give these masters phases of their own first")
	}
	return nil
}

func (r offeringRow) offering(s Service) Offering {
	return Offering{
		SalonID: r.SalonID, MasterID: r.MasterID, Service: s,
		PriceOverrideMinor: r.PriceOverrideMinor, DurationOverrideMinutes: r.DurationOverrideMinutes,
		PhasesOverride: r.PhasesOverride, BufferBeforeOverrideMinutes: r.BufferBeforeOverrideMinutes,
		BufferAfterOverrideMinutes: r.BufferAfterOverrideMinutes,
		Version:                    r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}
