package booking

import (
	"math"
	"math/big"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"pgregory.net/rapid"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
)

// TestPercentOf is a property: a part of an amount is the nearest minor unit, the higher one of two, and never more than the amount.
func TestPercentOf(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount, percent := rapid.Int32Range(0, math.MaxInt32).Draw(t, "amount"), rapid.Int32Range(0, 100).Draw(t, "percent")
		got := percentOf(amount, percent)
		exact := big.NewRat(int64(amount)*int64(percent), 100)
		off := new(big.Rat).Sub(big.NewRat(int64(got), 1), exact)
		if half := big.NewRat(1, 2); off.Cmp(half) > 0 || off.Cmp(new(big.Rat).Neg(half)) <= 0 || got < 0 || got > amount {
			t.Fatalf("%d%% of %d is %d", percent, amount, got)
		}
	})
	for _, tt := range []struct{ amount, percent, want int32 }{
		{4500, 50, 2250}, {1, 50, 1}, {1, 49, 0}, {333, 50, 167}, {math.MaxInt32, 100, math.MaxInt32}, {99, 0, 0}, {0, 100, 0},
	} {
		if got := percentOf(tt.amount, tt.percent); got != tt.want {
			t.Errorf("%d%% of %d is %d, want %d", tt.percent, tt.amount, got, tt.want)
		}
	}
}

// TestFees: what the policy demands is recorded when staff cancel late or the customer does not come, unless they waive it.
func TestFees(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{
		CancellationWindowMinutes: new(int32(24 * 60)), LateCancellationFeePercent: new(int32(33)), NoShowFeePercent: new(int32(100)),
	})
	late, missed := appointmentv1.FeeRule_FEE_RULE_LATE_CANCELLATION, appointmentv1.FeeRule_FEE_RULE_NO_SHOW
	fee := func(rule appointmentv1.FeeRule, amount int32, waived bool) *appointmentv1.CancellationFee {
		return &appointmentv1.CancellationFee{Amount: euros(amount), Rule: rule, Waived: waived}
	}
	cancel := func(id string, waive bool) (*appointmentv1.Appointment, error) {
		return f.appointments.CancelAppointment(f.As(f.receptionist), &appointmentv1.CancelAppointmentRequest{AppointmentId: id, WaiveFee: waive})
	}
	miss := func(id string, waive bool) (*appointmentv1.Appointment, error) {
		return f.appointments.MarkNoShow(f.As(f.mira), &appointmentv1.MarkNoShowRequest{AppointmentId: id, WaiveFee: waive})
	}
	for n, tt := range []struct {
		name    string
		confirm bool
		before  time.Duration
		do      func(id string, waive bool) (*appointmentv1.Appointment, error)
		waive   bool
		want    *appointmentv1.CancellationFee
	}{
		{"in time", true, 24 * hour, cancel, false, nil},
		{"late", true, 24*hour - time.Minute, cancel, false, fee(late, 1485, false)},
		{"after it has begun", true, -time.Minute, cancel, false, fee(late, 1485, false)},
		{"late, waived", true, hour, cancel, true, fee(late, 0, true)},
		{"in time, waived", true, 25 * hour, cancel, true, nil},
		{"late, not confirmed", false, hour, cancel, false, nil},
		{"missed", true, -hour, miss, false, fee(missed, 4500, false)},
		{"missed, not confirmed", false, -hour, miss, false, fee(missed, 4500, false)},
		{"missed, waived", true, -hour, miss, true, fee(missed, 0, true)},
	} {
		start := f.noon(3 + 3*n)
		a := f.at(start, f.mira)
		if tt.confirm {
			if _, err := f.confirm(f.mira, a.GetId(), ""); err != nil {
				t.Fatal(err)
			}
		}
		f.Clock.Set(start.Add(-tt.before))
		got, err := tt.do(a.GetId(), tt.waive)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		wantMessage(t, got.GetCancellationFee(), tt.want)
		wantMessage(t, f.get(f.receptionist, a.GetId()), got)
		again, err := tt.do(a.GetId(), !tt.waive)
		if err != nil {
			t.Errorf("%s, again: %v", tt.name, err)
		}
		wantMessage(t, again, got)
	}
}

// TestFeesAreOfThePolicy: what customers cancel in time, what is declined, and what has lapsed costs nothing, and customers waive nothing.
func TestFeesAreOfThePolicy(t *testing.T) {
	f := newFixture(t)
	f.setPolicy(&appointmentv1.UpdateBookingPolicyRequest{
		CancellationWindowMinutes: new(int32(60)), LateCancellationFeePercent: new(int32(100)), NoShowFeePercent: new(int32(100)),
	})
	book := func(who auth.Principal, days int) string {
		return f.create(who, byMaster(f.noon(days), f.cut, f.mira)).GetId()
	}
	mine := book(f.ann, 2)
	_, err := f.appointments.CancelAppointment(f.As(f.ann), &appointmentv1.CancelAppointmentRequest{AppointmentId: mine, WaiveFee: true})
	wantError(t, err, codes.PermissionDenied, "PERMISSION_DENIED", "waive_fee")
	free := func(what string, a *appointmentv1.Appointment, err error) {
		t.Helper()
		if err != nil || a.GetCancellationFee() != nil {
			t.Errorf("%s: %v, %v", what, a, err)
		}
	}
	a, err := f.cancel(f.ann, mine, "")
	free("in time", a, err)
	a, err = f.appointments.DeclineAppointment(f.As(f.mira), &appointmentv1.DeclineAppointmentRequest{AppointmentId: book(f.ann, 4)})
	free("declined", a, err)
	lapsing := book(f.ann, 3)
	f.Clock.Set(f.noon(3).Add(time.Minute))
	if err := f.bookings.LapseRequests(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err = f.appointments.MarkNoShow(f.As(f.mira), &appointmentv1.MarkNoShowRequest{AppointmentId: lapsing})
	free("lapsed", a, err)

	due := book(f.ann, 6)
	if _, err := f.confirm(f.mira, due, ""); err != nil {
		t.Fatal(err)
	}
	f.Clock.Set(f.noon(6).Add(time.Minute))
	if _, err := f.appointments.MarkNoShow(f.As(f.mira), &appointmentv1.MarkNoShowRequest{AppointmentId: due}); err != nil {
		t.Fatal(err)
	}
	if got := f.get(f.ann, due).GetCancellationFee().GetAmount().GetAmountMinor(); got != 4500 {
		t.Errorf("its customer sees a fee of %d", got)
	}
}
