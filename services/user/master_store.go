package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// masterRow is a row of masters.
type masterRow struct {
	ID              string `gorm:"primaryKey"`
	SalonID         string
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
	ProfileTime     time.Time
	UpdateTime      time.Time
}

// TableName returns the table's name for GORM.
func (masterRow) TableName() string { return "masters" }

func (r masterRow) master() Master {
	return Master{
		ID:      r.ID,
		SalonID: r.SalonID,
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
		ProfileTime:   r.ProfileTime.UTC(),
		UpdateTime:    r.UpdateTime.UTC(),
	}
}

func newMasterRow(m Master) masterRow {
	return masterRow{
		ID:          m.ID,
		SalonID:     m.SalonID,
		DisplayName: m.Profile.DisplayName,
		Bio:         m.Profile.Bio,
		// JSON null for an empty list would break the CHECK.
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
		ProfileTime:     m.ProfileTime,
		UpdateTime:      m.UpdateTime,
	}
}

// Master returns a profile, deleted ones too, or NOT_FOUND.
func (s *Store) Master(ctx context.Context, id string) (Master, error) {
	return s.master(ctx, id)
}

// lockMaster returns a profile, deleted ones too, for a change in this transaction.
func (s *Store) lockMaster(ctx context.Context, id string) (Master, error) {
	return s.master(ctx, id, postgres.LockForChange)
}

func (s *Store) master(ctx context.Context, id string, lock ...clause.Expression) (Master, error) {
	row, err := postgres.One[masterRow](s.db.Conn(ctx).Clauses(lock...).Where("id = ?", id), errNoMaster)
	return row.master(), err
}

// CreateMaster gives an account the role MASTER in a salon and a profile, or its deleted
// one back. With membersOnly, an account that is no member of the salon is NOT_FOUND.
func (s *Store) CreateMaster(ctx context.Context, userID, salonID string, p Profile, membersOnly bool, now time.Time) (Master, error) {
	var m Master
	err := s.inTx(ctx, func(st *Store) error {
		if err := st.lockSalon(ctx, salonID); err != nil {
			return err
		}
		a, _, err := st.LockAccount(ctx, userID)
		if err != nil {
			return err
		}
		member, err := st.Member(ctx, salonID, userID)
		if errors.Is(err, errNoMember) {
			if membersOnly {
				return errNoUser
			}
			member, err = Member{SalonID: salonID, UserID: userID}, nil
		}
		switch {
		case err != nil:
			return err
		case a.Disabled:
			return ErrAccountDisabled
		case member.Has(apiv1.SalonRole_SALON_ROLE_MASTER):
			return ErrMasterExists
		}
		if _, err := st.setRoles(ctx, a, member, member.with(apiv1.SalonRole_SALON_ROLE_MASTER), p, now); err != nil {
			return err
		}
		m, err = st.Master(ctx, userID)
		return err
	})
	return m, err
}

// UpdateMaster lets change alter a profile, deleted ones too, and stores the result.
// change reports whether it altered anything.
func (s *Store) UpdateMaster(ctx context.Context, id string, change func(*Master) (bool, error)) (Master, error) {
	var m Master
	err := s.inTx(ctx, func(st *Store) error {
		var err error
		if m, err = st.lockMaster(ctx, id); err != nil {
			return err
		}
		changed, err := change(&m)
		if err != nil || !changed {
			return err
		}
		return st.saveMaster(ctx, eventMasterUpdated, m)
	})
	return m, err
}

// DeleteMaster deletes a profile together with the role MASTER, unless check refuses
// that. check also gets deleted profiles; it refuses them.
func (s *Store) DeleteMaster(ctx context.Context, id string, now time.Time, check func(Master) error) error {
	return s.inTx(ctx, func(st *Store) error {
		a, _, err := st.LockAccount(ctx, id)
		if errors.Is(err, errNoUser) {
			return errNoMaster
		}
		if err != nil {
			return err
		}
		// The lock on the account keeps the profile as it is, but for its texts and ratings.
		m, err := st.Master(ctx, id)
		if err != nil {
			return err
		}
		if err := check(m); err != nil {
			return err
		}
		member, err := st.Member(ctx, m.SalonID, id)
		if err != nil {
			return err
		}
		_, err = st.setRoles(ctx, a, member, member.without(apiv1.SalonRole_SALON_ROLE_MASTER), Profile{}, now)
		return err
	})
}

// addProfile gives an account a profile, or its deleted one back. The account is locked,
// so that nobody makes the same profile at the same time.
func (s *Store) addProfile(ctx context.Context, a Account, salonID string, p Profile, now time.Time) error {
	if a.Disabled {
		return ErrAccountDisabled
	}
	m, err := s.lockMaster(ctx, a.ID)
	switch {
	case err == nil:
		err = m.Revive(salonID, p, now)
	case errors.Is(err, errNoMaster):
		m, err = NewMaster(a.ID, salonID, p, now)
	}
	if err != nil {
		return err
	}
	return s.saveMaster(ctx, eventMasterCreated, m)
}

// deleteProfile deletes the profile of an account.
func (s *Store) deleteProfile(ctx context.Context, id string, now time.Time) error {
	m, err := s.lockMaster(ctx, id)
	if err != nil {
		return err
	}
	m.Delete(now)
	return s.saveMaster(ctx, eventMasterDeleted, m)
}

// setMasterDisabled hides the profile of an account that was disabled, or shows the
// profile again. An account without a profile is no error.
func (s *Store) setMasterDisabled(ctx context.Context, id string, disabled bool, now time.Time) error {
	m, err := s.lockMaster(ctx, id)
	switch {
	case errors.Is(err, errNoMaster), err == nil && m.Deleted:
		return nil
	case err != nil:
		return err
	}
	m.SetDisabled(disabled, now)
	return s.saveMaster(ctx, eventMasterUpdated, m)
}

// saveMaster inserts a profile, or writes everything of it but the ratings, with its
// event.
func (s *Store) saveMaster(ctx context.Context, eventType string, m Master) error {
	row := newMasterRow(m)
	err := s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "id"}},
		DoUpdates: clause.AssignmentColumns([]string{
			"salon_id", "display_name", "bio", "specialties", "experience_years", "photo_url", "search_text", "specialty_keys",
			"deleted", "disabled", "version", "profile_time", "update_time",
		}),
	}).Create(&row).Error
	if err != nil {
		return fmt.Errorf("save a master: %w", err)
	}
	e, err := masterEvent(eventType, m)
	if err != nil {
		return err
	}
	if err := events.Append(ctx, s.db, e); err != nil {
		return err
	}
	s.dropCached(ctx, m)
	return nil
}

// dropCached makes caches forget what is older than m.
func (s *Store) dropCached(ctx context.Context, m Master) {
	if s.outdated != nil {
		s.outdated(ctx, m.ID, m.Revision())
	}
}

// SetRatings stores the sum of a master's ratings as of a version, unless a newer version
// is known. It reports whether that changed anything.
func (s *Store) SetRatings(ctx context.Context, id string, count int32, stars, version int64) (bool, error) {
	var rows []struct{ Version, RatingVersion int64 }
	err := s.db.Conn(ctx).Raw(`
		UPDATE masters SET rating_count = ?, rating_stars = ?, rating_version = ?
		WHERE id = ? AND rating_version < ?
		RETURNING version, rating_version`, count, stars, version, id, version).Scan(&rows).Error
	if err != nil {
		return false, fmt.Errorf("set the ratings of a master: %w", err)
	}
	if len(rows) == 0 {
		return false, nil
	}
	s.dropCached(ctx, Master{ID: id, Version: rows[0].Version, RatingVersion: rows[0].RatingVersion})
	return true, nil
}

// SetOffering stores whether a master performs a service, unless a newer version is
// known.
func (s *Store) SetOffering(ctx context.Context, masterID, serviceID string, deleted bool, version int64) error {
	err := s.db.Conn(ctx).Exec(`
		INSERT INTO master_offerings AS known (master_id, service_id, deleted, version)
		VALUES (?, ?, ?, ?)
		ON CONFLICT (master_id, service_id) DO UPDATE
		SET deleted = excluded.deleted, version = excluded.version
		WHERE known.version < excluded.version`, masterID, serviceID, deleted, version).Error
	if err != nil {
		return fmt.Errorf("store an offering: %w", err)
	}
	return nil
}
