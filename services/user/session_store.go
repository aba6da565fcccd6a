package user

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// sessionRow is a row of sessions.
type sessionRow struct {
	ID           string `gorm:"primaryKey"`
	UserID       string
	UserAgent    string
	IPAddress    string
	Generation   int64
	RotateTime   time.Time
	CreateTime   time.Time
	LastUsedTime time.Time
	ExpireTime   time.Time
}

// TableName tells GORM the table.
func (sessionRow) TableName() string { return "sessions" }

func (r sessionRow) session() Session {
	s := Session(r)
	s.RotateTime, s.CreateTime = r.RotateTime.UTC(), r.CreateTime.UTC()
	s.LastUsedTime, s.ExpireTime = r.LastUsedTime.UTC(), r.ExpireTime.UTC()
	return s
}

// tokenRow is a row of refresh_tokens.
type tokenRow struct {
	Hash       []byte `gorm:"primaryKey"`
	SessionID  string
	Generation int64
	CreateTime time.Time
	ExpireTime time.Time
}

// TableName tells GORM the table.
func (tokenRow) TableName() string { return "refresh_tokens" }

// createSession stores a new session with its first refresh token.
func (s *store) createSession(ctx context.Context, session Session, token string) error {
	row := sessionRow(session)
	if err := gorm.G[sessionRow](s.db.Conn(ctx)).Create(ctx, &row); err != nil {
		return fmt.Errorf("create session: %w", err)
	}
	return s.createToken(ctx, session, token)
}

// createToken stores a refresh token of the session's newest generation.
func (s *store) createToken(ctx context.Context, session Session, token string) error {
	row := tokenRow{
		Hash:       HashRefreshToken(token),
		SessionID:  session.ID,
		Generation: session.Generation,
		CreateTime: session.LastUsedTime,
		ExpireTime: session.ExpireTime,
	}
	if err := gorm.G[tokenRow](s.db.Conn(ctx)).Create(ctx, &row); err != nil {
		return fmt.Errorf("create refresh token: %w", err)
	}
	return nil
}

// refreshed is what became of a refresh token that was used.
type refreshed struct {
	account Account
	session Session
	// reused tells that the token had been used before; the session is deleted.
	reused bool
}

// refreshSession uses a refresh token and stores newToken as the one that follows
// it. A token that was used before deletes its session, and this is committed: it
// is a result, not an error. An unknown or expired token is ErrRefreshTokenInvalid.
func (s *store) refreshSession(ctx context.Context, token, newToken string, now time.Time) (refreshed, error) {
	var out refreshed
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		st := s.in(tx)
		out = refreshed{}
		used, err := gorm.G[tokenRow](tx.Conn(ctx)).Where("hash = ? AND expire_time > ?", HashRefreshToken(token), now).Take(ctx)
		if used, err = one(used, err, ErrRefreshTokenInvalid); err != nil {
			return err
		}
		// Two uses of one token at once take their turns here.
		row, err := gorm.G[sessionRow](tx.Conn(ctx), clause.Locking{Strength: rowLock}).Where("id = ?", used.SessionID).Take(ctx)
		if row, err = one(row, err, ErrRefreshTokenInvalid); err != nil {
			return err
		}
		out.session = row.session()
		if out.account, _, err = st.accountByID(ctx, row.UserID); err != nil {
			return err
		}
		if out.session.Expired(now) || out.account.Disabled {
			return ErrRefreshTokenInvalid
		}
		if !out.session.Refresh(used.Generation, now) {
			out.reused = true
			return st.deleteSession(ctx, row.UserID, row.ID, now)
		}
		if err := st.saveSession(ctx, out.session); err != nil {
			return err
		}
		return st.createToken(ctx, out.session, newToken)
	})
	return out, err
}

func (s *store) saveSession(ctx context.Context, session Session) error {
	_, err := gorm.G[sessionRow](s.db.Conn(ctx)).Where("id = ?", session.ID).
		Select("generation", "rotate_time", "last_used_time", "expire_time").
		Updates(ctx, sessionRow(session))
	if err != nil {
		return fmt.Errorf("save session: %w", err)
	}
	return nil
}

// deleteSessionOfToken ends the session of a refresh token, and tells which one it
// was; both ids are empty when there is none.
func (s *store) deleteSessionOfToken(ctx context.Context, token string) (userID, sessionID string, err error) {
	var rows []struct{ UserID, ID string }
	err = s.db.Conn(ctx).Raw(`
		DELETE FROM sessions
		WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = ?)
		RETURNING user_id, id`, HashRefreshToken(token)).Scan(&rows).Error
	if err != nil {
		return "", "", fmt.Errorf("end session of token: %w", err)
	}
	if len(rows) == 0 {
		return "", "", nil
	}
	return rows[0].UserID, rows[0].ID, nil
}

// deleteSession ends one of a user's open sessions, or returns NOT_FOUND.
func (s *store) deleteSession(ctx context.Context, userID, id string, now time.Time) error {
	n, err := gorm.G[sessionRow](s.db.Conn(ctx)).
		Where("id = ? AND user_id = ? AND expire_time > ?", id, userID, now).Delete(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("end session: %w", err)
	case n == 0:
		return errNoSession
	}
	return nil
}

// deleteSessionsOf ends all of a user's sessions except for one; "" excepts none.
func (s *store) deleteSessionsOf(ctx context.Context, userID, except string) error {
	q := gorm.G[sessionRow](s.db.Conn(ctx)).Where("user_id = ?", userID)
	if except != "" {
		q = q.Where("id <> ?", except)
	}
	if _, err := q.Delete(ctx); err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// openSession tells whose session it is and their role as of now. It is NOT_FOUND
// when the session has ended or its account is disabled.
func (s *store) openSession(ctx context.Context, id string, now time.Time) (auth.Principal, error) {
	var rows []struct{ UserID, Role string }
	err := s.db.Conn(ctx).Raw(`
		SELECT s.user_id, u.role
		FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.id = ? AND s.expire_time > ? AND NOT u.disabled`, id, now).Scan(&rows).Error
	switch {
	case err != nil:
		return auth.Principal{}, fmt.Errorf("check session: %w", err)
	case len(rows) == 0:
		return auth.Principal{}, errNoSession
	}
	return auth.Principal{UserID: rows[0].UserID, Role: roleFromColumn(rows[0].Role), SessionID: id}, nil
}

// sessionCursor is the place of a session in ListSessions.
type sessionCursor struct {
	CreateTime time.Time `json:"t"`
	ID         string    `json:"i"`
}

// sessions returns a user's open sessions, newest first.
func (s *store) sessions(ctx context.Context, userID string, now time.Time, after *sessionCursor, limit int) ([]Session, error) {
	q := gorm.G[sessionRow](s.db.Conn(ctx)).
		Where("user_id = ? AND expire_time > ?", userID, now).
		Order("create_time DESC, id DESC").Limit(limit)
	if after != nil {
		q = q.Where("(create_time, id) < (?, ?)", after.CreateTime, after.ID)
	}
	rows, err := q.Find(ctx)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	sessions := make([]Session, len(rows))
	for i, row := range rows {
		sessions[i] = row.session()
	}
	return sessions, nil
}

// deleteExpired removes what has ended by time: sessions, and the refresh tokens
// of others that cannot be used any more.
func (s *store) deleteExpired(ctx context.Context, now time.Time) error {
	if _, err := gorm.G[sessionRow](s.db.Conn(ctx)).Where("expire_time <= ?", now).Delete(ctx); err != nil {
		return fmt.Errorf("prune sessions: %w", err)
	}
	if _, err := gorm.G[tokenRow](s.db.Conn(ctx)).Where("expire_time <= ?", now).Delete(ctx); err != nil {
		return fmt.Errorf("prune refresh tokens: %w", err)
	}
	return nil
}
