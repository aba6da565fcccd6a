package booking

import (
	"fmt"

	"github.com/beauty-salon/platform/internal/idempotency"
	"github.com/beauty-salon/platform/services/appointment/availability"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// createSQL books any number of appointments in one statement, and so with one commit. It runs
// after the statements that take the locks of the subjects and of the request ids, in their
// transaction: what it reads is at least as new as the locks. Nobody else takes or frees time of the
// subjects until the transaction ends, so the check for conflicts is final. Two creations of one
// statement never conflict with each other (see queue.go). The exclusion constraint stands behind
// all that.
//
// Tables that grow are probed by LATERAL with LIMIT where a row is enough, so that a plan that was made
// while they were empty does not scan them.
var createSQL = `
WITH item AS MATERIALIZED (
    SELECT * FROM unnest(` + itemArrays.arrays(itemsAt) + `) WITH ORDINALITY AS i (` + itemArrays.names() + `, n)
), segment AS MATERIALIZED (
    SELECT * FROM unnest(` + segmentArrays.arrays(segmentsAt) + `) AS p (` + segmentArrays.names() + `)
), claim AS MATERIALIZED (
    SELECT * FROM unnest(` + claimArrays.arrays(claimsAt) + `) AS c (` + claimArrays.names() + `)
), seen AS MATERIALIZED (` + idempotency.SeenSQL("item") + `
), busy AS MATERIALIZED (
    SELECT c.n, bool_or(c.kind = 'MASTER') AS master, bool_or(c.kind = 'RESOURCE') AS resource, bool_or(c.kind = 'CUSTOMER') AS customer
    FROM claim c JOIN item i USING (n)
    WHERE c.blocking AND ` + claims.OverlapSQL("i.salon_id", "c.kind", "c.subject_id", "tstzrange(c.claim_from, c.claim_to)") + `
    GROUP BY c.n
), decision AS MATERIALIZED (
    SELECT i.n, k.response, CASE
        -- The caller has given this attempt up and does not see what comes of it.
        WHEN EXISTS (SELECT FROM abandoned_attempts WHERE id = ` + parameter(attemptAt) + `) THEN 'stale'
        WHEN k.same THEN 'replayed'
        WHEN NOT k.same THEN 'request id reused'
        WHEN k.in_flight THEN 'in flight'
        WHEN s.rules_version IS DISTINCT FROM i.rules_version THEN 'stale'
        WHEN i.new_customer = (c.known IS NOT NULL) THEN 'no customer'
        WHEN i.account_id IS NOT NULL AND a.disabled IS NOT false THEN 'no customer'
        WHEN b.master OR b.resource THEN 'taken'
        WHEN b.customer THEN 'customer busy'
        WHEN NOT i.overridden AND i.actor = '` + string(Customer) + `' AND s.max_open_appointments > 0 AND NOT ` + parameter(laterAt) + ` AND (
            SELECT count(*) FROM (` + availability.OpenSQL("i.salon_id", "i.customer_id", "i.create_time", "'{}'::uuid[]") + `) AS o
            ) >= s.max_open_appointments THEN 'too many open'
        WHEN NOT i.overridden AND s.max_customer_appointments_a_day > 0 AND (
            SELECT count(*) FROM (` + availability.CustomerDaySQL("i.salon_id", "i.customer_id", "i.day_start", "i.day_end", "'{}'::uuid[]") + `) AS o
            ) >= s.max_customer_appointments_a_day THEN 'full day'
        WHEN NOT i.overridden AND s.max_master_appointments_a_day > 0 AND EXISTS (
            SELECT FROM (SELECT DISTINCT c.subject_id AS master_id FROM claim c WHERE c.n = i.n AND c.kind = 'MASTER') AS m
            WHERE (SELECT count(*) FROM (` + availability.MasterDaySQL("i.salon_id", "ARRAY[m.master_id]", "i.day_start", "i.day_end", "'{}'::uuid[]") + `) AS o
                ) >= s.max_master_appointments_a_day) THEN 'full day'
        ELSE 'booked' END AS outcome
    FROM item i
    LEFT JOIN seen k USING (n)
    LEFT JOIN busy b USING (n)
    LEFT JOIN LATERAL (
        SELECT s.rules_version, s.max_open_appointments, s.max_customer_appointments_a_day, s.max_master_appointments_a_day FROM salons s WHERE s.id = i.salon_id AND s.deleted_at IS NULL LIMIT 1) AS s ON true
    LEFT JOIN LATERAL (
        SELECT true AS known FROM customers c
        WHERE NOT i.new_customer AND c.salon_id = i.salon_id AND c.id = i.customer_id AND c.account_id IS NOT DISTINCT FROM i.account_id
        UNION ALL
        SELECT true FROM customers c
        WHERE i.new_customer AND c.salon_id = i.salon_id AND c.account_id = i.account_id
        LIMIT 1) AS c ON true
    LEFT JOIN LATERAL (SELECT a.disabled FROM accounts a WHERE a.id = i.account_id LIMIT 1) AS a ON true
), booked AS MATERIALIZED (
    SELECT i.*, EXISTS (SELECT FROM claim c WHERE c.n = i.n AND c.kind <> 'CUSTOMER' AND NOT c.blocking) AS overbooked
    FROM item i JOIN decision d USING (n) WHERE d.outcome = 'booked'
), new_customers AS (
    INSERT INTO customers (salon_id, id, account_id, display_name, phone, email, notes, search_text, version, create_time, update_time)
    SELECT b.salon_id, b.customer_id, b.account_id, coalesce(g.display_name, ''), coalesce(g.phone, ''), '', '',
        coalesce(g.search_text, ''), 1, b.create_time, b.create_time
    FROM booked b LEFT JOIN (SELECT * FROM unnest(` + guestArrays.arrays(guestsAt) + `) AS g (` + guestArrays.names() + `)) AS g
        ON g.id = b.customer_id
    WHERE b.new_customer
), new_appointments AS (
    INSERT INTO appointments (salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes,
        total_minor, currency, note, cancel_reason, changed_by, version, create_time, update_time, timeout_time, lapse_time, overbooked)
    SELECT salon_id, id, customer_id, state, start_time, end_time, time_zone, utc_offset_minutes,
        total_minor, currency, note, '', actor, 1, create_time, create_time, timeout_time, lapse_time, overbooked
    FROM booked
), new_segments AS (
    INSERT INTO segments (salon_id, id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
        appointment_start_time, buffer_before_minutes, buffer_after_minutes, price_minor, currency, phases)
    SELECT i.salon_id, p.id, i.id, p.position, p.service_id, p.service_name, p.master_id, p.start_time, p.end_time,
        i.start_time, p.buffer_before, p.buffer_after, p.price_minor, i.currency, p.phases
    FROM segment p JOIN booked i USING (n)
), new_claims AS (
    INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
    SELECT i.salon_id, c.id, c.subject_id, c.kind, tstzrange(c.claim_from, c.claim_to), c.blocking, i.id, c.segment_id
    FROM claim c JOIN booked i USING (n)
), new_history AS (
    INSERT INTO appointment_history (salon_id, appointment_id, version, action, actor, account_id, reason, state_after, start_after, change_time, overbooked)
    SELECT salon_id, id, 1, '` + string(Create) + `', actor, actor_account_id, reason, state, start_time, create_time, overbooked
    FROM booked
), new_events AS (
    INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body, traceparent)
    SELECT event_id, '` + eventCreated + `', id, 1, create_time, event_body, traceparent
    FROM booked ORDER BY n
), remembered AS (
    ` + idempotency.RememberSQL("booked") + `
)
SELECT d.outcome, CASE WHEN d.outcome = 'replayed' THEN d.response END AS response
FROM decision d ORDER BY d.n`

// parameter is the parameter with a number.
func parameter(number int) string { return fmt.Sprintf("$%d", number) }
