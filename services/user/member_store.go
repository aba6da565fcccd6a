package user

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// rolesColumn are roles in a column of type text[].
type rolesColumn []apiv1.SalonRole

// Value implements driver.Valuer.
func (r rolesColumn) Value() (driver.Value, error) {
	names := make([]string, len(r))
	for i, role := range r {
		names[i] = salonRoleColumn(role)
	}
	return "{" + strings.Join(names, ",") + "}", nil
}

// Scan implements sql.Scanner. The names of roles need no quotes in PostgreSQL's text
// form of an array.
func (r *rolesColumn) Scan(src any) error {
	*r = nil
	if src == nil {
		return nil
	}
	text, ok := src.(string)
	if !ok {
		return fmt.Errorf("roles are a %T, want a string", src)
	}
	for name := range strings.SplitSeq(strings.Trim(text, "{}"), ",") {
		*r = append(*r, salonRoleFromColumn(name))
	}
	return nil
}

// memberRow is a row of memberships with columns of the account.
type memberRow struct {
	SalonID        string
	UserID         string
	Roles          rolesColumn
	Version        int64
	CreateTime     time.Time
	UpdateTime     time.Time
	DisplayName    string
	Email          string
	AccountVersion int64
}

func (r memberRow) member() Member {
	return Member{
		SalonID:        r.SalonID,
		UserID:         r.UserID,
		Roles:          r.Roles,
		Version:        r.Version,
		CreateTime:     r.CreateTime.UTC(),
		UpdateTime:     r.UpdateTime.UTC(),
		DisplayName:    r.DisplayName,
		Email:          r.Email,
		AccountVersion: r.AccountVersion,
	}
}

// members runs a query for members. rest follows the FROM clause, in which memberships
// is m and users is u.
func (s *Store) members(ctx context.Context, rest string, args ...any) ([]Member, error) {
	var rows []memberRow
	err := s.db.Conn(ctx).Raw(`
		SELECT m.salon_id, m.user_id, m.roles, m.version, m.create_time, m.update_time,
		       u.display_name, u.email, u.version AS account_version
		FROM memberships m JOIN users u ON u.id = m.user_id `+rest, args...).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read members: %w", err)
	}
	members := make([]Member, len(rows))
	for i, row := range rows {
		members[i] = row.member()
	}
	return members, nil
}

// memberCursor is the place of a member in ListMembers.
type memberCursor struct {
	CreateTime time.Time `json:"t"`
	UserID     string    `json:"u"`
}

// Members returns the members of a salon, the first one first.
func (s *Store) Members(ctx context.Context, salonID string, after *memberCursor, limit int) ([]Member, error) {
	if after == nil {
		return s.members(ctx, "WHERE m.salon_id = ? ORDER BY m.create_time, m.user_id LIMIT ?", salonID, limit)
	}
	return s.members(ctx, `WHERE m.salon_id = ? AND (m.create_time, m.user_id) > (?, ?)
		ORDER BY m.create_time, m.user_id LIMIT ?`, salonID, after.CreateTime, after.UserID, limit)
}

// Member returns a member of a salon, or NOT_FOUND. For a change, the account is locked
// before.
func (s *Store) Member(ctx context.Context, salonID, userID string) (Member, error) {
	found, err := s.members(ctx, "WHERE m.salon_id = ? AND m.user_id = ?", salonID, userID)
	switch {
	case err != nil:
		return Member{}, err
	case len(found) == 0:
		return Member{}, errNoMember
	}
	return found[0], nil
}

// Memberships returns the memberships of accounts by the account's id, the oldest
// membership first.
func (s *Store) Memberships(ctx context.Context, userIDs ...string) (map[string][]auth.Membership, error) {
	var rows []struct {
		UserID, SalonID string
		Roles           rolesColumn
	}
	err := s.db.Conn(ctx).Raw(`SELECT user_id, salon_id, roles FROM memberships
		WHERE user_id = ANY(?::uuid[]) ORDER BY create_time, salon_id`, postgres.Array[string](userIDs)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read memberships: %w", err)
	}
	byUser := make(map[string][]auth.Membership, len(userIDs))
	for _, r := range rows {
		byUser[r.UserID] = append(byUser[r.UserID], auth.Membership{SalonID: r.SalonID, Roles: r.Roles})
	}
	return byUser, nil
}

// UpdateMember replaces the roles of a member, unless check refuses that. No roles end
// the membership. check is not called when the member has these roles already. NOT_FOUND
// when there is no such member.
func (s *Store) UpdateMember(ctx context.Context, salonID, userID string, roles []apiv1.SalonRole, now time.Time, check func(Member) error) (Member, error) {
	var after Member
	err := s.inTx(ctx, func(st *Store) error {
		a, _, err := st.LockAccount(ctx, userID)
		if errors.Is(err, errNoUser) {
			return errNoMember
		}
		if err != nil {
			return err
		}
		if after, err = st.Member(ctx, salonID, userID); err != nil {
			return err
		}
		if slices.Equal(after.Roles, roles) {
			return nil
		}
		if err := check(after); err != nil {
			return err
		}
		after, err = st.setRoles(ctx, a, after, roles, Profile{DisplayName: a.DisplayName}, now)
		return err
	})
	return after, err
}

// setRoles gives a member other roles and keeps the master's profile in step: with
// MASTER, the account gets the profile p; without, its profile is deleted. before is
// the member as stored, or one at version 0 for a new member; the account a is locked.
// Sessions have the new roles as soon as the change is committed.
func (s *Store) setRoles(ctx context.Context, a Account, before Member, roles []apiv1.SalonRole, p Profile, now time.Time) (Member, error) {
	was, is := before.Has(apiv1.SalonRole_SALON_ROLE_MASTER), slices.Contains(roles, apiv1.SalonRole_SALON_ROLE_MASTER)
	var err error
	switch {
	case is && !was:
		err = s.addProfile(ctx, a, before.SalonID, p, now)
	case was && !is:
		err = s.deleteProfile(ctx, a.ID, now)
	}
	if err != nil {
		return Member{}, err
	}
	// What others see of the account includes its memberships.
	a.touch(now)
	if err := s.saveAccount(ctx, a); err != nil {
		return Member{}, err
	}
	after := before
	after.Roles, after.UpdateTime = roles, now
	after.Version, after.AccountVersion = before.Version+1, a.Version
	after.DisplayName, after.Email = a.DisplayName, a.Email
	if before.Version == 0 {
		after.CreateTime = now
	}
	s.endSessions(a.ID)
	return after, s.saveMember(ctx, after)
}

// saveMember writes a member, or deletes one without roles.
func (s *Store) saveMember(ctx context.Context, m Member) error {
	var err error
	if len(m.Roles) == 0 {
		err = s.db.Conn(ctx).Exec("DELETE FROM memberships WHERE salon_id = ? AND user_id = ?", m.SalonID, m.UserID).Error
	} else {
		err = s.db.Conn(ctx).Exec(`
			INSERT INTO memberships (salon_id, user_id, roles, version, create_time, update_time)
			VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (salon_id, user_id) DO UPDATE
			SET roles = excluded.roles, version = excluded.version, update_time = excluded.update_time`,
			m.SalonID, m.UserID, rolesColumn(m.Roles), m.Version, m.CreateTime, m.UpdateTime).Error
	}
	if err != nil {
		return fmt.Errorf("save a member: %w", err)
	}
	return nil
}
