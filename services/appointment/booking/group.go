package booking

import (
	"time"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/services/appointment/availability"
)

// SessionState is where a group session stands. The names are those of the contract's GroupSessionState without its prefix.
type SessionState string

// The states of a group session.
const (
	SessionScheduled SessionState = "SCHEDULED"
	SessionCancelled SessionState = "CANCELLED"
)

// Session is a service that a master does for several customers at once. It has the claims of the master and of the resources, under its own
// id; its places are rows, each with an ordinary appointment of one customer.
type Session struct {
	// ID is a UUIDv7, SalonID the salon.
	ID, SalonID string
	// ServiceID is what is done; ServiceName its name when the session was opened.
	ServiceID, ServiceName string
	// MasterID is who does it; MasterName the name as of now.
	MasterID, MasterName string
	// State is where it stands.
	State SessionState
	// Start and End are the times that the customers know, [Start, End).
	Start, End time.Time
	// TimeZone is the IANA name of the zone that the start was promised in.
	TimeZone string
	// Capacity is how many places it has.
	Capacity int32
	// PriceMinor is what a place costs, in minor units of Currency, an ISO 4217 code.
	PriceMinor int32
	Currency   string
	// Phases are those of the offering when it was opened; nil: work from start to end, without resources.
	Phases []availability.Phase
	// BufferBefore and BufferAfter are the time that the master needs around it.
	BufferBefore, BufferAfter time.Duration
	// Units are the resources that were asked for.
	Units []string
	// CancelReason is why it was cancelled.
	CancelReason string
	// Version counts the changes, from 1. Places are not part of it.
	Version int64
	// CreateTime and UpdateTime are when it was opened and when it last changed.
	CreateTime, UpdateTime time.Time

	// Places are those that are taken, by number.
	Places []Place
}

// Place is a place of a session that is taken.
type Place struct {
	// Number is from 1 to the capacity.
	Number int32
	// AppointmentID is the appointment, or that which a hold will be; CustomerID the customer or empty.
	AppointmentID, CustomerID string
	// Held is whether a hold has it, Kept whether it is kept until the waitlist was asked; it is held then too.
	Held, Kept bool
}

// staff reports whether somebody works on the session for the salon: the front desk, and its master.
func (g *Session) staff(caller auth.Principal) bool { return runs(caller, g.SalonID, g.MasterID) }

// runs reports whether somebody may change the sessions of a master.
func runs(caller auth.Principal, salonID, masterID string) bool {
	return actorFor(caller, salonID, caller.UserID == masterID).IsStaff()
}

// works reports whether somebody works in a salon.
func works(caller auth.Principal, salonID string) bool {
	return actorFor(caller, salonID, true).IsStaff()
}

// visibleTo reports whether somebody may see the session: staff of the salon each, everybody else what they can book.
func (g *Session) visibleTo(caller auth.Principal, now time.Time) bool {
	return works(caller, g.SalonID) || g.State == SessionScheduled && now.Before(g.Start)
}

// follow gives the session what a plan by the rules of its salon says.
func (g *Session) follow(r *availability.Rules, plan *availability.Plan) {
	p := plan.Segments[0]
	g.Start, g.End, g.TimeZone = plan.From.Time(), plan.To.Time(), r.ZoneName
	g.BufferBefore, g.BufferAfter, g.Phases = p.BufferBefore.Duration(), p.BufferAfter.Duration(), nil
	if len(p.Phases) > 1 || len(p.Phases[0].Kinds) > 0 {
		g.Phases = p.Phases
	}
}

// want is what the session was opened with, for a plan at another time.
func (g *Session) want() availability.Want {
	phases := g.Phases
	if len(phases) == 0 {
		phases = []availability.Phase{{Minutes: availability.Minutes(g.End.Sub(g.Start))}}
	}
	return availability.WantAs(g.ServiceID, g.MasterID, availability.Offering{
		PriceMinor: g.PriceMinor, Phases: phases,
		BufferBefore: availability.Minutes(g.BufferBefore), BufferAfter: availability.Minutes(g.BufferAfter),
	})
}

// placeAt is the plan of a place in the session, for an appointment that moves with it.
func (g *Session) placeAt(a *Appointment) *availability.Plan {
	span := availability.Span{From: availability.MinuteOf(g.Start), To: availability.MinuteOf(g.End)}
	offering := *g.want().Offering
	offering.PriceMinor = a.Segments[0].PriceMinor
	return &availability.Plan{
		Span: span, Customer: a.CustomerID, Session: &availability.Session{ID: g.ID},
		Segments: []availability.Segment{{ServiceID: g.ServiceID, MasterID: g.MasterID, Span: span, Offering: offering}},
	}
}

// changed makes the next version of the session.
func (g *Session) changed(now time.Time) {
	g.Version++
	g.UpdateTime = now
}

// newSession is a session of a service and a master, without a time yet.
func newSession(r *availability.Rules, serviceID, masterID string, now time.Time) *Session {
	g := &Session{
		ID: id.New(), SalonID: r.SalonID, ServiceID: serviceID, MasterID: masterID, State: SessionScheduled, Currency: r.Currency,
		Version: 1, CreateTime: now, UpdateTime: now,
	}
	if s := r.Services[serviceID]; s != nil {
		g.ServiceName, g.Capacity = s.Name, int32(s.Capacity)
	}
	if m := r.Masters[masterID]; m != nil {
		g.MasterName = m.Name
	}
	return g
}
