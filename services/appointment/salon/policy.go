package salon

import (
	"time"

	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Confirmation is which requests of customers the salon has to confirm. The names are those of the contract's Confirmation
// without its prefix.
type Confirmation string

// Which requests are to be confirmed.
const (
	ConfirmNever            Confirmation = "NEVER"
	ConfirmAlways           Confirmation = "ALWAYS"
	ConfirmFirstAppointment Confirmation = "FIRST_APPOINTMENT"
)

// Policy is the rules by which a salon takes bookings.
type Policy struct {
	// SlotStep is the distance of the wall times, counted from 00:00, at which starts are offered.
	SlotStep time.Duration
	// LeadTime is how long before the start customers have to book, HorizonDays how far ahead they may. Both count from now to the start;
	// a day of the horizon is a day of the salon's calendar.
	LeadTime    time.Duration
	HorizonDays int
	// BookableUntil is the last local date that can be booked; its zero value stands for none.
	BookableUntil civil.Date
	// CancellationWindow and ReschedulingWindow are how long before the start customers may cancel or move, at the latest.
	CancellationWindow, ReschedulingWindow time.Duration
	// Confirmation says which requests the salon has to confirm; RequestTimeout is how long they wait.
	Confirmation   Confirmation
	RequestTimeout time.Duration
	// MaxOpenAppointments is how many appointments that have not ended a customer may have in the salon, MaxCustomerDay how many on
	// one local date, MaxMasterDay how many a master has on one local date; 0 means no limit.
	MaxOpenAppointments, MaxCustomerDay, MaxMasterDay int
	// AllowCustomerOverlap reports whether a customer may have two appointments at the same time.
	AllowCustomerOverlap bool
	// BuffersWithinHours reports whether the time that masters need before and after has to lie in their hours too.
	BuffersWithinHours bool
	// LateCancellationFee and NoShowFee are how much of the price is due, in percent.
	LateCancellationFee, NoShowFee int
	// HoldTime is how long a hold keeps its time.
	HoldTime time.Duration
	// MaxHolds is how many holds a customer, or an address from which nobody is signed in, may have at once.
	MaxHolds int
	// WaitlistOfferTime is how long a time is kept for somebody in the waitlist who is offered it.
	WaitlistOfferTime time.Duration
	// Version counts the changes, from 1; UpdateTime is when it last changed.
	Version    int64
	UpdateTime time.Time
}

// DefaultPolicy is that of a salon that has set nothing.
func DefaultPolicy() Policy {
	return Policy{
		SlotStep: 15 * time.Minute, HorizonDays: 366, Confirmation: ConfirmAlways, RequestTimeout: 24 * time.Hour,
		MaxOpenAppointments: 10, HoldTime: 10 * time.Minute, MaxHolds: 3, WaitlistOfferTime: 20 * time.Minute, Version: 1,
	}
}
