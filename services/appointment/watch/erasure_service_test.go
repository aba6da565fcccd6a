package watch

import (
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/internal/postgres"
)

// TestStreamsForgetErasedCustomers: an open stream stops showing the name of a customer whose account is erased, also beside
// appointments that are over.
func TestStreamsForgetErasedCustomers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	over, ahead := f.book(0), f.book(10)
	f.Clock.Set(over.GetEndTime().AsTime())
	diary := f.diary()
	diary.From = timestamppb.New(over.GetStartTime().AsTime().Add(-time.Hour))
	c := f.open(f.manager, diary)
	for range 2 {
		if got := c.want(inventory).GetAppointment().GetCustomer(); got.GetDisplayName() == "" || got.GetDisplayName() == "Deleted customer" {
			t.Errorf("before, the stream shows %v", got)
		}
	}
	c.want(ready)
	f.must(f.Deps("appointments").DB.InTx(t.Context(), func(tx *postgres.DB) error {
		_, _, err := f.bookings.Erase(t.Context(), tx, f.ann.UserID)
		return err
	}))
	shown := map[string]string{}
	for range 2 {
		a := c.want(changed).GetAppointment()
		shown[a.GetId()] = a.GetCustomer().GetDisplayName()
	}
	for _, a := range []string{over.GetId(), ahead.GetId()} {
		if shown[a] != "Deleted customer" {
			t.Errorf("the stream shows %q for %s", shown[a], a)
		}
	}
}
