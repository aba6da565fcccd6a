package rating

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Scope says which ratings can be changed. The zero Scope has none.
type Scope struct {
	condition string
	args      []any
}

// ByAuthor is the scope of the ratings that an account gave.
func ByAuthor(accountID string) Scope { return Scope{"account_id = ?", []any{accountID}} }

// ByAnybody is the scope of all ratings.
func ByAnybody() Scope { return Scope{"true", nil} }

// OfMaster is the scope of the ratings of a master's work in the salons.
func OfMaster(masterID string, salonIDs []string) Scope {
	return Scope{"master_id = ? AND salon_id = ANY (?)", []any{masterID, postgres.Array[string](salonIDs)}}
}

func (s Scope) where() (string, []any) {
	if s.condition == "" {
		return "false", nil
	}
	return s.condition, s.args
}

// Cursor is a place in a list of ratings, which is ordered by time, newest first, and by id within one instant.
type Cursor struct {
	// Time is the create time of the last rating of the page before.
	Time time.Time `json:"t"`
	// ID is its id.
	ID string `json:"i"`
}

// Rating returns a rating. It returns ErrRatingNotFound when there is none or it was deleted.
func (s *Store) Rating(ctx context.Context, id string) (Rating, error) {
	row, err := postgres.One[ratingRow](s.db.Conn(ctx).Where("id = ? AND delete_time IS NULL", id), ErrRatingNotFound)
	if err != nil {
		return Rating{}, err
	}
	return row.rating(), nil
}

// MasterRatings returns at most limit ratings of a master, newest first: those after the cursor, or the newest when after is
// nil.
func (s *Store) MasterRatings(ctx context.Context, masterID string, after *Cursor, limit int) ([]Rating, error) {
	query := s.db.Conn(ctx).Where("master_id = ? AND delete_time IS NULL", masterID)
	if after != nil {
		query = query.Where("(create_time, id) < (?, ?)", after.Time, after.ID)
	}
	var rows []ratingRow
	if err := query.Order("create_time DESC, id DESC").Limit(limit).Find(&rows).Error; err != nil {
		return nil, fmt.Errorf("list ratings of a master: %w", err)
	}
	return ratings(rows), nil
}

// AppointmentRatings returns the ratings of an appointment, oldest first.
func (s *Store) AppointmentRatings(ctx context.Context, appointmentID string) ([]Rating, error) {
	var rows []ratingRow
	err := s.db.Conn(ctx).
		Where("appointment_id = ? AND delete_time IS NULL", appointmentID).Order("create_time, id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("list ratings of an appointment: %w", err)
	}
	return ratings(rows), nil
}

// InsertRating stores a new rating. It returns ErrAlreadyRated when the master has a rating for the appointment, also a
// deleted one.
func (s *Store) InsertRating(ctx context.Context, r Rating) error {
	row := rowOfRating(r)
	// A conflict must not fail the statement, because that would end the transaction and look like a fault in the log.
	insert := s.db.Conn(ctx).Clauses(clause.OnConflict{
		Columns: []clause.Column{{Name: "appointment_id"}, {Name: "master_id"}}, DoNothing: true,
	}).Create(&row)
	if insert.Error != nil {
		return fmt.Errorf("insert a rating: %w", insert.Error)
	}
	if insert.RowsAffected == 0 {
		return ErrAlreadyRated
	}
	return nil
}

// UpdateRating locks a rating, calls change with it and stores the result, all in one transaction. change returns false
// when there is nothing to store; its tx is for what must commit together with the rating. change is called again when the
// database asks for another try. UpdateRating returns ErrRatingNotFound for a rating that does not exist or was deleted,
// ErrNotYours for one outside the scope, and errors of change as they are.
func (s *Store) UpdateRating(
	ctx context.Context, id string, scope Scope, change func(tx *postgres.DB, r *Rating) (bool, error),
) (Rating, error) {
	var changed Rating
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		condition, args := scope.where()
		row, err := postgres.One[ratingRow](tx.Conn(ctx).Clauses(postgres.LockForChange).
			Where("id = ? AND delete_time IS NULL", id).Where(condition, args...), ErrNotYours)
		if errors.Is(err, ErrNotYours) {
			if _, missing := s.In(tx).Rating(ctx, id); missing != nil {
				return missing
			}
		}
		if err != nil {
			return err
		}
		changed = row.rating()
		store, err := change(tx, &changed)
		if err != nil || !store {
			return err
		}
		err = tx.Conn(ctx).
			Where("id = ?", id).
			Select("stars", "comment", "reply", "reply_time", "update_time", "delete_time", "version").
			Updates(rowOfRating(changed)).Error
		if err != nil {
			return fmt.Errorf("update a rating: %w", err)
		}
		return nil
	})
	return changed, err
}

// ratingRow is a row of the table ratings; migrations/ says what its columns mean.
type ratingRow struct {
	ID            string
	SalonID       string
	AppointmentID string
	MasterID      string
	CustomerID    string
	AccountID     string
	Stars         int
	Comment       string
	Reply         string
	ReplyTime     *time.Time
	CreateTime    time.Time
	UpdateTime    time.Time
	DeleteTime    *time.Time
	Version       int64
}

// TableName implements GORM's Tabler.
func (ratingRow) TableName() string { return "ratings" }

func rowOfRating(r Rating) ratingRow {
	return ratingRow{
		ID: r.ID, SalonID: r.SalonID, AppointmentID: r.AppointmentID, MasterID: r.MasterID,
		CustomerID: r.CustomerID, AccountID: r.AccountID,
		Stars: r.Stars, Comment: r.Comment, Reply: r.Reply, ReplyTime: postgres.Null(r.ReplyTime),
		CreateTime: r.CreateTime, UpdateTime: r.UpdateTime, DeleteTime: postgres.Null(r.DeleteTime), Version: r.Version,
	}
}

func (row ratingRow) rating() Rating {
	return Rating{
		ID: row.ID, SalonID: row.SalonID, AppointmentID: row.AppointmentID, MasterID: row.MasterID,
		CustomerID: row.CustomerID, AccountID: row.AccountID,
		Stars: row.Stars, Comment: row.Comment, Reply: row.Reply, ReplyTime: postgres.Time(row.ReplyTime),
		CreateTime: row.CreateTime.UTC(), UpdateTime: row.UpdateTime.UTC(), DeleteTime: postgres.Time(row.DeleteTime),
		Version: row.Version,
	}
}

func ratings(rows []ratingRow) []Rating {
	list := make([]Rating, len(rows))
	for i, row := range rows {
		list[i] = row.rating()
	}
	return list
}
