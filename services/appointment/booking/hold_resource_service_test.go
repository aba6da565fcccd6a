package booking

import (
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/postgres"
)

// TestHoldWithoutItsResource: a hold whose resource was removed is booked with another one of the kind; when others have it, overbooked.
func TestHoldWithoutItsResource(t *testing.T) {
	for _, free := range []bool{true, false} {
		f := newFixture(t)
		chair := f.newResources("Chair", 2)
		colour := f.newPhased("Colour", phase(workPhase, 60, chair))
		other := f.staff(first.ID, roleMaster)
		f.offer(f.mira, colour)
		f.offer(other, colour)
		start := f.noon(2)
		found, err := f.rules.availability.SearchAvailability(f.As(f.ann), &appointmentv1.SearchAvailabilityRequest{
			Segments:  []*appointmentv1.SegmentFilter{{ServiceId: colour.GetId(), MasterIds: []string{f.mira.UserID}}},
			StartDate: start.Format("2006-01-02"), EndDate: start.Format("2006-01-02"), Limit: 500,
		})
		if err != nil {
			t.Fatal(err)
		}
		var quote string
		for _, slot := range found.GetSlots() {
			if slot.GetStartTime().AsTime().Equal(start) {
				quote = slot.GetQuote()
			}
		}
		h, err := f.holds().CreateHold(f.As(f.ann), &appointmentv1.CreateHoldRequest{Quote: quote})
		if err != nil {
			t.Fatal(err)
		}
		if !free {
			f.create(f.SignIn(apiv1.Role_ROLE_CUSTOMER), byMaster(start, colour, other))
		}
		held := text(t, f.db, "SELECT subject_id::text FROM claims WHERE subject_kind = 'RESOURCE' AND expire_time IS NOT NULL")
		if _, err := f.rules.resources.DeleteResource(f.As(f.manager), &appointmentv1.DeleteResourceRequest{ResourceId: held}); err != nil {
			t.Fatal(err)
		}
		over := f.overbooked(start) // the master is taken as well now
		f.create(f.receptionist, over)
		a, err := f.bookHold(f.ann, h, "")
		if err != nil {
			t.Fatalf("free %v: %v", free, err)
		}
		if !f.get(f.manager, a.GetId()).GetOverbooked() {
			t.Errorf("free %v: not overbooked: %v", free, a)
		}
		if n := count(t, f.db, "claims WHERE appointment_id = ? AND subject_kind = 'RESOURCE' AND blocking", a.GetId()); (n == 1) != free {
			t.Errorf("free %v: %d chairs are taken for nobody else", free, n)
		}
	}
}

// text is the only value that a query finds.
func text(tb testing.TB, db *postgres.DB, query string) string {
	tb.Helper()
	var value string
	if err := db.Conn(tb.Context()).Raw(query).Scan(&value).Error; err != nil || value == "" {
		tb.Fatalf("%s: %q, %v", query, value, err)
	}
	return value
}
