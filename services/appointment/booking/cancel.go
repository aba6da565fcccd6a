package booking

import (
	"errors"
	"time"
)

// errNoTime means that a request which has lapsed has no time any more.
var errNoTime = errors.New("the time of the request must be taken again")

// Cancel cancels the appointment. A cancelled appointment stays as it is, with its actor and reason.
func (a *Appointment) Cancel(by By, reason string) error { return a.cancel(Cancel, by, reason) }

// Decline refuses a request. One that was declined stays as it is, with its actor and reason.
func (a *Appointment) Decline(by By, reason string) error { return a.cancel(Decline, by, reason) }

func (a *Appointment) cancel(action Action, by By, reason string) error {
	to, err := next(action, by, a.standing(), a.Start(), false)
	if err != nil || to == a.standing() {
		return err
	}
	if err := a.checkWindow(by, a.cancellationWindow); err != nil {
		return err
	}
	a.record(action, by, reason)
	a.State, a.Cause, a.CancelledBy, a.CancelReason = to.state, to.cause, by.Actor, reason
	a.TimeoutTime, a.LapseTime = time.Time{}, time.Time{}
	return nil
}

// Lapse cancels a request that the salon has not confirmed in time. Everything else stays as it is.
func (a *Appointment) Lapse(now time.Time) error {
	if a.State != Pending || a.LapseTime.IsZero() || now.Before(a.LapseTime) {
		return nil
	}
	return a.cancel(Lapse, By{Actor: System, Now: now}, "")
}

// await sets when a request lapses. It begins to wait when its customer books or moves it, or when it is booked for them; staff who move
// it change its start only. A request that never lapses stays so until its customer moves it.
func (a *Appointment) await(by By, timeout time.Duration) {
	if by.Actor == Customer || a.change.Action == Create {
		a.TimeoutTime = by.Now.Add(timeout)
	}
	a.LapseTime = a.TimeoutTime
	if a.Start().Before(a.LapseTime) {
		a.LapseTime = a.Start()
	}
}
