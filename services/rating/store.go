package rating

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Store reads and writes ratings, their summaries and the visits that may be rated. Whoever changes a rating locks
// first the rating and then its master's summary, so that no two changes wait for each other.
type Store struct {
	db *postgres.DB
}

// NewStore returns the store of a database; of a transaction's, one that works inside the transaction.
func NewStore(db *postgres.DB) *Store {
	return &Store{db: db}
}

// Scope says whose ratings may be changed. The zero Scope admits none.
type Scope struct {
	condition string
	args      []any
}

// OfCustomer admits the ratings that a customer gave.
func OfCustomer(id string) Scope { return Scope{"customer_id = ?", []any{id}} }

// OfMaster admits the ratings of a master's work.
func OfMaster(id string) Scope { return Scope{"master_id = ?", []any{id}} }

// OfAnybody admits every rating.
func OfAnybody() Scope { return Scope{"true", nil} }

func (s Scope) where() (string, []any) {
	if s.condition == "" {
		return "false", nil
	}
	return s.condition, s.args
}

// Cursor is the place in a list that is ordered by time, newest first, and by id within the same moment.
type Cursor struct {
	// Time is the create time of the last rating of the page before.
	Time time.Time `json:"t"`
	// ID is its id.
	ID string `json:"i"`
}

// Rating returns a rating, or ErrRatingNotFound when there is none or it was deleted.
func (s *Store) Rating(ctx context.Context, id string) (Rating, error) {
	row, err := gorm.G[ratingRow](s.db.Conn(ctx)).
		Where("id = ? AND delete_time IS NULL", id).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Rating{}, ErrRatingNotFound
	}
	return row.rating(), err
}

// MasterRatings returns up to limit ratings of a master, newest first, from behind the cursor on; nil begins at the
// newest.
func (s *Store) MasterRatings(ctx context.Context, masterID string, after *Cursor, limit int) ([]Rating, error) {
	query := gorm.G[ratingRow](s.db.Conn(ctx)).Where("master_id = ? AND delete_time IS NULL", masterID)
	if after != nil {
		query = query.Where("(create_time, id) < (?, ?)", after.Time, after.ID)
	}
	rows, err := query.Order("create_time DESC, id DESC").Limit(limit).Find(ctx)
	if err != nil {
		return nil, err
	}
	ratings := make([]Rating, len(rows))
	for i, row := range rows {
		ratings[i] = row.rating()
	}
	return ratings, nil
}

// InsertRating stores a new rating. It returns ErrAlreadyRated when its visit has one, a deleted one too.
func (s *Store) InsertRating(ctx context.Context, r Rating) error {
	row := rowOfRating(r)
	// A conflict must not fail the statement: the transaction could not go on and would look like a fault in the log.
	insert := s.db.Conn(ctx).
		Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "appointment_id"}}, DoNothing: true}).
		Create(&row)
	if insert.Error != nil {
		return insert.Error
	}
	if insert.RowsAffected == 0 {
		return ErrAlreadyRated
	}
	return nil
}

// UpdateRating locks a rating, hands it to change and stores what change made of it, all in one transaction; change
// returns false when there is nothing to store. Its tx is for what must commit together with the rating. It may be
// called again when the database asks for another try. UpdateRating returns ErrRatingNotFound for a rating that does
// not exist, was deleted or is outside the scope, and errors of change as they are.
func (s *Store) UpdateRating(
	ctx context.Context, id string, scope Scope, change func(tx *postgres.DB, r *Rating) (bool, error),
) (Rating, error) {
	var changed Rating
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		condition, args := scope.where()
		row, err := gorm.G[ratingRow](tx.Conn(ctx), clause.Locking{Strength: clause.LockingStrengthUpdate}).
			Where("id = ? AND delete_time IS NULL", id).
			Where(condition, args...).
			Take(ctx)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return ErrRatingNotFound
		}
		if err != nil {
			return err
		}
		changed = row.rating()
		store, err := change(tx, &changed)
		if err != nil || !store {
			return err
		}
		_, err = gorm.G[ratingRow](tx.Conn(ctx)).
			Where("id = ?", id).
			Select("stars", "comment", "reply", "reply_time", "update_time", "delete_time", "version").
			Updates(ctx, rowOfRating(changed))
		return err
	})
	return changed, err
}

// Summary returns a master's summary: the empty one for a master without ratings and for an unknown one.
func (s *Store) Summary(ctx context.Context, masterID string) (Summary, error) {
	row, err := gorm.G[summaryRow](s.db.Conn(ctx)).Where("master_id = ?", masterID).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Summary{MasterID: masterID}, nil
	}
	return row.summary(), err
}

// UpdateSummary locks a master's summary, making it first where there is none, and stores what change makes of it. It
// belongs into the transaction that changes the rating.
func (s *Store) UpdateSummary(ctx context.Context, masterID string, change func(*Summary)) (Summary, error) {
	var summary Summary
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		none := summaryRow{MasterID: masterID}
		made := tx.Conn(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&none)
		if made.Error != nil {
			return made.Error
		}
		row, err := gorm.G[summaryRow](tx.Conn(ctx), clause.Locking{Strength: clause.LockingStrengthUpdate}).
			Where("master_id = ?", masterID).Take(ctx)
		if err != nil {
			return err
		}
		summary = row.summary()
		change(&summary)
		_, err = gorm.G[summaryRow](tx.Conn(ctx)).
			Where("master_id = ?", masterID).Select("*").Updates(ctx, rowOfSummary(summary))
		return err
	})
	return summary, err
}

// Visit returns what is known of a visit, and false when nothing is.
func (s *Store) Visit(ctx context.Context, appointmentID string) (Visit, bool, error) {
	row, err := gorm.G[visitRow](s.db.Conn(ctx)).Where("appointment_id = ?", appointmentID).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return Visit{}, false, nil
	}
	return row.visit(), err == nil, err
}

// PutVisit keeps what was learned of a visit, unless something newer is known.
func (s *Store) PutVisit(ctx context.Context, v Visit) error {
	row := rowOfVisit(v)
	return s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "appointment_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"customer_id", "master_id", "state", "complete_time", "version"}),
		Where:     clause.Where{Exprs: []clause.Expression{clause.Expr{SQL: "visits.version < excluded.version"}}},
	}).Create(&row).Error
}
