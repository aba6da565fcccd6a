package erasure

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

// lockKey is the SQL expression of the key of the advisory locks of accounts, with the schema as a parameter and an account as id.
const lockKey = "hashtextextended('erasure:' || ? || ':' || id, 0)"

// Once runs erase in a transaction of db, unless that was done for the account before, and answers with what erase has removed
// then. Calls for one account wait for each other, and for transactions that have called [Erased] for it.
func Once(
	ctx context.Context, db *postgres.DB, accountID string, now time.Time, erase func(tx *postgres.DB) (Counts, error),
) (*apiv1.EraseAccountResponse, error) {
	var removed Counts
	err := db.InTx(ctx, func(tx *postgres.DB) error {
		// A statement of its own: the next one sees what the last holder committed.
		if err := tx.Conn(ctx).Exec("SELECT pg_advisory_xact_lock("+lockKey+") FROM (SELECT ?::text) AS a (id)", tx.Schema(), accountID).Error; err != nil {
			return fmt.Errorf("lock an account that is erased: %w", err)
		}
		var rows []string
		err := tx.Conn(ctx).Raw("SELECT removed FROM erased_accounts WHERE account_id = ?", accountID).Scan(&rows).Error
		if err != nil {
			return fmt.Errorf("look for an erased account: %w", err)
		}
		if len(rows) > 0 {
			removed = nil
			return json.Unmarshal([]byte(rows[0]), &removed)
		}
		if removed, err = erase(tx); err != nil {
			return err
		}
		encoded, err := json.Marshal(removed)
		if err != nil {
			return err
		}
		err = tx.Conn(ctx).Exec("INSERT INTO erased_accounts (account_id, erase_time, removed) VALUES (?, ?, ?)",
			accountID, now, string(encoded)).Error
		if err != nil {
			return fmt.Errorf("note an erased account: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &apiv1.EraseAccountResponse{Removed: removed.ToProto()}, nil
}

// Erased returns which of the accounts were erased. Until the transaction ends, none of the others is. Empty ids are
// nobody's.
func Erased(ctx context.Context, tx *postgres.DB, accountIDs ...string) ([]string, error) {
	ids := slices.Clone(accountIDs)
	slices.Sort(ids)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id string) bool { return id == "" })
	if len(ids) == 0 {
		return nil, nil
	}
	locked := tx.Conn(ctx).Exec("SELECT pg_advisory_xact_lock_shared("+lockKey+") FROM unnest(?::text[]) AS id",
		tx.Schema(), postgres.Array[string](ids))
	if locked.Error != nil {
		return nil, fmt.Errorf("keep accounts from being erased: %w", locked.Error)
	}
	var erased []string
	err := tx.Conn(ctx).Raw("SELECT account_id FROM erased_accounts WHERE account_id = ANY(?::uuid[])",
		postgres.Array[string](ids)).Scan(&erased).Error
	if err != nil {
		return nil, fmt.Errorf("look for erased accounts: %w", err)
	}
	return erased, nil
}

// ExportAccount answers with the records of an account that a service keeps in tables.
func ExportAccount(
	ctx context.Context, db *postgres.DB, service string, tables []Table, req *apiv1.ExportAccountRequest,
) (*apiv1.ExportAccountResponse, error) {
	records, err := Export(ctx, db, service, tables, req.GetAccountId(), req.GetOffset(), req.GetLimit())
	if err != nil {
		return nil, err
	}
	return &apiv1.ExportAccountResponse{Records: records}, nil
}

// Export returns the records of an account in tables: at most limit, after the first offset.
func Export(
	ctx context.Context, db *postgres.DB, service string, tables []Table, accountID string, offset, limit int32,
) ([]*apiv1.PersonalRecord, error) {
	parts := make([]string, len(tables))
	for i, t := range tables {
		parts[i] = fmt.Sprintf("SELECT %d AS n, '%s' AS kind, data, place FROM (%s) AS t%d", i, t.Kind, t.Query, i)
	}
	var rows []struct{ Kind, Data string }
	err := db.Conn(ctx).Raw("SELECT kind, data FROM ("+strings.Join(parts, " UNION ALL ")+
		") AS r ORDER BY n, place OFFSET @offset LIMIT @limit",
		sql.Named("account", accountID), sql.Named("offset", offset), sql.Named("limit", limit)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read personal data: %w", err)
	}
	records := make([]*apiv1.PersonalRecord, len(rows))
	for i, r := range rows {
		data, err := decode(r.Data)
		if err != nil {
			return nil, fmt.Errorf("read a record of %s: %w", r.Kind, err)
		}
		records[i] = &apiv1.PersonalRecord{Service: service, Kind: r.Kind, Data: data}
	}
	return records, nil
}

// decode returns a row of a table with the names of fields as JSON has them.
func decode(data string) (*structpb.Struct, error) {
	var columns map[string]any
	if err := json.Unmarshal([]byte(data), &columns); err != nil {
		return nil, err
	}
	fields := make(map[string]any, len(columns))
	for name, value := range columns {
		fields[camel(name)] = value
	}
	return structpb.NewStruct(fields)
}
