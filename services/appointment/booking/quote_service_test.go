package booking

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/secret"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// createQuote books a quote.
func (f *fixture) createQuote(who auth.Principal, quote string) (*appointmentv1.Appointment, error) {
	return f.appointments.CreateAppointment(f.As(who), &appointmentv1.CreateAppointmentRequest{Quote: &quote})
}

// TestBookAQuote: what was quoted is booked, whatever the catalogue and the lead time have become.
func TestBookAQuote(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(60))})
	start := f.Clock.Now().Add(75 * time.Minute)
	slot, later := f.slotAt(f.ann, start), f.slotAt(f.ann, start.Add(hour))
	_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{
		ServiceId: f.cut.GetId(), Price: euros(9900), DurationMinutes: new(int32(120)), BufferAfterMinutes: new(int32(30)), Name: new("Trim"),
	})
	if err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(14 * time.Minute)
	again := f.slotAt(f.ann, start.Add(3*hour))
	if again.GetTotalPrice().GetAmountMinor() != 9900 || again.GetDurationMinutes() != 120 {
		t.Errorf("the next search: %v", again)
	}
	f.Clock.Advance(30 * time.Second)
	f.Clock.Advance(time.Second)
	a, err := f.createQuote(f.ann, slot.GetQuote())
	if err != nil {
		t.Fatal(err)
	}
	wantMessage(t, a.GetTotalPrice(), euros(4500))
	if !a.GetStartTime().AsTime().Equal(start) || !a.GetEndTime().AsTime().Equal(start.Add(hour)) || a.GetSegments()[0].GetServiceName() != "Trim" {
		t.Errorf("booked %v", a)
	}
	// The buffer is the quoted one as well: the next quote begins when the first one ends. Whoever is signed in may use it.
	if _, err := f.createQuote(f.SignIn(apiv1.Role_ROLE_CUSTOMER), later.GetQuote()); err != nil {
		t.Errorf("right after it: %v", err)
	}
	_, err = f.createQuote(f.SignIn(apiv1.Role_ROLE_CUSTOMER), slot.GetQuote())
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "quote")
	detail := wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_BOOKED)
	wantAlternatives(t, detail, start)
	for _, slot := range detail.GetAlternatives() { // the old price is not renewed
		if slot.GetTotalPrice().GetAmountMinor() != 9900 || slot.GetQuote() == "" {
			t.Errorf("an alternative is %v", slot)
		}
	}
	found, err := f.rules.availability.SearchAvailability(f.As(f.ann), &appointmentv1.SearchAvailabilityRequest{
		AppointmentId: new(a.GetId()), StartDate: slot.GetLocalDate(), EndDate: slot.GetLocalDate(), Limit: 1,
	})
	if err != nil || len(found.GetSlots()) != 1 || found.GetSlots()[0].GetQuote() != "" || found.GetSlots()[0].QuoteExpireTime != nil {
		t.Errorf("the search to move it has a quote: %v, %v", found, err)
	}
	wantClaims(t, f.db)
}

// TestLeadTimeOfAQuote: a start that was quoted kept the lead time, whatever it is now.
func TestLeadTimeOfAQuote(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(60))})
	start := f.Clock.Now().Add(hour)
	slot := f.slotAt(f.ann, start)
	f.Clock.Advance(14 * time.Minute)
	_, err := f.appointments.CreateAppointment(f.As(f.ann), byMaster(start, f.cut, f.mira))
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	wantAlternatives(t, wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_LEAD_TIME), start)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{LeadTimeMinutes: new(int32(600))})
	if _, err := f.createQuote(f.ann, slot.GetQuote()); err != nil {
		t.Errorf("by its quote: %v", err)
	}
}

func TestQuotesAreRefused(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	quote := f.slotAt(f.ann, start).GetQuote()
	keys, err := secret.NewKeys(bytes.Repeat([]byte("x"), secret.MinMasterLen))
	if err != nil {
		t.Fatal(err)
	}
	d := f.Deps("appointments")
	d.Keys = keys
	found, err := availability.New(d, f.people, f.catalog).SearchAvailability(auth.WithPrincipal(t.Context(), f.ann), f.searchOf(start))
	if err != nil {
		t.Fatal(err)
	}
	tampered := []byte(quote)
	if tampered[len(quote)/2]++; tampered[len(quote)/2] > 'z' {
		tampered[len(quote)/2] = 'a'
	}
	for _, tt := range []struct {
		name   string
		req    *appointmentv1.CreateAppointmentRequest
		reason string
	}{
		{"tampered", &appointmentv1.CreateAppointmentRequest{Quote: new(string(tampered))}, "QUOTE_INVALID"},
		{"none", &appointmentv1.CreateAppointmentRequest{Quote: new("tomorrow")}, "QUOTE_INVALID"},
		{"foreign", &appointmentv1.CreateAppointmentRequest{Quote: new(found.GetSlots()[0].GetQuote())}, "QUOTE_FOREIGN"},
		{"with a start", &appointmentv1.CreateAppointmentRequest{Quote: &quote, StartTime: timestamp(start)}, "INVALID_FIELDS"},
		{"with segments", &appointmentv1.CreateAppointmentRequest{Quote: &quote, Segments: byMaster(start, f.cut, f.mira).GetSegments()}, "INVALID_FIELDS"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.appointments.CreateAppointment(f.As(f.ann), tt.req)
			wantError(t, err, codes.InvalidArgument, tt.reason, "quote")
		})
	}
	f.Clock.Advance(availability.QuoteTime)
	_, err = f.createQuote(f.ann, quote)
	wantError(t, err, codes.FailedPrecondition, "QUOTE_EXPIRED", "quote")
	if n := count(t, f.db, "appointments"); n != 0 {
		t.Errorf("%d appointments", n)
	}
}

// TestQuoteOfWhatIsGone: a quote freezes neither the service nor the offering nor the hours.
func TestQuoteOfWhatIsGone(t *testing.T) {
	f := newFixture(t)
	start := f.noon(2)
	quote := f.slotAt(f.ann, start).GetQuote()
	active := func(is bool) {
		t.Helper()
		_, err := f.catalogue.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: f.cut.GetId(), Active: &is})
		if err != nil {
			t.Fatal(err)
		}
	}
	active(false)
	_, err := f.createQuote(f.ann, quote)
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "quote")
	active(true)
	f.openDaily("15:00", "18:00")
	_, err = f.createQuote(f.ann, quote)
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "quote")
	wantAlternatives(t, wantNotBookable(t, err, appointmentv1.BlockReason_BLOCK_REASON_CLOSED), start)
	f.openDaily("09:00", "18:00")
	remove := &appointmentv1.DeleteOfferingRequest{MasterId: f.mira.UserID, ServiceId: f.cut.GetId()}
	if _, err := f.catalogue.DeleteOffering(f.As(f.manager), remove); err != nil {
		t.Fatal(err)
	}
	_, err = f.createQuote(f.ann, quote)
	wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "quote")
	f.offer(f.mira, f.cut)
	if _, err := f.createQuote(f.ann, quote); err != nil {
		t.Errorf("when all is back: %v", err)
	}
}

// TestBookInADeletedSalon: a salon that was deleted since its rules were read offers nothing.
func TestBookInADeletedSalon(t *testing.T) {
	f := newFixture(t)
	f.offer(f.staff(first.ID, roleMaster), f.cut)
	f.create(f.ann, byMaster(f.noon(3), f.cut, f.mira)) // the rules are in memory now
	exec(t, f.db, "UPDATE salons SET is_default = false, deleted_at = now(), rules_version = rules_version + 1")
	for range 2 {
		_, err := f.appointments.CreateAppointment(f.As(f.ann), anyMaster(f.noon(2), f.cut))
		wantError(t, err, codes.FailedPrecondition, "NOT_OFFERED", "segments[0].service_id")
	}
}

// TestQuoteBesideTheGrid: a start that was offered because a free stretch began there is booked also when it does not begin there any more, and
// whoever is second is told that it is taken, by quote or not.
func TestQuoteBesideTheGrid(t *testing.T) {
	f := newFixture(t)
	ben := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	before := f.at(f.noon(2).Add(10*time.Minute), f.mira)
	start := before.GetEndTime().AsTime()
	date := start.Format(time.DateOnly)
	found, err := f.rules.availability.SearchAvailability(t.Context(), &appointmentv1.SearchAvailabilityRequest{
		Segments:  []*appointmentv1.SegmentFilter{{ServiceId: f.cut.GetId(), MasterIds: []string{f.mira.UserID}}},
		StartDate: date, EndDate: date, Limit: 500,
	})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(found.GetSlots(), func(s *appointmentv1.Slot) bool { return s.GetStartTime().AsTime().Equal(start) })
	if i < 0 {
		t.Fatalf("%s is not offered", start)
	}
	quote := found.GetSlots()[i].GetQuote()
	if _, err := f.cancel(f.receptionist, before.GetId(), ""); err != nil {
		t.Fatal(err)
	}
	spelled := byMaster(start, f.cut, f.mira)
	_, err = f.appointments.CreateAppointment(f.As(ben), spelled)
	wantError(t, err, codes.FailedPrecondition, "NOT_BOOKABLE", "start_time")
	if _, err := f.createQuote(f.ann, quote); err != nil {
		t.Fatal(err)
	}
	_, err = f.createQuote(ben, quote)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "quote")
	_, err = f.appointments.CreateAppointment(f.As(ben), spelled)
	wantError(t, err, codes.AlreadyExists, "SLOT_UNAVAILABLE", "start_time")
}
