package user

import (
	"context"
	"fmt"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Store reads and writes this service's schema. Its methods run in the transaction
// that the Store is for, or begin their own where they need one.
//
// Locks are taken in this order: salon, administrators, account, invitation, master. The
// lock on an account is also the lock on its members.
type Store struct {
	db *postgres.DB
	// outdated, unless nil, gets the revision of a master that is about to be
	// committed. A call after the commit would be too late: a process that ends in
	// between would leave an old profile in a cache.
	outdated func(ctx context.Context, masterID string, revision int64)
	// ended, unless nil, is called after the commit when all sessions of an account
	// have ended or its roles have changed.
	ended func(userID string)
}

// NewStore returns the store of a database or, for the database of a transaction,
// of that transaction.
func NewStore(db *postgres.DB) *Store { return &Store{db: db} }

// In returns the store that works inside tx.
func (s *Store) In(tx *postgres.DB) *Store {
	return &Store{db: tx, outdated: s.outdated, ended: s.ended}
}

// inTx runs fn with the store of a transaction, as [postgres.DB.InTx] does.
func (s *Store) inTx(ctx context.Context, fn func(*Store) error) error {
	return s.db.InTx(ctx, func(tx *postgres.DB) error { return fn(s.In(tx)) })
}

// endSessions calls ended after the commit.
func (s *Store) endSessions(userID string) {
	if s.ended != nil {
		s.db.OnCommit(func() { s.ended(userID) })
	}
}

// otherVersions returns the ids of rows of a table whose version is not the known one. An older version
// than the known one is that of a backup that was restored.
func (s *Store) otherVersions(ctx context.Context, table string, known []*userv1.KnownVersion) ([]string, error) {
	if len(known) == 0 {
		return nil, nil
	}
	var ids []string
	err := s.db.Conn(ctx).Raw(`SELECT id FROM unnest(?::uuid[], ?::bigint[]) AS known (id, version) JOIN `+table+` AS stored USING (id)
		WHERE stored.version <> known.version`,
		postgres.Column(known, (*userv1.KnownVersion).GetId), postgres.Column(known, (*userv1.KnownVersion).GetVersion)).Scan(&ids).Error
	if err != nil {
		return nil, fmt.Errorf("compare versions of %s: %w", table, err)
	}
	return ids, nil
}
