package user

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/postgres"
)

// invitationRow is a row of invitations.
type invitationRow struct {
	ID         string `gorm:"primaryKey"`
	SalonID    string
	Email      string
	Roles      rolesColumn
	Closed     bool
	CreateTime time.Time
	ExpireTime time.Time
}

// TableName returns the table's name for GORM.
func (invitationRow) TableName() string { return "invitations" }

func (r invitationRow) invitation() Invitation {
	return Invitation{
		ID:         r.ID,
		SalonID:    r.SalonID,
		Email:      r.Email,
		Roles:      r.Roles,
		Closed:     r.Closed,
		CreateTime: r.CreateTime.UTC(),
		ExpireTime: r.ExpireTime.UTC(),
	}
}

// CreateInvitation stores an invitation and closes the open one of the same salon and
// address. It returns NOT_FOUND for a salon that does not exist. It does not look at
// accounts, so neither the answer nor the time that it takes depends on them.
func (s *Store) CreateInvitation(ctx context.Context, i Invitation) error {
	return s.inTx(ctx, func(st *Store) error {
		if err := st.lockSalon(ctx, i.SalonID); err != nil {
			return err
		}
		// Two invitations of one address at the same time: the later one must see the
		// earlier one.
		lock := st.db.Conn(ctx).Exec("SELECT pg_advisory_xact_lock(hashtextextended('users: invitation ' || ?, 0))", i.SalonID+" "+i.Email)
		if lock.Error != nil {
			return fmt.Errorf("lock the invitations of an address: %w", lock.Error)
		}
		err := st.db.Conn(ctx).Model(&invitationRow{}).
			Where("salon_id = ? AND email = ? AND NOT closed", i.SalonID, i.Email).Update("closed", true).Error
		if err != nil {
			return fmt.Errorf("replace an invitation: %w", err)
		}
		row := invitationRow{
			ID: i.ID, SalonID: i.SalonID, Email: i.Email, Roles: i.Roles, Closed: i.Closed,
			CreateTime: i.CreateTime, ExpireTime: i.ExpireTime,
		}
		if err := st.db.Conn(ctx).Create(&row).Error; err != nil {
			return fmt.Errorf("create an invitation: %w", err)
		}
		return nil
	})
}

// invitationCursor is the place of an invitation in the lists.
type invitationCursor struct {
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// InvitationsOfSalon returns the open invitations of a salon, newest first.
func (s *Store) InvitationsOfSalon(ctx context.Context, salonID string, now time.Time, after *invitationCursor, limit int) ([]Invitation, error) {
	return s.openInvitations(ctx, "salon_id = ?", salonID, now, after, limit)
}

// InvitationsOfUser returns the open invitations of the address of an account, newest
// first.
func (s *Store) InvitationsOfUser(ctx context.Context, userID string, now time.Time, after *invitationCursor, limit int) ([]Invitation, error) {
	return s.openInvitations(ctx, "email = (SELECT email FROM users WHERE id = ?)", userID, now, after, limit)
}

func (s *Store) openInvitations(ctx context.Context, condition, value string, now time.Time, after *invitationCursor, limit int) ([]Invitation, error) {
	q := s.db.Conn(ctx).
		Where(condition, value).Where("NOT closed AND expire_time > ?", now).
		Order("create_time DESC, id DESC").Limit(limit)
	if after != nil {
		q = q.Where("(create_time, id) < (?, ?)", after.CreateTime, after.ID)
	}
	var rows []invitationRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list invitations: %w", err)
	}
	invitations := make([]Invitation, len(rows))
	for i, row := range rows {
		invitations[i] = row.invitation()
	}
	return invitations, nil
}

// RevokeInvitation closes an open invitation of a salon. It returns NOT_FOUND when the
// salon has no such invitation and ErrInvitationClosed when the invitation is not open.
func (s *Store) RevokeInvitation(ctx context.Context, salonID, id string, now time.Time) error {
	return s.inTx(ctx, func(st *Store) error {
		_, err := st.closeInvitation(ctx, now, "id = ? AND salon_id = ?", id, salonID)
		return err
	})
}

// DeclineInvitation closes an open invitation of the address of an account. It returns
// NOT_FOUND when the address has no such invitation and ErrInvitationClosed when the
// invitation is not open.
func (s *Store) DeclineInvitation(ctx context.Context, userID, id string, now time.Time) error {
	return s.inTx(ctx, func(st *Store) error {
		a, _, err := st.LockAccount(ctx, userID)
		if err != nil {
			return err
		}
		_, err = st.closeInvitation(ctx, now, "id = ? AND email = ?", id, a.Email)
		return err
	})
}

// AcceptInvitation closes an open invitation of the address of an account and makes the
// account a member with the roles of the invitation, beside those that it has. The
// errors are those of DeclineInvitation, ErrMasterElsewhere and ErrAccountDisabled.
func (s *Store) AcceptInvitation(ctx context.Context, userID, id string, now time.Time) (Member, error) {
	var after Member
	err := s.inTx(ctx, func(st *Store) error {
		// The salon is locked before the account, so it is looked up first.
		var salonIDs []string
		err := st.db.Conn(ctx).Raw(`SELECT i.salon_id FROM invitations i JOIN users u ON u.email = i.email
			WHERE i.id = ? AND u.id = ?`, id, userID).Scan(&salonIDs).Error
		switch {
		case err != nil:
			return fmt.Errorf("find an invitation: %w", err)
		case len(salonIDs) == 0:
			return errNoInvitation
		}
		salonID := salonIDs[0]
		if err := st.lockSalon(ctx, salonID); errors.Is(err, errNoSalon) {
			return ErrInvitationClosed
		} else if err != nil {
			return err
		}
		a, _, err := st.LockAccount(ctx, userID)
		if err != nil {
			return err
		}
		if a.Disabled { // since the caller's session was checked
			return ErrAccountDisabled
		}
		invitation, err := st.closeInvitation(ctx, now, "id = ? AND email = ?", id, a.Email)
		if err != nil {
			return err
		}
		before, err := st.Member(ctx, salonID, userID)
		if errors.Is(err, errNoMember) {
			before, err = Member{SalonID: salonID, UserID: userID}, nil
		}
		if err != nil {
			return err
		}
		after = before
		if roles := before.with(invitation.Roles...); len(roles) > len(before.Roles) {
			after, err = st.setRoles(ctx, a, before, roles, Profile{DisplayName: a.DisplayName}, now)
		}
		return err
	})
	return after, err
}

// closeInvitation closes the invitation that meets a condition and returns it.
func (s *Store) closeInvitation(ctx context.Context, now time.Time, condition string, args ...any) (Invitation, error) {
	row, err := postgres.One[invitationRow](s.db.Conn(ctx).Clauses(postgres.LockForChange).Where(condition, args...), errNoInvitation)
	if err != nil {
		return Invitation{}, err
	}
	i := row.invitation()
	if err := i.Close(now); err != nil {
		return Invitation{}, err
	}
	if err := s.db.Conn(ctx).Model(&invitationRow{}).Where("id = ?", i.ID).Update("closed", true).Error; err != nil {
		return Invitation{}, fmt.Errorf("close an invitation: %w", err)
	}
	return i, nil
}

// DeleteExpiredInvitations removes the invitations that no answer is expected to any
// more.
func (s *Store) DeleteExpiredInvitations(ctx context.Context, now time.Time) error {
	err := s.db.Conn(ctx).Where("expire_time <= ?", now.Add(-InvitationLifetime)).Delete(&invitationRow{}).Error
	if err != nil {
		return fmt.Errorf("delete expired invitations: %w", err)
	}
	return nil
}
