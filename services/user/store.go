package user

import (
	"errors"
	"fmt"
	"strings"

	"gorm.io/gorm"

	"github.com/beauty-salon/platform/internal/postgres"
)

// store reads and writes this service's schema. Its methods run in the
// transaction that its db is in, or begin their own where they need one.
type store struct {
	db *postgres.DB
}

// in returns the store that works inside tx.
func (s *store) in(tx *postgres.DB) *store { return &store{db: tx} }

// rowLock is the strength of FOR … that changes of a row take: it lets others
// refer to the row by foreign key meanwhile.
const rowLock = "NO KEY UPDATE"

// one turns the absence of a row into absent and gives every other error a name.
func one[T any](row T, err error, absent error) (T, error) {
	switch {
	case err == nil:
		return row, nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return row, absent
	}
	return row, fmt.Errorf("read %T: %w", row, err)
}

var likeEscaper = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// contains returns the LIKE pattern of texts that hold this one literally.
func contains(text string) string { return "%" + likeEscaper.Replace(text) + "%" }

// isNotFound tells whether the row was not there.
func isNotFound(err error) bool { return errors.Is(err, errNoMaster) }
