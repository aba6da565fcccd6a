package availability

import "github.com/beauty-salon/platform/services/appointment/claims"

// What a salon limits is counted by the same SQL wherever it is counted: by a search, by a booking, by a hold and by a move. An offer of the waitlist
// is a hold that nobody has asked for and does not count; the limits are checked when it is booked.
//
// The arguments are SQL expressions. What is in the array but does not count: the ids of appointments, also of those as which holds are booked.

// OpenSQL selects what a customer has open at an instant, each once, a recurring series as one: appointments that have not ended, and holds.
func OpenSQL(salon, customer, now, but string) string {
	return `SELECT coalesce(o.series_id, o.id) AS id FROM appointments o
    WHERE o.salon_id = ` + salon + ` AND o.customer_id = ` + customer + ` AND o.state IN ('PENDING', 'CONFIRMED')
        AND o.start_time > ` + now + ` - interval '` + claims.Longest + `' AND o.end_time > ` + now + ` AND o.id <> ALL (` + but + `)
    UNION ` + heldSQL("h.appointment_id", salon, customer, but)
}

// CustomerDaySQL selects when what a customer has begins between two instants: appointments that take place or took place, and holds.
func CustomerDaySQL(salon, customer, from, to, but string) string {
	return `SELECT o.start_time FROM appointments o
    WHERE o.salon_id = ` + salon + ` AND o.customer_id = ` + customer + ` AND o.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')
        AND o.start_time >= ` + from + ` AND o.start_time < ` + to + ` AND o.id <> ALL (` + but + `)
    UNION ALL ` + heldSQL("h.start_time", salon, customer, but) + ` AND h.start_time >= ` + from + ` AND h.start_time < ` + to
}

// heldSQL selects a column of the holds of a customer.
func heldSQL(column, salon, customer, but string) string {
	return `SELECT ` + column + ` FROM holds h WHERE h.salon_id = ` + salon + ` AND h.customer_id = ` + customer + ` AND h.state = 'ACTIVE' AND h.entry_id IS NULL
        AND h.expire_time > clock_timestamp() AND h.appointment_id <> ALL (` + but + `)`
}

// MasterDaySQL selects the appointments of masters that begin between two instants, each once a master, with master_id and start_time. Places
// in group sessions do not count.
func MasterDaySQL(salon, masters, from, to, but string) string {
	return `SELECT DISTINCT g.master_id, o.id, o.start_time FROM segments g
    JOIN appointments o ON o.salon_id = ` + salon + ` AND o.id = g.appointment_id AND o.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')
        AND o.group_session_id IS NULL
    WHERE g.salon_id = ` + salon + ` AND g.master_id = ANY (` + masters + `) AND g.appointment_start_time >= ` + from + `
        AND g.appointment_start_time < ` + to + ` AND g.appointment_id <> ALL (` + but + `)`
}
