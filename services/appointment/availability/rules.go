package availability

import (
	"slices"
	"time"

	"github.com/beauty-salon/platform/services/appointment/salon"
	"github.com/beauty-salon/platform/services/appointment/schedule"
)

// Rules is everything that decides whether a time of a salon can be booked, apart from what is taken. It is made from one
// state of the database and never changes.
type Rules struct {
	// SalonID is the salon, Version the version of its rules.
	SalonID string
	Version int64
	// Zone is the salon's time zone and ZoneName its IANA name, Currency the ISO 4217 code of its prices.
	Zone     *time.Location
	ZoneName string
	Currency string
	// Policy is the salon's.
	Policy salon.Policy
	// Hours are the salon's opening hours and closures.
	Hours schedule.Hours
	// Masters, Services and Kinds are by id. Masters are those who take bookings: not disabled, not deleted.
	Masters  map[string]*Master
	Services map[string]*Service
	Kinds    map[string]*Kind

	// expireTime is when they are read again.
	expireTime time.Time
}

// Master is a master who takes bookings.
type Master struct {
	// ID and Name are the master's.
	ID, Name string
	// Hours are the working hours and overrides; on a date without, the master follows the salon.
	Hours schedule.Hours
	// TimeOff is when the master is away, sorted, without overlaps.
	TimeOff []Span
	// Offerings are what the master performs, by service id.
	Offerings map[string]*Offering
}

// Service is a service of the salon.
type Service struct {
	// ID and Name are the service's.
	ID, Name string
	// Active reports whether it can be booked, Online whether by customers.
	Active, Online bool
	// LeadTime, HorizonDays and SlotStep replace those of the policy; nil leaves them.
	LeadTime    *time.Duration
	HorizonDays *int
	SlotStep    *time.Duration
	// Capacity is for how many customers at once. A service for more than one is booked as places in group sessions.
	Capacity int
}

// IsGroup reports whether the service is booked as places in group sessions.
func (s *Service) IsGroup() bool { return s != nil && s.Capacity > 1 }

// Offering is how a master performs a service.
type Offering struct {
	// PriceMinor is in minor units of the salon's currency.
	PriceMinor int32
	// Phases are never empty; the first and the last are work.
	Phases []Phase
	// BufferBefore and BufferAfter are the minutes that the master and the resources need around it.
	BufferBefore, BufferAfter Minute
}

// Minutes is how long it takes.
func (o *Offering) Minutes() Minute {
	var sum Minute
	for _, p := range o.Phases {
		sum += p.Minutes
	}
	return sum
}

// Phase is a part of an offering.
type Phase struct {
	// Wait is set when the master is free meanwhile.
	Wait bool `json:"wait,omitempty"`
	// Minutes is how long it takes.
	Minutes Minute `json:"minutes"`
	// Kinds are the ids of the kinds of resources of which it takes one each.
	Kinds []string `json:"kinds,omitempty"`
}

// Kind is a kind of resources.
type Kind struct {
	// ID and Name are the kind's.
	ID, Name string
	// Units are the active resources of the kind, by id.
	Units []Unit
}

// Unit is a chair, a room or a device.
type Unit struct {
	// ID is the resource's.
	ID string
	// Closed is when it cannot be used, sorted, without overlaps.
	Closed []Span
}

// KindOf returns the id of the kind of a resource, "" when the salon has no such resource.
func (r *Rules) KindOf(unitID string) string {
	for _, k := range r.Kinds {
		if slices.ContainsFunc(k.Units, func(u Unit) bool { return u.ID == unitID }) {
			return k.ID
		}
	}
	return ""
}

// Minute counts minutes since 1970 in UTC, or is a number of minutes. Bookings begin and end at whole minutes.
type Minute int64

// MinuteOf is the minute that an instant is in.
func MinuteOf(t time.Time) Minute {
	seconds := t.Unix()
	if seconds < 0 {
		seconds -= 59
	}
	return Minute(seconds / 60)
}

// Time returns the instant in UTC.
func (m Minute) Time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// Span is a range of time, [From, To).
type Span struct{ From, To Minute }

// Claim is a taken range of a subject's time.
type Claim struct {
	Span
	// AppointmentID is the appointment that takes it. HoldID is the hold that takes it; the appointment does not exist then yet. It is noHold
	// when neither takes it: a group session does, or it is kept until the waitlist was asked.
	AppointmentID, HoldID string
}

const noHold = "none"

// Taken is what is taken of the time of masters, resources and the customer. It has what [Rules.Needs] names: the local weeks
// around a range too, because fairness counts booked minutes of a week.
type Taken struct {
	// Claims are sorted by From, by the id of the subject: blocking ones and those overbooked on purpose.
	Claims map[string][]Claim
	// Open is how many appointments of the customer have not ended; a series counts once. CustomerDays and MasterDays are how many appointments the
	// customer, or a master by id, has by the local date of their start (YYYY-MM-DD). They are only known where the policy has a
	// limit, and an appointment that is being moved is not counted.
	Open         int
	CustomerDays map[string]int
	MasterDays   map[string]map[string]int
}
