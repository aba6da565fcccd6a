package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/migrations"
)

// TestTakenTimeHasAnIndex: what is taken is read from the index that is in the order of time, also where a salon's subjects have many claims,
// which the planner does not know: it takes the salon and the subject of a claim for independent of each other.
func TestTakenTimeHasAnIndex(t *testing.T) {
	p := servicetest.New(t, migrations.Migrations)
	admin, err := pgx.Connect(t.Context(), p.Postgres.AdminURL())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	for _, statement := range []string{
		"SET search_path = appointments, public",
		`INSERT INTO claims (salon_id, id, subject_id, subject_kind, during, blocking, appointment_id)
			SELECT md5('salon' || n % 200)::uuid, gen_random_uuid(), md5('master' || n % 200)::uuid, 'MASTER',
				tstzrange('2027-01-01Z'::timestamptz + n * interval '1 minute', '2027-01-01Z'::timestamptz + (n + 200) * interval '1 minute'),
				true, gen_random_uuid()
			FROM generate_series(1, 20000) AS n`,
		"ANALYZE claims",
	} {
		if _, err := admin.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	for _, appointments := range []bool{false, true} {
		rows, err := admin.Query(t.Context(), "EXPLAIN "+takenSQL(appointments), id.FirstSalon, []string{id.New()},
			time.Date(2027, 1, 10, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 11, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		plan := strings.Join(lines, "\n")
		if !strings.Contains(plan, "claims_taken") || strings.Contains(plan, "claims_no_overlap") {
			t.Errorf("with appointments %t, the plan is\n%s", appointments, plan)
		}
	}
}
