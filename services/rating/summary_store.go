package rating

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm/clause"

	"github.com/beauty-salon/platform/internal/postgres"
)

// Summary returns a master's summary. It is empty for a master without ratings, also for one who is unknown.
func (s *Store) Summary(ctx context.Context, masterID string) (Summary, error) {
	row, err := postgres.One[summaryRow](s.db.Conn(ctx).Where("master_id = ?", masterID), errNoSummary)
	if errors.Is(err, errNoSummary) {
		return Summary{MasterID: masterID}, nil
	}
	return row.summary(), err
}

// UpdateSummary locks a master's summary, which it makes where there is none, calls change with it and stores the result.
// It is called in the transaction that changes the rating.
func (s *Store) UpdateSummary(ctx context.Context, masterID string, change func(*Summary)) (Summary, error) {
	var summary Summary
	err := s.db.InTx(ctx, func(tx *postgres.DB) error {
		none := summaryRow{MasterID: masterID}
		made := tx.Conn(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&none)
		if made.Error != nil {
			return fmt.Errorf("insert a summary: %w", made.Error)
		}
		row, err := postgres.One[summaryRow](tx.Conn(ctx).Clauses(postgres.LockForChange).Where("master_id = ?", masterID), errNoSummary)
		if err != nil {
			return err
		}
		summary = row.summary()
		change(&summary)
		if err := tx.Conn(ctx).Where("master_id = ?", masterID).Select("*").Updates(rowOfSummary(summary)).Error; err != nil {
			return fmt.Errorf("update a summary: %w", err)
		}
		return nil
	})
	return summary, err
}

// errNoSummary means that a master has no row.
var errNoSummary = errors.New("there is no summary")

// summaryRow is a row of the table rating_summaries; migrations/ says what its columns mean.
type summaryRow struct {
	MasterID string
	Count    int
	StarsSum int64
	Stars1   int `gorm:"column:stars_1"`
	Stars2   int `gorm:"column:stars_2"`
	Stars3   int `gorm:"column:stars_3"`
	Stars4   int `gorm:"column:stars_4"`
	Stars5   int `gorm:"column:stars_5"`
	Version  int64
}

// TableName implements GORM's Tabler.
func (summaryRow) TableName() string { return "rating_summaries" }

func rowOfSummary(s Summary) summaryRow {
	h := s.Histogram
	return summaryRow{
		MasterID: s.MasterID, Count: s.Count, StarsSum: s.StarsSum,
		Stars1: h[0], Stars2: h[1], Stars3: h[2], Stars4: h[3], Stars5: h[4], Version: s.Version,
	}
}

func (row summaryRow) summary() Summary {
	return Summary{
		MasterID: row.MasterID, Count: row.Count, StarsSum: row.StarsSum,
		Histogram: [MaxStars]int{row.Stars1, row.Stars2, row.Stars3, row.Stars4, row.Stars5}, Version: row.Version,
	}
}
