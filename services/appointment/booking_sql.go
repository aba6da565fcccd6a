package appointment

import "strings"

// Constraints that tell what is wrong with a booking.
const (
	segmentsOfNothing = "segments_appointment_id_fkey"
	keyTwice          = "idempotency_keys_pkey"
)

// masterLock is the advisory lock that is held until the end of the transaction
// by whoever takes or frees a master's time. It makes writers queue up for a
// master instead of meeting in the exclusion constraint, where they deadlock. It
// is always taken before any row is locked and, for several masters, in the order
// of the keys.
const masterLock = "hashtextextended('salon.appointment.master:' || master_id::text, 0)"

// requestLock is the advisory lock of a request id: it tells a repetition that
// the first call is still under way. It is only ever tried, never waited for.
const requestLock = "hashtextextended(concat_ws(chr(31), 'salon.appointment.request', i.caller, i.request_id), 0)"

// bookSQL books any number of visits in one statement, and therefore in one
// transaction and one round trip.
//
// What came of each visit is in its outcome. READ COMMITTED gives the statement a
// snapshot from before it waited for its locks, so that it decides by constraints
// what another transaction may just have changed: the exclusion constraint, which
// sees committed rows and those of this statement alike (the first of two visits
// in input order wins), and the primary key of idempotency_keys.
//
// Tables that grow quickly are probed by LATERAL with LIMIT, which keeps the plan,
// made once a connection and perhaps while they were empty, from scanning them.
//
// A visit of which only some segments found a place gets no row in appointments;
// the foreign key then fails the statement, and nothing of it stays.
var bookSQL = `
WITH item AS MATERIALIZED (
    SELECT * FROM unnest(` + arrays(
	"uuid", "uuid", "boolean", "integer", "timestamptz", "timestamptz", "integer", "text", "text", "text", "timestamptz",
	"uuid", "jsonb", "text", "text", "text", "uuid", "bytea", "bytea", "bytea") + `) WITH ORDINALITY AS i (
        id, customer_id, own, parts, start_time, end_time, total_minor, currency,
        note, changed_by, create_time, event_id, event_body, traceparent, caller, method, request_id, request_hash,
        previous_hash, response, n)
), part AS MATERIALIZED (
    SELECT * FROM unnest(` + arrays(
	"integer", "integer", "uuid", "uuid", "text", "uuid", "timestamptz", "timestamptz", "timestamptz", "timestamptz",
	"integer", "bigint", "bigint") + `) AS p (
        n, position, id, service_id, service_name, master_id, start_time, end_time,
        claim_from, claim_to, price_minor, offering_version, service_version)
), known AS MATERIALIZED ( -- request ids that were seen before, or are being seen right now
    SELECT i.n, k.request_hash IN (i.request_hash, coalesce(i.previous_hash, i.request_hash)) AS same, k.response,
        CASE WHEN k.request_hash IS NULL THEN NOT pg_try_advisory_xact_lock(` + requestLock + `) END AS in_flight
    FROM item i LEFT JOIN LATERAL (
        SELECT k.request_hash, k.response FROM idempotency_keys k
        WHERE k.caller = i.caller AND k.method = i.method AND k.request_id = i.request_id
            AND k.created_at > i.create_time - make_interval(secs => ?) LIMIT 1
    ) AS k ON true
    WHERE i.request_id IS NOT NULL
), fresh AS MATERIALIZED ( -- how many offers are still what the price was taken from
    SELECT p.n, count(*) AS parts
    FROM part p
    CROSS JOIN LATERAL (
        SELECT 1 FROM offerings o WHERE o.master_id = p.master_id AND o.service_id = p.service_id
            AND o.version = p.offering_version AND o.deleted_at IS NULL LIMIT 1) AS o
    CROSS JOIN LATERAL (
        SELECT 1 FROM services s WHERE s.id = p.service_id
            AND s.version = p.service_version AND s.active AND s.deleted_at IS NULL LIMIT 1) AS s
    CROSS JOIN LATERAL (SELECT 1 FROM masters m WHERE m.id = p.master_id AND NOT m.deleted AND NOT m.disabled LIMIT 1) AS m
    GROUP BY p.n
), verdict AS MATERIALIZED (
    SELECT i.n, i.id, i.customer_id, c.id IS NULL AS new_customer, k.response, CASE
        WHEN k.same THEN 'replayed'
        WHEN NOT k.same THEN 'request id reused'
        WHEN k.in_flight THEN 'in flight'
        WHEN f.parts IS DISTINCT FROM i.parts THEN 'stale offer'
        WHEN c.disabled OR (c.id IS NULL AND NOT i.own) THEN 'no customer'
        ELSE 'ready' END AS outcome
    FROM item i
    LEFT JOIN known k USING (n)
    LEFT JOIN fresh f USING (n)
    LEFT JOIN LATERAL (SELECT c.id, c.disabled FROM customers c WHERE c.id = i.customer_id LIMIT 1) AS c ON true
), turn AS MATERIALIZED ( -- the locks are taken here, all of them before the first row is written
    SELECT count(pg_advisory_xact_lock(key)) AS masters FROM (
        SELECT DISTINCT ` + masterLock + ` AS key
        FROM part JOIN verdict v USING (n)
        WHERE v.outcome = 'ready'
        ORDER BY key OFFSET 0
    ) AS k
), guest AS ( -- callers whose first event has not arrived yet; in order, against deadlocks
    INSERT INTO customers (id, disabled, version)
    SELECT DISTINCT v.customer_id, false, 0
    FROM verdict v CROSS JOIN turn
    WHERE v.outcome = 'ready' AND v.new_customer
    ORDER BY v.customer_id
    ON CONFLICT (id) DO NOTHING
), held AS (
    INSERT INTO segments (id, appointment_id, position, service_id, service_name, master_id, start_time, end_time,
        visit_start_time, during, price_minor, currency, holds)
    SELECT p.id, i.id, p.position, p.service_id, p.service_name, p.master_id, p.start_time, p.end_time,
        i.start_time, tstzrange(p.claim_from, p.claim_to), p.price_minor, i.currency, true
    FROM part p JOIN item i USING (n) JOIN verdict v USING (n) CROSS JOIN turn
    WHERE v.outcome = 'ready'
    ORDER BY p.n, p.position
    ON CONFLICT ON CONSTRAINT segments_no_overlap DO NOTHING
    RETURNING appointment_id
), booked AS MATERIALIZED (
    SELECT i.*
    FROM item i
    JOIN (SELECT appointment_id, count(*) AS parts FROM held GROUP BY appointment_id) AS h
        ON h.appointment_id = i.id AND h.parts = i.parts
), appointment AS (
    INSERT INTO appointments (id, customer_id, state, start_time, end_time, total_minor, currency, note,
        cancel_reason, changed_by, version, create_time, update_time)
    SELECT id, customer_id, 'PENDING', start_time, end_time, total_minor, currency, note,
        '', changed_by, 1, create_time, create_time
    FROM booked
), event AS (
    INSERT INTO outbox (event_id, type, aggregate_id, aggregate_version, occurred_at, body, traceparent)
    SELECT event_id, '` + eventCreated + `', id, 1, create_time, event_body, traceparent
    FROM booked ORDER BY n
), remembered AS (
    INSERT INTO idempotency_keys (caller, method, request_id, request_hash, response, created_at)
    SELECT caller, method, request_id, request_hash, response, create_time
    FROM booked WHERE request_id IS NOT NULL
)
SELECT CASE
        WHEN v.outcome <> 'ready' THEN v.outcome
        WHEN b.id IS NULL THEN 'taken'
        ELSE 'booked' END AS outcome,
    CASE WHEN v.outcome = 'replayed' THEN v.response END AS response
FROM verdict v LEFT JOIN booked b ON b.id = v.id
ORDER BY v.n`

// arrays lists array parameters of these types. A sub-select hides their length
// from the planner: it would else make a new plan for every length, which takes
// longer than booking a visit does.
func arrays(types ...string) string {
	params := make([]string, len(types))
	for i, t := range types {
		params[i] = "(SELECT ?::" + t + "[])"
	}
	return strings.Join(params, ", ")
}
