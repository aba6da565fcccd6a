package postgres_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/beauty-salon/platform/internal/pgtest"
	"github.com/beauty-salon/platform/internal/postgres"
)

// item is a row of the table items.
type item struct {
	ID     int
	Kind   *int
	Amount int
}

func TestOne(t *testing.T) {
	t.Parallel()
	conn := pgtest.New(t, items).Conn(t.Context())
	if err := conn.Exec("INSERT INTO items (id, amount) VALUES (1, 5)").Error; err != nil {
		t.Fatal(err)
	}
	absent := errors.New("item not found")
	if row, err := postgres.One[item](conn.Where("id = ?", 1), absent); err != nil || row != (item{ID: 1, Amount: 5}) {
		t.Errorf("found: got %v, %v", row, err)
	}
	if row, err := postgres.One[item](conn.Where("id = ?", 99), absent); !errors.Is(err, absent) || row != (item{}) {
		t.Errorf("not found: got %v, %v", row, err)
	}
	_, err := postgres.One[item](conn.Where("nothing = ?", 1), absent)
	if postgres.SQLState(err) != "42703" || !strings.Contains(err.Error(), "postgres_test.item") { // undefined_column
		t.Errorf("failed: %v does not name the row and the cause", err)
	}
}

func TestNull(t *testing.T) {
	t.Parallel()
	if postgres.Null("") != nil || postgres.Null(0) != nil || postgres.Null(time.Time{}) != nil {
		t.Error("a zero value is not NULL")
	}
	if got := postgres.Null("x"); got == nil || *got != "x" {
		t.Errorf("got %v", got)
	}
	if postgres.Value[string](nil) != "" || postgres.Value(postgres.Null(7)) != 7 {
		t.Error("Value is not the inverse of Null")
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 3, 14, 9, 0, 0, 0, time.FixedZone("UTC-8", -8*3600))
	if got := postgres.Time(&at); !got.Equal(at) || got.Location() != time.UTC {
		t.Errorf("got %v", got)
	}
	if got := postgres.Time(nil); !got.IsZero() {
		t.Errorf("NULL is %v", got)
	}
}

// TestRows uses the helpers where they meet the driver.
func TestRows(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	conn := db.Conn(t.Context())
	if err := conn.Exec("INSERT INTO kinds VALUES (7)").Error; err != nil {
		t.Fatal(err)
	}
	given := []item{{ID: 1, Kind: postgres.Null(7)}, {ID: 2, Kind: postgres.Null(0)}, {ID: 3, Amount: 5}}
	if err := conn.Exec("INSERT INTO items (id, kind, amount) SELECT * FROM unnest(?::int[], ?::int[], ?::int[])",
		postgres.Column(given, func(i item) int { return i.ID }),
		postgres.Column(given, func(i item) *int { return i.Kind }),
		postgres.Column(given, func(i item) int { return i.Amount }),
	).Error; err != nil {
		t.Fatal(err)
	}
	var stored []item
	if err := conn.Order("id").Find(&stored).Error; err != nil || !reflect.DeepEqual(stored, given) {
		t.Errorf("got %v, %v, want %v", stored, err, given)
	}
	for _, tt := range []struct {
		ids  postgres.Array[int]
		want int
	}{
		{postgres.Array[int]{1, 3, 99}, 2},
		{postgres.Array[int]{}, 0},
		{nil, 0},
		{postgres.Column([]item(nil), func(i item) int { return i.ID }), 0},
	} {
		var found []item
		if err := conn.Where("id = ANY (?)", tt.ids).Find(&found).Error; err != nil || len(found) != tt.want {
			t.Errorf("ids %v: got %v, %v, want %d rows", tt.ids, found, err, tt.want)
		}
	}
	for _, want := range []postgres.Array[string]{{"a", `b,"c"`}, {}, nil} {
		var read []struct {
			Words postgres.Array[string] `gorm:"type:text[]"`
		}
		if err := conn.Raw("SELECT ?::text[] AS words", want).Scan(&read).Error; err != nil || !reflect.DeepEqual(read[0].Words, want) {
			t.Errorf("wrote %#v, read %#v, %v", want, read, err)
		}
	}
}

// TestLockForChange locks a row that others refer to: others can refer to the row meanwhile, and cannot change it.
func TestLockForChange(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t, items)
	if err := db.Conn(t.Context()).Exec("INSERT INTO kinds VALUES (7)").Error; err != nil {
		t.Fatal(err)
	}
	err := db.InTx(t.Context(), func(tx *postgres.DB) error {
		var kinds []int
		locked := tx.Conn(t.Context()).Table("kinds").Clauses(postgres.LockForChange).Where("id = ?", 7).Pluck("id", &kinds)
		if locked.Error != nil || len(kinds) != 1 {
			return fmt.Errorf("lock: %v, %w", kinds, locked.Error)
		}
		if err := db.Conn(t.Context()).Exec("INSERT INTO items (id, kind) VALUES (1, 7)").Error; err != nil {
			t.Errorf("refer to the locked row: %v", err)
		}
		err := db.Conn(t.Context()).Exec("SELECT FROM kinds WHERE id = 7 FOR NO KEY UPDATE NOWAIT").Error
		if pg, ok := errors.AsType[*pgconn.PgError](err); !ok || pg.Code != "55P03" { // lock_not_available
			t.Errorf("change the locked row: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
