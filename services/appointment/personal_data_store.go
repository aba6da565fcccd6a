package appointment

import (
	"context"
	"fmt"

	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/booking"
)

// ofCustomer joins the rows a of a table with the customers c of the account.
const ofCustomer = ` JOIN customers c ON c.salon_id = a.salon_id AND c.id = a.customer_id AND c.account_id = @account`

// personalTables are what this schema keeps of people.
var personalTables = []erasure.Table{
	{Kind: "account", Query: `SELECT to_jsonb(u) - 'search_text' AS data, '' AS place FROM accounts u WHERE u.id = @account`},
	{Kind: "master", Query: `SELECT to_jsonb(m) AS data, '' AS place FROM masters m WHERE m.id = @account`},
	{Kind: "offerings", Query: `SELECT to_jsonb(o) AS data, o.service_id::text AS place FROM offerings o WHERE o.master_id = @account`},
	{Kind: "weekly_hours", Query: `SELECT to_jsonb(h) AS data, h.salon_id::text AS place FROM weekly_hours h WHERE h.subject_id = @account`},
	{Kind: "dated_hours", Query: `SELECT to_jsonb(h) AS data, h.id::text AS place FROM dated_hours h WHERE h.subject_id = @account`},
	{Kind: "times_off", Query: `SELECT to_jsonb(h) AS data, h.id::text AS place FROM times_off h WHERE h.subject_id = @account`},
	{Kind: "customers", Query: `SELECT to_jsonb(c) - ARRAY['search_text', 'erase_time'] AS data, c.id::text AS place
		FROM customers c WHERE c.account_id = @account`},
	{Kind: "appointments", Query: `SELECT to_jsonb(a) - 'overbooked' AS data, a.id::text AS place FROM ` + booking.EveryAppointment + ` a` + ofCustomer},
	{Kind: "segments", Query: `SELECT to_jsonb(s) AS data, s.appointment_id::text || s.position AS place FROM ` + booking.EveryAppointment + ` a` + ofCustomer +
		` JOIN ` + booking.EverySegment + ` s ON s.salon_id = a.salon_id AND s.appointment_id = a.id`},
	// Without the ids of the accounts of others, who have changed the appointment.
	{Kind: "appointment_history", Query: `SELECT to_jsonb(h) - ARRAY['account_id', 'overbooked'] || jsonb_build_object('own', h.account_id = @account) AS data,
		h.appointment_id::text || lpad(h.version::text, 19, '0') AS place FROM ` + booking.EveryAppointment + ` a` + ofCustomer +
		` JOIN ` + booking.EveryHistory + ` h ON h.salon_id = a.salon_id AND h.appointment_id = a.id`},
	{Kind: "appointment_series", Query: `SELECT to_jsonb(a) AS data, a.id::text AS place FROM appointment_series a` + ofCustomer},
	{Kind: "waitlist_entries", Query: `SELECT to_jsonb(a) AS data, a.id::text AS place FROM waitlist_entries a` + ofCustomer},
	{Kind: "waitlist_offers", Query: `SELECT to_jsonb(o) AS data, o.hold_id::text AS place FROM waitlist_entries a` + ofCustomer +
		` JOIN waitlist_offers o ON o.salon_id = a.salon_id AND o.entry_id = a.id`},
	{Kind: "waitlist_moves", Query: `SELECT to_jsonb(m) - 'account_id' AS data, m.entry_id::text || m.create_time AS place FROM waitlist_entries a` +
		ofCustomer + ` JOIN waitlist_moves m ON m.salon_id = a.salon_id AND m.entry_id = a.id`},
	{Kind: "holds", Query: `SELECT to_jsonb(h) - ARRAY['quote', 'account_id', 'holder_id'] AS data, h.id::text AS place FROM holds h
		WHERE h.account_id = @account OR h.customer_id IN (SELECT c.id FROM customers c WHERE c.account_id = @account)`},
}

// eraseHours removes the hours and times off of a former master, and returns how many there were.
func eraseHours(ctx context.Context, tx *postgres.DB, masterID string) (int64, error) {
	var removed int64
	for _, table := range []string{"weekly_hours", "dated_hours", "times_off"} {
		result := tx.Conn(ctx).Exec("DELETE FROM "+table+" WHERE subject_id = ? AND subject_kind = 'MASTER'", masterID)
		if result.Error != nil {
			return 0, fmt.Errorf("erase %s: %w", table, result.Error)
		}
		removed += result.RowsAffected
	}
	return removed, nil
}
