package booking

import (
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// FeeRule is the rule of the booking policy that a fee follows from. The names are those of the contract's FeeRule without its prefix.
type FeeRule string

// The rules.
const (
	LateCancellation FeeRule = "LATE_CANCELLATION"
	Missed           FeeRule = "NO_SHOW"
)

// Fee is what a customer owes. It is recorded and not collected.
type Fee struct {
	// Rule is why; empty for no fee.
	Rule FeeRule
	// AmountMinor is in minor units of the appointment's currency; 0 when it was waived.
	AmountMinor int32
	// Waived is whether staff have waived it.
	Waived bool
}

// percentOf returns a part of an amount in minor units, rounded half up. percent is 0 to 100.
func percentOf(amount, percent int32) int32 {
	return int32((int64(amount)*int64(percent) + 50) / 100)
}

// charge sets the fee by a rule of the salon. A rule that demands nothing leaves the appointment without a fee.
func (a *Appointment) charge(rule FeeRule, percent int32, waive bool) {
	switch amount := percentOf(a.TotalMinor, percent); {
	case amount == 0:
	case waive:
		a.Fee = Fee{Rule: rule, Waived: true}
	default:
		a.Fee = Fee{Rule: rule, AmountMinor: amount}
	}
}

// CancelWithFee is Cancel. Staff cancel also when customers cannot; what the salon has confirmed costs its customer a fee then,
// unless staff waive it. errWaive for anybody else who waives.
func (a *Appointment) CancelWithFee(by By, reason string, waive bool) error {
	if waive && !by.Actor.IsStaff() {
		return errWaive
	}
	late := by.Now.After(a.Start().Add(-a.cancellationWindow))
	was := a.State
	if err := a.Cancel(by, reason); err != nil || a.change == nil {
		return err
	}
	if late && was == Confirmed && by.Actor.IsStaff() {
		a.charge(LateCancellation, a.lateFee, waive)
	}
	return nil
}

// Miss marks the appointment as missed. It costs its customer a fee, unless staff waive it, or the request had lapsed: its customer was
// told not to come.
func (a *Appointment) Miss(by By, waive bool) error {
	was := a.State
	if err := a.Do(MarkNoShow, by, false); err != nil || a.change == nil {
		return err
	}
	if was.TakesTime() {
		a.charge(Missed, a.noShowFee, waive)
	}
	return nil
}

// feeToProto is nil for an appointment without a fee.
func feeToProto(a *Appointment) *appointmentv1.CancellationFee {
	if a.Fee.Rule == "" {
		return nil
	}
	return &appointmentv1.CancellationFee{
		Amount: protoconv.Money(a.Currency, a.Fee.AmountMinor), Waived: a.Fee.Waived,
		Rule: appointmentv1.FeeRule(appointmentv1.FeeRule_value["FEE_RULE_"+string(a.Fee.Rule)]),
	}
}
