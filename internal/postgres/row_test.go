package postgres_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

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
	errAbsent := errors.New("item not found")
	errLost := errors.New("connection lost")
	for _, tt := range []struct {
		name      string
		err, want error
	}{
		{"found", nil, nil},
		{"not found", gorm.ErrRecordNotFound, errAbsent},
		{"not found, wrapped", fmt.Errorf("read: %w", gorm.ErrRecordNotFound), errAbsent},
		{"failed", errLost, errLost},
	} {
		got, err := postgres.One(item{ID: 1}, tt.err, errAbsent)
		if !errors.Is(err, tt.want) || err == nil && got.ID != 1 {
			t.Errorf("%s: got %v, %v", tt.name, got, err)
		}
	}
	if _, err := postgres.One(item{}, errLost, errAbsent); !strings.Contains(err.Error(), "postgres_test.item") {
		t.Errorf("%v does not name the row", err)
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
	stored, err := gorm.G[item](conn).Order("id").Find(t.Context())
	if err != nil || !reflect.DeepEqual(stored, given) {
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
		found, err := gorm.G[item](conn).Where("id = ANY (?)", tt.ids).Find(t.Context())
		if err != nil || len(found) != tt.want {
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
	absent := errors.New("item not found")
	row, err := gorm.G[item](conn).Where("id = ?", 99).Take(t.Context())
	if _, err := postgres.One(row, err, absent); !errors.Is(err, absent) {
		t.Errorf("got %v", err)
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
