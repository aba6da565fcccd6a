package rating

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/beauty-salon/platform/internal/erasure"
)

// nobody is the author of a rating whose account was erased. No account has this id.
var nobody = uuid.Nil.String()

// personalTables are what this schema keeps of people. Ratings that the person has answered as a master are shown without
// who gave them.
var personalTables = []erasure.Table{
	{Kind: "appointments", Query: `SELECT to_jsonb(a) AS data, a.appointment_id::text AS place FROM appointments a WHERE a.account_id = @account`},
	{Kind: "ratings", Query: `SELECT to_jsonb(r) AS data, r.id::text AS place FROM ratings r WHERE r.account_id = @account`},
	{Kind: "replies", Query: `SELECT jsonb_build_object('rating_id', r.id, 'salon_id', r.salon_id, 'reply', r.reply, 'reply_time', r.reply_time) AS data,
		r.id::text AS place FROM ratings r WHERE r.master_id = @account AND r.reply <> ''`},
	{Kind: "rating_summary", Query: `SELECT to_jsonb(s) AS data, '' AS place FROM rating_summaries s WHERE s.master_id = @account`},
}

// EraseRatings removes the author and the texts of the ratings that an account gave, and the replies that it gave as a master.
// It returns those that were changed and are not deleted.
func (s *Store) EraseRatings(ctx context.Context, accountID string, now time.Time) (given, replies []Rating, err error) {
	var rows []ratingRow
	err = s.db.Conn(ctx).Raw(`UPDATE ratings SET account_id = ?, comment = '', reply = '', reply_time = NULL, version = version + 1, update_time = ?
		WHERE account_id = ? RETURNING *`, nobody, now, accountID).Scan(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("erase the ratings of an account: %w", err)
	}
	given = withoutDeleted(rows)
	rows = nil
	err = s.db.Conn(ctx).Raw(`UPDATE ratings SET reply = '', reply_time = NULL, version = version + 1, update_time = ?
		WHERE master_id = ? AND reply <> '' RETURNING *`, now, accountID).Scan(&rows).Error
	if err != nil {
		return nil, nil, fmt.Errorf("erase the replies of an account: %w", err)
	}
	return given, withoutDeleted(rows), nil
}

func withoutDeleted(rows []ratingRow) []Rating {
	list := make([]Rating, 0, len(rows))
	for _, row := range rows {
		if row.DeleteTime == nil {
			list = append(list, row.rating())
		}
	}
	return list
}

// EraseAppointments removes an account from the projection of appointments, and returns from how many. Nobody can rate
// these any more.
func (s *Store) EraseAppointments(ctx context.Context, accountID string) (int64, error) {
	result := s.db.Conn(ctx).Exec("UPDATE appointments SET account_id = NULL WHERE account_id = ?", accountID)
	if result.Error != nil {
		return 0, fmt.Errorf("erase an account from appointments: %w", result.Error)
	}
	return result.RowsAffected, nil
}
