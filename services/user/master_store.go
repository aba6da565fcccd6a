package user

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// masterRow is a row of masters.
type masterRow struct {
	ID              string `gorm:"primaryKey"`
	DisplayName     string
	Bio             string
	Specialties     []string `gorm:"serializer:json"`
	ExperienceYears int32
	PhotoURL        string
	SearchText      string
	SpecialtyKeys   []string `gorm:"serializer:json"`
	RatingCount     int32
	RatingStars     int64
	RatingVersion   int64
	Deleted         bool
	Disabled        bool
	Version         int64
	CreateTime      time.Time
	UpdateTime      time.Time
}

// TableName tells GORM the table.
func (masterRow) TableName() string { return "masters" }

func (r masterRow) master() Master {
	return Master{
		ID: r.ID,
		Profile: Profile{
			DisplayName:     r.DisplayName,
			Bio:             r.Bio,
			Specialties:     r.Specialties,
			ExperienceYears: r.ExperienceYears,
			PhotoURL:        r.PhotoURL,
		},
		RatingCount:   r.RatingCount,
		RatingStars:   r.RatingStars,
		RatingVersion: r.RatingVersion,
		Deleted:       r.Deleted,
		Disabled:      r.Disabled,
		Version:       r.Version,
		CreateTime:    r.CreateTime.UTC(),
		UpdateTime:    r.UpdateTime.UTC(),
	}
}

func newMasterRow(m Master) masterRow {
	return masterRow{
		ID:          m.ID,
		DisplayName: m.Profile.DisplayName,
		Bio:         m.Profile.Bio,
		// An empty list, never null.
		Specialties:     append([]string{}, m.Profile.Specialties...),
		ExperienceYears: m.Profile.ExperienceYears,
		PhotoURL:        m.Profile.PhotoURL,
		SearchText:      m.Profile.searchText(),
		SpecialtyKeys:   m.Profile.specialtyKeys(),
		RatingCount:     m.RatingCount,
		RatingStars:     m.RatingStars,
		RatingVersion:   m.RatingVersion,
		Deleted:         m.Deleted,
		Disabled:        m.Disabled,
		Version:         m.Version,
		CreateTime:      m.CreateTime,
		UpdateTime:      m.UpdateTime,
	}
}

// master returns a profile, deleted ones too, or NOT_FOUND.
func (s *store) master(ctx context.Context, id string) (Master, error) {
	row, err := gorm.G[masterRow](s.db.Conn(ctx)).Where("id = ?", id).Take(ctx)
	row, err = one(row, err, errNoMaster)
	return row.master(), err
}

// lockMaster returns a profile, deleted ones too, for a change in this transaction.
func (s *store) lockMaster(ctx context.Context, id string) (Master, error) {
	row, err := gorm.G[masterRow](s.db.Conn(ctx), clause.Locking{Strength: rowLock}).Where("id = ?", id).Take(ctx)
	row, err = one(row, err, errNoMaster)
	return row.master(), err
}

// createMaster gives an account a profile, or its deleted one back, and the role
// that goes with it.
func (s *store) createMaster(ctx context.Context, userID string, p Profile, now time.Time, onRole func()) (Master, error) {
	var m Master
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		st := s.in(tx)
		_, err := st.changeAccount(ctx, userID, now, onRole, func(a *Account) error {
			if a.Disabled {
				return ErrAccountDisabled
			}
			a.Role = a.roleWithProfile(true)
			return nil
		})
		if err != nil {
			return err
		}
		// The account's row is locked, so nobody creates the same profile meanwhile.
		m, err = st.lockMaster(ctx, userID)
		switch {
		case err == nil:
			err = m.Revive(p, now)
		case isNotFound(err):
			m, err = NewMaster(userID, p, now)
		}
		if err != nil {
			return err
		}
		return st.saveMaster(ctx, eventMasterCreated, m)
	})
	return m, err
}

// updateMaster lets change alter a profile that is not deleted and stores the result.
// change reports whether it altered anything.
func (s *store) updateMaster(ctx context.Context, id string, change func(*Master) (bool, error)) (Master, error) {
	var m Master
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		var err error
		if m, err = s.in(tx).lockMaster(ctx, id); err != nil {
			return err
		}
		if m.Deleted {
			return errNoMaster
		}
		changed, err := change(&m)
		if err != nil || !changed {
			return err
		}
		return s.in(tx).saveMaster(ctx, eventMasterUpdated, m)
	})
	return m, err
}

// deleteMaster ends a profile, after check has seen it, and takes the role away
// that went with it.
func (s *store) deleteMaster(ctx context.Context, id string, now time.Time, onRole func(), check func(Master) error) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error {
		st := s.in(tx)
		var m Master
		_, err := st.changeAccount(ctx, id, now, onRole, func(a *Account) error {
			var err error
			if m, err = st.lockMaster(ctx, id); err != nil {
				return err
			}
			if m.Deleted {
				return errNoMaster
			}
			a.Role = a.roleWithProfile(false)
			return check(m)
		})
		if isNotFound(err) {
			return errNoMaster
		}
		if err != nil {
			return err
		}
		m.Delete(now)
		return st.saveMaster(ctx, eventMasterDeleted, m)
	})
}

// setMasterDisabled hides the profile of an account that was disabled, or shows it
// again.
func (s *store) setMasterDisabled(ctx context.Context, id string, disabled bool, now time.Time) error {
	m, err := s.lockMaster(ctx, id)
	if err != nil {
		return err
	}
	m.SetDisabled(disabled, now)
	return s.saveMaster(ctx, eventMasterUpdated, m)
}

// saveMaster inserts a profile or writes everything of it but the ratings, with
// its event.
func (s *store) saveMaster(ctx context.Context, eventType string, m Master) error {
	row := newMasterRow(m)
	err := s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"display_name", "bio", "specialties", "experience_years", "photo_url", "search_text", "specialty_keys",
			"deleted", "disabled", "version", "update_time",
		}),
	}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("save master: %w", err)
	}
	e, err := masterEvent(eventType, m)
	if err != nil {
		return err
	}
	if err := events.Append(ctx, s.db, e); err != nil {
		return err
	}
	s.tellOutdated(ctx, m)
	return nil
}

func (s *store) tellOutdated(ctx context.Context, m Master) {
	if s.outdated != nil {
		s.outdated(ctx, m.ID, m.Revision())
	}
}

// setRatings stores the sum of a master's ratings as of version, unless a newer one
// is known; it reports whether that changed anything.
func (s *store) setRatings(ctx context.Context, id string, count int32, stars, version int64) (bool, error) {
	var rows []struct{ Version, RatingVersion int64 }
	err := s.db.Conn(ctx).Raw(`
		UPDATE masters SET rating_count = ?, rating_stars = ?, rating_version = ?
		WHERE id = ? AND rating_version < ?
		RETURNING version, rating_version`, count, stars, version, id, version).Scan(&rows).Error
	if err != nil {
		return false, fmt.Errorf("set ratings: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	s.tellOutdated(ctx, Master{ID: id, Version: rows[0].Version, RatingVersion: rows[0].RatingVersion})
	return true, nil
}

// setOffering stores whether a master performs a service, unless a newer version
// is known.
func (s *store) setOffering(ctx context.Context, masterID, serviceID string, deleted bool, version int64) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO master_offerings AS o (master_id, service_id, deleted, version)
		VALUES (?, ?, ?, ?)
		ON CONFLICT (master_id, service_id) DO UPDATE
		SET deleted = excluded.deleted, version = excluded.version
		WHERE o.version < excluded.version`, masterID, serviceID, deleted, version).Error
	if err != nil {
		return fmt.Errorf("set offering: %w", err)
	}
	return nil
}
