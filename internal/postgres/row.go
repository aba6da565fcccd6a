package postgres

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// LockForChange is the FOR … clause of reads before a change: it keeps other changes
// of the row waiting, but not the foreign keys that refer to it.
var LockForChange = clause.Locking{Strength: "NO KEY UPDATE"}

// One returns the row of a query that finds one at most: absent when there is none, and
// every other error with the row's type in front.
func One[T any](query *gorm.DB, absent error) (row T, err error) {
	err = query.Take(&row).Error
	switch {
	case err == nil:
		return row, nil
	case errors.Is(err, gorm.ErrRecordNotFound):
		return row, absent
	}
	return row, fmt.Errorf("read %T: %w", row, err)
}

// Array passes a slice to the driver as one PostgreSQL array, and reads one. GORM would
// make a list of parameters of it. A field of a row needs a tag such as
// `gorm:"type:uuid[]"`.
type Array[T any] []T

// Value implements driver.Valuer.
func (a Array[T]) Value() (driver.Value, error) { return []T(a), nil }

// Scan implements sql.Scanner. NULL makes a nil slice.
func (a *Array[T]) Scan(src any) error {
	return pgtype.NewMap().SQLScanner((*[]T)(a)).Scan(src)
}

// Column collects one value of each row into an array.
func Column[Row, T any](rows []Row, value func(Row) T) Array[T] {
	values := make(Array[T], len(rows))
	for i, row := range rows {
		values[i] = value(row)
	}
	return values
}

// Null returns nil, which is NULL, for the zero value.
func Null[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// Value returns the zero value for NULL.
func Value[T any](v *T) T {
	if v == nil {
		var zero T
		return zero
	}
	return *v
}

// Time returns the time in UTC, and the zero time for NULL.
func Time(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// Columns returns the names of the columns of a row type, which its fields have as json tags, with commas between. Together with [JSON] and
// jsonb_populate_recordset, a statement takes any number of rows in one parameter; with a parameter for each column of each row, each number of
// rows would be a statement of its own. It panics when a field has no tag: the column would silently become NULL.
func Columns[Row any]() string {
	var names []string
	for field := range reflect.TypeFor[Row]().Fields() {
		name := field.Tag.Get("json")
		if name == "" {
			panic(fmt.Sprintf("postgres: %s of %T has no json tag", field.Name, *new(Row)))
		}
		names = append(names, name)
	}
	return strings.Join(names, ", ")
}

// JSON returns rows as a parameter of the type jsonb. PostgreSQL rounds what is less than a microsecond of a time; the driver would cut it off.
func JSON[Row any](rows []Row) driver.Valuer { return jsonRows[Row](rows) }

type jsonRows[Row any] []Row

// Value implements driver.Valuer.
func (rows jsonRows[Row]) Value() (driver.Value, error) {
	encoded, err := json.Marshal([]Row(rows))
	return string(encoded), err
}
