package availability

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/services/appointment/civil"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// TakenQuery says what taken time to read.
type TakenQuery struct {
	// SalonID is the salon.
	SalonID string
	// Subjects are the ids of masters, resources and the customer.
	Subjects []string
	// From and To bound the time.
	From, To time.Time
	// Appointments is whether the appointments are told that take the time. Without it, the indexes answer alone.
	Appointments bool
	// CustomerID is the customer whose appointments are counted; empty: none.
	CustomerID string
	// Masters are those whose appointments a day are counted; nil: none.
	Masters []string
	// Zone is the time zone of the dates.
	Zone *time.Location
	// Moving are appointments that do not count.
	Moving []string
}

// takenSQL reads the version of a salon's rules and what is taken, in one statement: a row a subject, and one without a subject
// where there is none. A B-tree (claims_taken) answers for each subject, in which claims are in the order of their beginnings. Small indexes of
// their own answer, for the whole salon, what is overbooked, and which claims of holds have expired: those are among the others,
// because the large index does not have the time until which a claim counts. The arrays are in no order that could be relied on:
// the program sorts them for less than the server, which sorts anew for each array.
//
// Rows are something that a GiST index cannot compare. With the subject apart, the planner takes the index of the exclusion constraint for as
// good, because it expects a single claim of each subject, and then reads all that the subject ever had. The array is in a SELECT so that
// the planner does not count it: it would plan each call anew, which takes longer than the statement. Claims are compared with $1 and not with
// s.id, so that the partitions of other salons are left out before anything is read.
func takenSQL(appointments bool) string {
	columns := "array_agg(lower(c.during)) AS starts, array_agg(upper(c.during)) AS ends, NULL::text[] AS appointments, NULL::text[] AS holds"
	if appointments {
		columns = claimArrays
	}
	return `
SELECT s.rules_version, coalesce(u.subject::text, '') AS subject, t.*, 0::bigint AS count, '' AS what
FROM salons s LEFT JOIN unnest((SELECT $2::uuid[])) AS u (subject) ON true
CROSS JOIN LATERAL (
    SELECT ` + columns + ` FROM claims c
    WHERE c.salon_id = $1 AND c.blocking AND upper(c.during) > $3
        AND (c.subject_id, c.during) > (u.subject, tstzrange($3::timestamptz - interval '` + claims.Longest + `', NULL))
        AND (c.subject_id, c.during) < (u.subject, tstzrange($4, $4, '[]'))
) AS t
WHERE s.id = $1
UNION ALL
SELECT s.rules_version, c.subject_id::text, ` + claimArrays + `, 0, 'overbooked'
FROM salons s JOIN claims c ON c.salon_id = $1 AND NOT c.blocking AND c.subject_id = ANY($2::uuid[]) AND c.during && tstzrange($3, $4)
WHERE s.id = $1 GROUP BY s.rules_version, c.subject_id
UNION ALL
SELECT s.rules_version, c.subject_id::text, ` + claimArrays + `, 0, 'expired'
FROM salons s JOIN claims c ON c.salon_id = $1 AND c.expire_time <= now() AND c.subject_id = ANY($2::uuid[])
WHERE s.id = $1 GROUP BY s.rules_version, c.subject_id`
}

// claimArrays are the columns of takenSQL that tell claims. Those without a segment are few: their holds are looked up in an index.
const claimArrays = `array_agg(lower(c.during)) AS starts, array_agg(upper(c.during)) AS ends, array_agg(c.appointment_id)::text[] AS appointments,
    array_agg(CASE WHEN c.segment_id IS NOT NULL THEN '' ELSE coalesce((SELECT h.id::text FROM holds h
        WHERE h.state = 'ACTIVE' AND h.salon_id = c.salon_id AND h.appointment_id = c.appointment_id), '` + noHold + `') END) AS holds`

// countSQL finds the appointments that limits count: how many of a customer have not ended, and when those of the customer and of masters
// begin. Which dates that are is for the program to say, which has time zones of its own.
var countSQL = `
UNION ALL
SELECT s.rules_version, '', NULL, NULL, NULL, NULL, count(*), 'open'
FROM salons s CROSS JOIN (` + OpenSQL("$1", "$5::uuid", "now()", "$7::uuid[]") + `) AS o
WHERE s.id = $1 GROUP BY s.rules_version
UNION ALL
SELECT s.rules_version, '', array_agg(o.start_time), NULL, NULL, NULL, 0, 'customer'
FROM salons s CROSS JOIN (` + CustomerDaySQL("$1", "$5::uuid", "$3", "$4", "$7::uuid[]") + `) AS o
WHERE s.id = $1 GROUP BY s.rules_version
UNION ALL
SELECT s.rules_version, m.master_id::text, array_agg(m.start_time), NULL, NULL, NULL, 0, 'master'
FROM salons s CROSS JOIN (` + MasterDaySQL("$1", "$6::uuid[]", "$3", "$4", "$7::uuid[]") + `) AS m
WHERE s.id = $1 GROUP BY s.rules_version, m.master_id`

// takenRow is a row of takenSQL and countSQL.
type takenRow struct {
	RulesVersion int64
	Subject      string
	Starts, Ends pgtype.FlatArray[instant]
	Appointments []string
	Holds        []string
	Count        int64
	What         string
}

// instant counts microseconds since 1970. An answer has thousands, and a time.Time is three times as large.
type instant int64

// ScanTimestamptz takes the value of a column. It fails for NULL and for infinity.
func (i *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	if !v.Valid || v.InfinityModifier != pgtype.Finite {
		return errors.New("a time is missing or infinite")
	}
	*i = instant(v.Time.UnixMicro())
	return nil
}

func (i instant) time() time.Time { return time.UnixMicro(int64(i)) }

// RecentlyTaken is Taken as of a moment ago.
func (s *Store) RecentlyTaken(ctx context.Context, q TakenQuery) (t *Taken, version int64, err error) {
	t, err = postgres.Recent(ctx, s.db, func(ctx context.Context, db *postgres.DB) (found *Taken, err error) {
		found, version, err = NewStore(db).Taken(ctx, q)
		return found, err
	})
	return t, version, err
}

// Taken returns what is taken, and the version of the salon's rules at the same moment; 0 when the salon does not exist.
func (s *Store) Taken(ctx context.Context, q TakenQuery) (*Taken, int64, error) {
	withAppointments := q.Appointments || len(q.Moving) > 0
	statement := postgres.Statement{SQL: takenSQL(withAppointments), Args: []any{q.SalonID, q.Subjects, q.From, q.To}}
	if q.CustomerID != "" || len(q.Masters) > 0 {
		statement.SQL += countSQL
		statement.Args = append(statement.Args, postgres.Null(q.CustomerID), q.Masters, append([]string{}, q.Moving...))
	}
	rows, err := postgres.Pipeline[takenRow](ctx, s.db, statement)
	if err != nil {
		return nil, 0, fmt.Errorf("read taken time: %w", err)
	}
	t := &Taken{Claims: make(map[string][]Claim, len(rows)), CustomerDays: map[string]int{}, MasterDays: map[string]map[string]int{}}
	var version int64
	overbooked, expired := map[string][]Claim{}, map[string][]Claim{}
	for _, row := range rows {
		version = row.RulesVersion
		switch row.What {
		case "open":
			t.Open = int(row.Count)
		case "customer":
			t.CustomerDays = row.days(q.Zone)
		case "master":
			t.MasterDays[row.Subject] = row.days(q.Zone)
		case "overbooked":
			overbooked[row.Subject] = row.claims()
		case "expired":
			expired[row.Subject] = row.claims()
		default:
			t.Claims[row.Subject] = row.claims()
		}
	}
	for subject, claims := range overbooked {
		t.Claims[subject] = append(t.Claims[subject], claims...)
		slices.SortFunc(t.Claims[subject], compareClaims)
	}
	for subject, claims := range expired {
		t.Claims[subject] = without(t.Claims[subject], claims)
	}
	return t, version, nil
}

// without returns a list without some of its claims. The list may not tell their appointments.
func without(list, expired []Claim) []Claim {
	for _, e := range expired {
		is := func(c Claim) bool {
			return c.Span == e.Span && (c.AppointmentID == "" || c.AppointmentID == e.AppointmentID)
		}
		if i := slices.IndexFunc(list, is); i >= 0 {
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}

// days counts the starts of a row by their local dates.
func (r takenRow) days(zone *time.Location) map[string]int {
	days := map[string]int{}
	for _, start := range r.Starts {
		date, _ := civil.Local(start.time(), zone)
		days[date.String()]++
	}
	return days
}

// claims are those of a row's subject, sorted. A claim with seconds, of a time when they were allowed, counts as whole minutes.
func (r takenRow) claims() []Claim {
	list := make([]Claim, len(r.Starts))
	for i := range r.Starts {
		list[i].Span = Span{MinuteOf(r.Starts[i].time()), MinuteOf(r.Ends[i].time().Add(time.Minute - 1))}
		if r.Appointments != nil {
			list[i].AppointmentID = r.Appointments[i]
			if r.Holds != nil {
				list[i].HoldID = r.Holds[i]
			}
		}
	}
	slices.SortFunc(list, compareClaims)
	return list
}

func compareClaims(a, b Claim) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
}
