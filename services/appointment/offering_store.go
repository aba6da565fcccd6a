package appointment

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// offeringRow is a row of offerings.
type offeringRow struct {
	MasterID                string
	ServiceID               string
	PriceOverrideMinor      *int32
	DurationOverrideMinutes *int32
	Version                 int64
	CreateTime              time.Time
	UpdateTime              time.Time
	DeletedAt               *time.Time
}

// TableName implements GORM's Tabler.
func (offeringRow) TableName() string { return "offerings" }

// OfferedService is an offering and its service.
type OfferedService struct {
	Offering Offering
	Service  SalonService
}

// Offered returns an offering that stands, with its service that is not deleted;
// else nil.
func (s *Store) Offered(ctx context.Context, masterID, serviceID string) (*OfferedService, error) {
	found, err := s.offered(ctx, masterID, "o.service_id = ?", serviceID)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return &found[0], nil
}

// OfferedBy returns what a master offers, by the service's name and id, after the
// place of a service unless that is nil.
func (s *Store) OfferedBy(ctx context.Context, masterID string, after *ServiceCursor, limit int) ([]OfferedService, error) {
	if after == nil {
		return s.offered(ctx, masterID, "true ORDER BY s.name, s.id LIMIT ?", limit)
	}
	return s.offered(ctx, masterID, "(s.name, s.id) > (?, ?) ORDER BY s.name, s.id LIMIT ?", after.Name, after.ID, limit)
}

func (s *Store) offered(ctx context.Context, masterID, rest string, args ...any) ([]OfferedService, error) {
	var rows []struct {
		Offering offeringRow `gorm:"embedded;embeddedPrefix:o_"`
		Service  serviceRow  `gorm:"embedded;embeddedPrefix:s_"`
	}
	err := s.db.Conn(ctx).Raw(`
		SELECT o.master_id AS o_master_id, o.service_id AS o_service_id,
			o.price_override_minor AS o_price_override_minor, o.duration_override_minutes AS o_duration_override_minutes,
			o.version AS o_version, o.create_time AS o_create_time, o.update_time AS o_update_time,
			s.id AS s_id, s.name AS s_name, s.description AS s_description, s.category AS s_category,
			s.price_minor AS s_price_minor, s.currency AS s_currency, s.duration_minutes AS s_duration_minutes,
			s.buffer_before_minutes AS s_buffer_before_minutes, s.buffer_after_minutes AS s_buffer_after_minutes,
			s.active AS s_active, s.version AS s_version, s.create_time AS s_create_time, s.update_time AS s_update_time
		FROM offerings o JOIN services s ON s.id = o.service_id
		WHERE o.master_id = ? AND o.deleted_at IS NULL AND s.deleted_at IS NULL AND `+rest,
		append([]any{masterID}, args...)...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read offerings: %w", err)
	}
	found := make([]OfferedService, len(rows))
	for i, r := range rows {
		found[i] = OfferedService{Offering: r.Offering.offering(), Service: r.Service.service()}
	}
	return found, nil
}

// PutOffering runs change on the offering of a master who is known here, new
// (version 0) or as it is, and commits what it has done together with the event of
// it. A service that does not exist is NOT_FOUND. Nothing is written when change
// leaves everything as it was or returns an error.
func (s *Store) PutOffering(
	ctx context.Context, masterID, serviceID string, now time.Time, change func(*Offering, SalonService) error,
) (OfferedService, error) {
	var put OfferedService
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		t := s.In(tx)
		// Shared, so that the service's currency stays what the price is checked against.
		service, err := t.salonService(ctx, serviceID, clause.Locking{Strength: clause.LockingStrengthShare})
		if err != nil {
			return err
		}
		// A row to lock, whoever makes it.
		err = tx.Conn(ctx).Exec(`
			INSERT INTO offerings (master_id, service_id, version, create_time, update_time, deleted_at)
			VALUES (?, ?, 0, ?, ?, ?) ON CONFLICT (master_id, service_id) DO NOTHING`,
			masterID, serviceID, now, now, now).Error
		if err != nil {
			return fmt.Errorf("make room for an offering: %w", err)
		}
		row, err := t.lockOffering(ctx, masterID, serviceID)
		if err != nil {
			return err
		}
		before := row.offering()
		offering := before
		if row.DeletedAt != nil {
			offering = Offering{MasterID: masterID, ServiceID: serviceID, CreateTime: now}
		}
		put = OfferedService{Offering: offering, Service: service}
		if err = change(&put.Offering, service); err != nil {
			return err
		}
		if row.DeletedAt == nil && put.Offering.same(before) {
			return nil
		}
		put.Offering.Version = row.Version + 1
		put.Offering.UpdateTime = now
		return t.saveOffering(ctx, put.Offering, nil)
	})
	return put, err
}

// DeleteOffering removes an offering that stands, else it is NOT_FOUND, together
// with the event of it, unless check objects.
func (s *Store) DeleteOffering(
	ctx context.Context, masterID, serviceID string, now time.Time, check func(Offering) error,
) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		row, err := s.In(tx).lockOffering(ctx, masterID, serviceID)
		if err != nil {
			return err
		}
		if row.DeletedAt != nil {
			return errNoOffering
		}
		offering := row.offering()
		if err = check(offering); err != nil {
			return err
		}
		offering.Version++
		offering.UpdateTime = now
		return s.In(tx).saveOffering(ctx, offering, &now)
	})
}

// deleteOfferingsOf removes all offerings of a service, whose row is locked.
func (s *Store) deleteOfferingsOf(ctx context.Context, serviceID string, now time.Time) error {
	rows, err := gorm.G[offeringRow](s.db.Conn(ctx), clause.Locking{Strength: clause.LockingStrengthUpdate}).
		Where("service_id = ? AND deleted_at IS NULL", serviceID).Order("master_id").Find(ctx)
	if err != nil {
		return fmt.Errorf("read the offerings of a service: %w", err)
	}
	for _, row := range rows {
		offering := row.offering()
		offering.Version++
		offering.UpdateTime = now
		if err := s.saveOffering(ctx, offering, &now); err != nil {
			return err
		}
	}
	return nil
}

// refuseForeignOverrides returns INVALID_FIELDS when masters have prices of their
// own for a service, which are in the currency that it has.
func (s *Store) refuseForeignOverrides(ctx context.Context, service SalonService) error {
	n, err := gorm.G[offeringRow](s.db.Conn(ctx)).
		Where("service_id = ? AND deleted_at IS NULL AND price_override_minor IS NOT NULL", service.ID).
		Count(ctx, "*")
	if err != nil {
		return fmt.Errorf("count offerings: %w", err)
	}
	if n > 0 {
		return apierr.InvalidField("price.currency_code",
			fmt.Sprintf("must stay %s while masters have prices of their own in it", service.Currency))
	}
	return nil
}

func (s *Store) lockOffering(ctx context.Context, masterID, serviceID string) (offeringRow, error) {
	row, err := gorm.G[offeringRow](s.db.Conn(ctx), clause.Locking{Strength: clause.LockingStrengthUpdate}).
		Where("master_id = ? AND service_id = ?", masterID, serviceID).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return offeringRow{}, errNoOffering
	}
	if err != nil {
		return offeringRow{}, fmt.Errorf("read an offering: %w", err)
	}
	return row, nil
}

// saveOffering writes an offering over its row, and its event.
func (s *Store) saveOffering(ctx context.Context, o Offering, deletedAt *time.Time) error {
	_, err := gorm.G[offeringRow](s.db.Conn(ctx)).
		Where("master_id = ? AND service_id = ?", o.MasterID, o.ServiceID).
		Select("price_override_minor", "duration_override_minutes", "version", "create_time", "update_time", "deleted_at").
		Updates(ctx, offeringRow{
			PriceOverrideMinor: o.PriceOverrideMinor, DurationOverrideMinutes: o.DurationOverrideMinutes,
			Version: o.Version, CreateTime: o.CreateTime, UpdateTime: o.UpdateTime, DeletedAt: deletedAt,
		})
	if err != nil {
		return fmt.Errorf("write an offering: %w", err)
	}
	typ := eventOfferingPut
	if deletedAt != nil {
		typ = eventOfferingDeleted
	}
	event, err := offeringEvent(typ, o)
	if err != nil {
		return err
	}
	return events.Append(ctx, s.db, event)
}

func (r offeringRow) offering() Offering {
	return Offering{
		MasterID: r.MasterID, ServiceID: r.ServiceID,
		PriceOverrideMinor: r.PriceOverrideMinor, DurationOverrideMinutes: r.DurationOverrideMinutes,
		Version: r.Version, CreateTime: r.CreateTime.UTC(), UpdateTime: r.UpdateTime.UTC(),
	}
}
