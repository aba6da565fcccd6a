package user

import (
	"context"
	"fmt"
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// sessionRow is a row of sessions.
type sessionRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	UserAgent    string
	IPAddress    string
	CreateTime   time.Time
	LastUsedTime time.Time
	ExpireTime   time.Time
}

// TableName returns the table's name for GORM.
func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() Session {
	s := Session(r)
	s.CreateTime, s.LastUsedTime, s.ExpireTime = r.CreateTime.UTC(), r.LastUsedTime.UTC(), r.ExpireTime.UTC()
	return s
}

// tokenRow is a row of refresh_tokens.
type tokenRow struct {
	Hash       []byte `gorm:"primaryKey"`
	SessionID  string
	CreateTime time.Time
	UseTime    *time.Time // of the first use; nil before it
	ExpireTime time.Time
}

// TableName returns the table's name for GORM.
func (tokenRow) TableName() string { return "refresh_tokens" }

// firstUse returns when the token was used first, the zero time before that.
func (r tokenRow) firstUse() time.Time {
	if r.UseTime == nil {
		return time.Time{}
	}
	return *r.UseTime
}

// CreateSession stores a new session with its first refresh token.
func (s *Store) CreateSession(ctx context.Context, session Session, token string) error {
	row := sessionRow(session)
	if err := s.db.Conn(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("create a session: %w", err)
	}
	return s.createToken(ctx, session, token)
}

// createToken stores a new refresh token of the session.
func (s *Store) createToken(ctx context.Context, session Session, token string) error {
	row := tokenRow{
		Hash:       HashRefreshToken(token),
		SessionID:  session.ID,
		CreateTime: session.LastUsedTime,
		ExpireTime: session.ExpireTime,
	}
	if err := s.db.Conn(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("create a refresh token: %w", err)
	}
	return nil
}

// Refreshed is the result of the use of a refresh token.
type Refreshed struct {
	// Account is whose session it is.
	Account Account
	// Session is the session after the use.
	Session Session
	// Reused is whether the token was used again after the grace. The session is deleted then.
	Reused bool
}

// RefreshSession uses a refresh token and stores newToken as its successor. A token that
// is used again after the grace deletes its session. The deletion is committed, so it is a
// result and not an error. An unknown or expired token is ErrRefreshTokenInvalid.
func (s *Store) RefreshSession(ctx context.Context, token, newToken string, now time.Time) (Refreshed, error) {
	hash := HashRefreshToken(token)
	var out Refreshed
	err := s.inTx(ctx, func(st *Store) error {
		out = Refreshed{}
		// Concurrent uses of one token wait for each other here. The token is read after that, as the use before left it.
		row, err := postgres.One[sessionRow](st.db.Conn(ctx).Clauses(postgres.LockForChange).
			Where("id = (SELECT session_id FROM refresh_tokens WHERE hash = ?)", hash), ErrRefreshTokenInvalid)
		if err != nil {
			return err
		}
		used, err := st.token(ctx, hash, now)
		if err != nil {
			return err
		}
		out.Session = row.session()
		if out.Account, _, err = st.Account(ctx, row.UserID); err != nil {
			return err
		}
		if out.Session.Expired(now) || out.Account.Disabled {
			return ErrRefreshTokenInvalid
		}
		if !out.Session.Refresh(used.firstUse(), now) {
			out.Reused = true
			return st.DeleteSession(ctx, row.UserID, row.ID, now)
		}
		if err := st.saveSession(ctx, out.Session); err != nil {
			return err
		}
		if err := st.markUsed(ctx, used, now); err != nil {
			return err
		}
		return st.createToken(ctx, out.Session, newToken)
	})
	return out, err
}

// token returns the refresh token with a hash, or ErrRefreshTokenInvalid when there is none or it has expired.
func (s *Store) token(ctx context.Context, hash []byte, now time.Time) (tokenRow, error) {
	return postgres.One[tokenRow](s.db.Conn(ctx).Where("hash = ? AND expire_time > ?", hash, now), ErrRefreshTokenInvalid)
}

// markUsed records the first use of a refresh token.
func (s *Store) markUsed(ctx context.Context, token tokenRow, now time.Time) error {
	if token.UseTime != nil {
		return nil
	}
	if err := s.db.Conn(ctx).Model(&tokenRow{}).Where("hash = ?", token.Hash).Update("use_time", now).Error; err != nil {
		return fmt.Errorf("record the use of a refresh token: %w", err)
	}
	return nil
}

func (s *Store) saveSession(ctx context.Context, session Session) error {
	err := s.db.Conn(ctx).Where("id = ?", session.ID).
		Select("last_used_time", "expire_time").
		Updates(sessionRow(session)).Error
	if err != nil {
		return fmt.Errorf("save a session: %w", err)
	}
	return nil
}

// DeleteSessionOfToken ends the session of a refresh token and returns its ids. Both are
// empty when there is no such session.
func (s *Store) DeleteSessionOfToken(ctx context.Context, token string) (userID, sessionID string, err error) {
	var rows []struct{ UserID, ID string }
	err = s.db.Conn(ctx).Raw(`
		DELETE FROM sessions
		WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = ?)
		RETURNING user_id, id`, HashRefreshToken(token)).Scan(&rows).Error
	if err != nil {
		return "", "", fmt.Errorf("delete a session: %w", err)
	}
	if len(rows) == 0 {
		return "", "", nil
	}
	return rows[0].UserID, rows[0].ID, nil
}

// DeleteSession ends an open session of a user, or returns NOT_FOUND.
func (s *Store) DeleteSession(ctx context.Context, userID, id string, now time.Time) error {
	deleted := s.db.Conn(ctx).Where("id = ? AND user_id = ? AND expire_time > ?", id, userID, now).Delete(&sessionRow{})
	switch {
	case deleted.Error != nil:
		return fmt.Errorf("delete a session: %w", deleted.Error)
	case deleted.RowsAffected == 0:
		return errNoSession
	}
	return nil
}

// DeleteSessionsOf ends all sessions of a user except for one. An empty except ends all.
func (s *Store) DeleteSessionsOf(ctx context.Context, userID, except string) error {
	q := s.db.Conn(ctx).Where("user_id = ?", userID)
	if except != "" {
		q = q.Where("id <> ?", except)
	}
	if err := q.Delete(&sessionRow{}).Error; err != nil {
		return fmt.Errorf("delete sessions: %w", err)
	}
	return nil
}

// openSessionRow is a row of sessionQuery.
type openSessionRow struct {
	UserID, Role string
	SalonID      *string
	SalonRoles   rolesColumn
}

// openSession returns whose session the rows of sessionQuery are, or NOT_FOUND when there are none.
func openSession(id string, rows []openSessionRow) (auth.Principal, error) {
	if len(rows) == 0 {
		return auth.Principal{}, errNoSession
	}
	p := auth.Principal{UserID: rows[0].UserID, Role: roleFromColumn(rows[0].Role), SessionID: id}
	for _, r := range rows {
		if r.SalonID != nil {
			p.Memberships = append(p.Memberships, auth.Membership{SalonID: *r.SalonID, Roles: r.SalonRoles})
		}
	}
	return p, nil
}

// OpenSession returns whose session it is, with the account's role and memberships as of
// now. It returns NOT_FOUND when the session has ended or the account is disabled.
func (s *Store) OpenSession(ctx context.Context, id string, now time.Time) (auth.Principal, error) {
	var rows []openSessionRow
	if err := s.db.Conn(ctx).Raw(fmt.Sprintf(sessionQuery, "?", "?"), id, now).Scan(&rows).Error; err != nil {
		return auth.Principal{}, fmt.Errorf("check a session: %w", err)
	}
	return openSession(id, rows)
}

// sessionCursor is the place of a session in ListSessions.
type sessionCursor struct {
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// Sessions returns a user's open sessions, newest first.
func (s *Store) Sessions(ctx context.Context, userID string, now time.Time, after *sessionCursor, limit int) ([]Session, error) {
	q := s.db.Conn(ctx).
		Where("user_id = ? AND expire_time > ?", userID, now).
		Order("create_time DESC, id DESC").Limit(limit)
	if after != nil {
		q = q.Where("(create_time, id) < (?, ?)", after.CreateTime, after.ID)
	}
	var rows []sessionRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = row.session()
	}
	return sessions, nil
}

// DeleteExpiredSessions removes the sessions that have ended by now, and the refresh
// tokens of other sessions that cannot be used any more.
func (s *Store) DeleteExpiredSessions(ctx context.Context, now time.Time) error {
	if err := s.db.Conn(ctx).Where("expire_time <= ?", now).Delete(&sessionRow{}).Error; err != nil {
		return fmt.Errorf("delete expired sessions: %w", err)
	}
	if err := s.db.Conn(ctx).Where("expire_time <= ?", now).Delete(&tokenRow{}).Error; err != nil {
		return fmt.Errorf("delete expired refresh tokens: %w", err)
	}
	return nil
}
