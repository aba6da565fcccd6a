package resilience_test

import (
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

const (
	lapsedNotice  = notificationv1.NotificationType_NOTIFICATION_TYPE_APPOINTMENT_LAPSED
	offeredNotice = notificationv1.NotificationType_NOTIFICATION_TYPE_WAITLIST_OFFERED
)

// stuck are statements that count what must not stay.
var stuck = map[string]string{
	"holds whose time is over":                  "SELECT count(*) FROM holds WHERE state = 'ACTIVE' AND expire_time <= now()",
	"requests that do not lapse":                "SELECT count(*) FROM appointments WHERE state = 'PENDING' AND lapse_time <= now()",
	"events that nobody has sent":               "SELECT count(*) FROM outbox WHERE published_at IS NULL",
	"things about which the line was not asked": lineUnsettled,
	"entries that were not looked at":           "SELECT count(*) FROM waitlist_entries WHERE state = 'WAITING' AND fresh",
}

// settle waits until nothing is half-way, and looks at what has come of everything.
func (k *killedSite) settle(t *testing.T) {
	t.Helper()
	counted := func(statements map[string]string) error {
		for what, statement := range statements {
			var n int64
			if err := k.database.QueryRow(t.Context(), statement).Scan(&n); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
			if n > 0 {
				return fmt.Errorf("there are %d %s", n, what)
			}
		}
		return nil
	}
	salontest.Eventually(t, func() error { return counted(stuck) })
	if err := counted(owned); err != nil {
		t.Error(err)
	}
	rows, err := k.database.Query(t.Context(), `SELECT a.id::text, a.cancellation_cause IS NOT DISTINCT FROM 'LAPSED',
		s.master_id::text FROM appointments a JOIN segments s ON s.appointment_id = a.id`)
	if err != nil {
		t.Fatal(err)
	}
	type row struct {
		ID     string
		Lapsed bool
		Master string
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[row])
	if err != nil {
		t.Fatal(err)
	}
	settled(t, k.queue)
	told := notifications(t, k.copies[0].GRPC(), k.cast.CustomerA)
	masters := map[string]map[notice]int{}
	for _, m := range k.masters {
		masters[m.ID] = notifications(t, k.copies[0].GRPC(), m)
	}
	lapses := 0
	for _, r := range all {
		delete(k.known, r.ID)
		if !r.Lapsed {
			continue
		}
		lapses++
		if n, m := told[notice{lapsedNotice, r.ID}], masters[r.Master][notice{lapsedNotice, r.ID}]; n != 1 || m != 1 {
			t.Errorf("of the lapse of %s the customer was told %d times, the master %d times", r.ID, n, m)
		}
	}
	if lapses == 0 {
		t.Error("nothing has lapsed")
	}
	k.settleLine(t, counted)
	for id := range k.known {
		t.Errorf("the appointment %s was acknowledged, and is lost", id)
	}
}

// settleLine looks at what has come of the offers, once nothing is half-way: each was made once and notified once, nobody waits for a time
// that is free, and when all have left, each freed time can be booked.
func (k *killedSite) settleLine(t *testing.T, counted func(statements map[string]string) error) {
	t.Helper()
	if err := counted(lined); err != nil {
		t.Error(err)
	}
	if err := counted(map[string]string{
		"entries that were offered a time twice": `
			SELECT count(*) FROM (SELECT entry_id, start_time FROM waitlist_offers GROUP BY 1, 2 HAVING count(*) > 1) AS o`,
		"entries that wait for a time that is free": `
			SELECT count(*) FROM waitlist_entries e WHERE e.state = 'WAITING' AND NOT EXISTS (SELECT FROM waitlist_offers o WHERE o.entry_id = e.id)
				AND NOT EXISTS (SELECT FROM claims c WHERE c.subject_id::text = e.wish #>> '{segments,0,masterIds,0}' AND c.during &&
					tstzrange((e.start_date + (e.wish #>> '{partOfDay,start}')::time) AT TIME ZONE (SELECT time_zone FROM salons s WHERE s.id = e.salon_id),
						(e.start_date + (e.wish #>> '{partOfDay,start}')::time + interval '1 hour')
							AT TIME ZONE (SELECT time_zone FROM salons s WHERE s.id = e.salon_id)))`,
	}); err != nil {
		t.Error(err)
	}
	for _, id := range k.joined {
		var known bool
		if err := k.database.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM waitlist_entries WHERE id = $1)", id).Scan(&known); err != nil || !known {
			t.Errorf("the entry %s was acknowledged, and is lost: %v", id, err)
		}
	}
	k.notifiedOfOffers(t)
	for _, id := range k.query(t, "SELECT id::text FROM waitlist_entries WHERE state IN ('WAITING', 'OFFERED')") {
		salontest.Do[*appointmentv1.WaitlistEntry](t, k.copies[0].GRPC(), k.copies[0].Admin(), leaveList, &appointmentv1.LeaveWaitlistRequest{EntryId: id})
	}
	salontest.Eventually(t, func() error { return counted(stuck) })
	booked := map[string]bool{}
	for _, at := range k.query(t, "SELECT s.master_id::text || extract(epoch FROM s.start_time)::bigint FROM segments s "+
		"JOIN appointments a ON a.id = s.appointment_id WHERE a.state IN ('PENDING', 'CONFIRMED', 'COMPLETED')") {
		booked[at] = true
	}
	for start, master := range k.freed {
		if !booked[fmt.Sprintf("%s%d", master.ID, start.Unix())] {
			salontest.Do[*appointmentv1.Appointment](t, k.copies[0].GRPC(), k.cast.CustomerB, createAppointment,
				salontest.Booking(master, k.cast.Service, start))
		}
	}
}

// notifiedOfOffers compares what people were notified of with the offers that were made.
func (k *killedSite) notifiedOfOffers(t *testing.T) {
	t.Helper()
	made := map[string]int{}
	for _, offer := range k.query(t, `SELECT c.account_id::text || extract(epoch FROM o.start_time)::bigint FROM waitlist_offers o
		JOIN waitlist_entries e ON e.id = o.entry_id JOIN customers c ON c.id = e.customer_id`) {
		made[offer]++
	}
	if len(made) == 0 {
		t.Error("nobody was offered anything")
	}
	told := map[string]int{}
	for _, who := range k.waiting {
		for _, n := range notificationsOf(t, k.copies[0].GRPC(), who) {
			if n.GetType() == offeredNotice {
				told[fmt.Sprintf("%s%d", who.ID, n.GetAppointmentStartTime().AsTime().Unix())]++
			}
		}
	}
	for offer, n := range made {
		if n != 1 || told[offer] != 1 {
			t.Errorf("the offer %s was made %d times and notified %d times", offer, n, told[offer])
		}
		delete(told, offer)
	}
	for offer, n := range told {
		t.Errorf("somebody was notified %d times of the offer %s, which was never made", n, offer)
	}
}

// query returns the texts that a query finds.
func (k *killedSite) query(t *testing.T, statement string) []string {
	t.Helper()
	rows, err := k.database.Query(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return list
}
