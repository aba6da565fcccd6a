package user

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/fold"
	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Erase erases an account unless check refuses that, and notes which services have to do so too. An account that was erased
// before is not checked, and its erasure is returned. NOT_FOUND when there never was such an account.
func (s *Store) Erase(ctx context.Context, accountID string, now time.Time, check func(Account, Credential) error) (Erasure, error) {
	var e Erasure
	err := s.inTx(ctx, func(st *Store) error {
		if err := st.lockAdmins(ctx); err != nil {
			return err
		}
		// The lock of the administrators excludes other erasures.
		found, err := st.erasures(ctx, "account_id = ?", accountID)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			e = found[0]
			return nil
		}
		a, credential, err := st.LockAccount(ctx, accountID)
		if err != nil {
			return err
		}
		if err := check(a, credential); err != nil {
			return err
		}
		if err := st.checkErasable(ctx, a); err != nil {
			return err
		}
		removed, err := st.eraseAccount(ctx, a, now)
		if err != nil {
			return err
		}
		e = Erasure{ID: uuid.NewString(), AccountID: accountID, RequestTime: now}
		return st.noteErasure(ctx, e, removed)
	})
	return e, err
}

// checkErasable returns ErrLastAdmin and ErrStillMember. The account is locked, and so are the administrators.
func (s *Store) checkErasable(ctx context.Context, a Account) error {
	others, err := s.otherAdmins(ctx, a.ID)
	if err != nil {
		return err
	}
	if a.lastAdmin(others) {
		return ErrLastAdmin
	}
	memberships, err := s.Memberships(ctx, a.ID)
	if err == nil && len(memberships[a.ID]) > 0 {
		err = ErrStillMember
	}
	return err
}

// eraseAccount removes what this schema has of the person of an account, and returns how much that is.
func (s *Store) eraseAccount(ctx context.Context, a Account, now time.Time) (erasure.Counts, error) {
	removed := erasure.Counts{{Kind: "accounts", Count: 1}}
	for _, part := range []struct{ kind, statement, value string }{
		{"sessions", "DELETE FROM sessions WHERE user_id = ?", a.ID},
		{"networks", "DELETE FROM sign_in_networks WHERE user_id = ?", a.ID},
		{"invitations", "DELETE FROM invitations WHERE email = ?", a.Email},
	} {
		result := s.db.Conn(ctx).Exec(part.statement, part.value)
		if result.Error != nil {
			return nil, fmt.Errorf("erase %s: %w", part.kind, result.Error)
		}
		removed = append(removed, erasure.Count{Kind: part.kind, Count: result.RowsAffected})
	}
	profiles, err := s.eraseProfile(ctx, a.ID, now)
	if err != nil {
		return nil, err
	}
	answers, err := idempotency.Forget(ctx, s.db, a.ID, a.ID, a.Email)
	if err != nil {
		return nil, err
	}
	removed = append(removed, erasure.Count{Kind: "master profiles", Count: profiles}, erasure.Count{Kind: "stored answers", Count: answers})
	a.erase()
	a.touch(now)
	row := newAccountRow(a)
	err = s.db.Conn(ctx).Exec(`UPDATE users SET email = ?, display_name = ?, phone = ?, role = ?, disabled = ?, email_verified = ?,
			search_text = ?, password_hash = ?, password_version = password_version + 1, version = ?, update_time = ?, erase_time = ?
		WHERE id = ?`, row.Email, row.DisplayName, row.Phone, row.Role, row.Disabled, row.EmailVerified,
		fold.Text(erasedName), noPassword, row.Version, row.UpdateTime, now, row.ID).Error
	if err != nil {
		return nil, fmt.Errorf("erase an account: %w", err)
	}
	s.endSessions(a.ID)
	return removed, s.appendAccountEvent(ctx, eventErased, a)
}

// eraseProfile removes the texts of a deleted profile and returns how many profiles there are.
func (s *Store) eraseProfile(ctx context.Context, id string, now time.Time) (int64, error) {
	m, err := s.lockMaster(ctx, id)
	if errors.Is(err, errNoMaster) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	if _, err := m.Edit(Profile{DisplayName: formerMaster}, now); err != nil {
		return 0, err
	}
	return 1, s.saveMaster(ctx, eventMasterUpdated, m)
}

// noteErasure stores a new erasure, which is done in this schema.
func (s *Store) noteErasure(ctx context.Context, e Erasure, removed erasure.Counts) error {
	encoded, err := json.Marshal(removed)
	if err != nil {
		return err
	}
	err = s.db.Conn(ctx).Exec("INSERT INTO erasures (id, account_id, request_time) VALUES (?, ?, ?)", e.ID, e.AccountID, e.RequestTime).Error
	if err != nil {
		return fmt.Errorf("store an erasure: %w", err)
	}
	err = s.db.Conn(ctx).Exec(`
		INSERT INTO erasure_services (erasure_id, service, complete_time, removed, next_attempt)
		SELECT ?::uuid, ?, ?::timestamptz, ?::jsonb, ?::timestamptz
		UNION ALL SELECT ?::uuid, service, NULL, '[]', ?::timestamptz FROM unnest(?::text[]) AS k (service)`,
		e.ID, thisService, e.RequestTime, string(encoded), e.RequestTime,
		e.ID, e.RequestTime, postgres.Array[string](keeperNames())).Error
	if err != nil {
		return fmt.Errorf("store the services of an erasure: %w", err)
	}
	return nil
}

// Erasure returns an erasure, or NOT_FOUND.
func (s *Store) Erasure(ctx context.Context, id string) (Erasure, error) {
	return s.oneErasure(ctx, "id = ?", id)
}

// ErasureOf returns the erasure of an account, or NOT_FOUND.
func (s *Store) ErasureOf(ctx context.Context, accountID string) (Erasure, error) {
	return s.oneErasure(ctx, "account_id = ?", accountID)
}

func (s *Store) oneErasure(ctx context.Context, condition, value string) (Erasure, error) {
	found, err := s.erasures(ctx, condition, value)
	if err == nil && len(found) == 0 {
		err = errNoErasure
	}
	if err != nil {
		return Erasure{}, err
	}
	return found[0], nil
}

// erasures returns the erasure that meets a condition, if there is one.
func (s *Store) erasures(ctx context.Context, condition, value string) ([]Erasure, error) {
	var rows []struct {
		ID, AccountID, Service, Removed string
		RequestTime                     time.Time
		CompleteTime                    *time.Time
	}
	err := s.db.Conn(ctx).Raw(`SELECT e.id, e.account_id, e.request_time, s.service, s.complete_time, s.removed
		FROM erasures e JOIN erasure_services s ON s.erasure_id = e.id WHERE e.`+condition+` ORDER BY s.service`, value).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read an erasure: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	e := Erasure{ID: rows[0].ID, AccountID: rows[0].AccountID, RequestTime: rows[0].RequestTime.UTC()}
	for _, r := range rows {
		service := ServiceErasure{Service: r.Service, CompleteTime: postgres.Time(r.CompleteTime)}
		if err := json.Unmarshal([]byte(r.Removed), &service.Removed); err != nil {
			return nil, fmt.Errorf("read what %s has removed: %w", r.Service, err)
		}
		e.Services = append(e.Services, service)
	}
	return []Erasure{e}, nil
}

// TakeErrands returns at most limit errands that are due, of one erasure or, when erasureID is empty, of all. Until the
// lease is over, nobody else gets them.
func (s *Store) TakeErrands(ctx context.Context, erasureID string, now time.Time, lease time.Duration, limit int) ([]Errand, error) {
	var taken []Errand
	err := s.db.Conn(ctx).Raw(`
		UPDATE erasure_services s SET attempts = s.attempts + 1, next_attempt = ?
		FROM (
			SELECT d.erasure_id, d.service FROM erasure_services d
			WHERE d.complete_time IS NULL AND d.next_attempt <= ? AND (?::uuid IS NULL OR d.erasure_id = ?::uuid)
			ORDER BY d.next_attempt, d.service LIMIT ? FOR UPDATE SKIP LOCKED
		) AS due JOIN erasures e ON e.id = due.erasure_id
		WHERE s.erasure_id = due.erasure_id AND s.service = due.service
		RETURNING s.erasure_id, e.account_id, s.service, s.attempts`,
		now.Add(lease), now, postgres.Null(erasureID), postgres.Null(erasureID), limit).Scan(&taken).Error
	if err != nil {
		return nil, fmt.Errorf("take what services have to erase: %w", err)
	}
	return taken, nil
}

// PostponeErrand lets an errand be tried again from a time on.
func (s *Store) PostponeErrand(ctx context.Context, e Errand, until time.Time) error {
	err := s.db.Conn(ctx).Exec(`UPDATE erasure_services SET next_attempt = ?
		WHERE erasure_id = ? AND service = ? AND attempts = ? AND complete_time IS NULL`, until, e.ErasureID, e.Service, e.Attempts).Error
	if err != nil {
		return fmt.Errorf("postpone what a service has to erase: %w", err)
	}
	return nil
}

// FinishErrand notes that a service has erased an account, unless that is noted already.
func (s *Store) FinishErrand(ctx context.Context, e Errand, removed erasure.Counts, now time.Time) error {
	encoded, err := json.Marshal(removed)
	if err != nil {
		return err
	}
	err = s.db.Conn(ctx).Exec(`UPDATE erasure_services SET complete_time = ?, removed = ?
		WHERE erasure_id = ? AND service = ? AND complete_time IS NULL`, now, string(encoded), e.ErasureID, e.Service).Error
	if err != nil {
		return fmt.Errorf("note what a service has erased: %w", err)
	}
	return nil
}
