package availability

import (
	"context"
	"math/rand/v2"
	"time"

	"google.golang.org/grpc"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/memory"
	"github.com/beauty-salon/platform/internal/pagetoken"
	"github.com/beauty-salon/platform/internal/service"
	"github.com/beauty-salon/platform/services/appointment/catalog"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// memorySize bounds the salons whose rules are in memory.
const memorySize = 2000

// memoryTime is how long rules are in memory at least; at most it is twice that. Their version is compared whenever they are used, but a standby
// that was promoted without the last changes counts the next ones with the same numbers.
const memoryTime = time.Minute

// Availability is the root of the package: it implements AvailabilityService and plans appointments for package booking. It is safe for
// concurrent use.
type Availability struct {
	appointmentv1.UnimplementedAvailabilityServiceServer

	deps    service.Deps
	people  *people.People
	catalog *catalog.Catalog
	store   *Store
	quotes  *quotes
	pages   *pagetoken.Codec
	memory  *memory.Cache[*Rules]
	// appointment finds an appointment that is to be moved.
	appointment Appointments
}

// Appointment is an appointment that is to be moved, with what it needs at the new time.
type Appointment struct {
	// SalonID and CustomerID are the appointment's.
	SalonID, CustomerID string
	// Chain is its segments as they were booked, or as they are to be.
	Chain []Want
	// Performs is whether the caller is a master of the appointment.
	Performs bool
	// Place is whether it is a place in a group session, and stays one.
	Place bool
}

// Appointments returns an appointment that a caller may see and move, else the error that the move would have. wants are its new segments; none
// stands for those that it has.
type Appointments func(ctx context.Context, id string, caller auth.Principal, wants []Want) (Appointment, error)

// FindAppointments sets where appointments are found. It is called once, before anything runs. The package above this one keeps them.
func (a *Availability) FindAppointments(fn Appointments) { a.appointment = fn }

// New returns the root. It connects to nothing.
func New(d service.Deps, people *people.People, catalog *catalog.Catalog) *Availability {
	return &Availability{
		deps:    d,
		people:  people,
		catalog: catalog,
		store:   NewStore(d.DB),
		quotes:  newQuotes(d.Keys, d.PreviousKeys),
		pages:   pagetoken.New(d.Keys),
		memory:  memory.New[*Rules](memorySize),
	}
}

// Register adds AvailabilityService to a server.
func (a *Availability) Register(r grpc.ServiceRegistrar) {
	appointmentv1.RegisterAvailabilityServiceServer(r, a)
}

// Rules returns the rules of a salon from memory where possible, else salon.ErrNotFound. They may be out of date: whoever relies on
// them compares their version with the database's in the statement that reads taken time or writes, and calls Forget when it is another one.
func (a *Availability) Rules(ctx context.Context, salonID string) (*Rules, error) {
	if known, ok := a.memory.Get(salonID); ok && time.Now().Before(known.expireTime) {
		return known, nil
	}
	began := time.Now()
	r, err := a.store.Rules(ctx, salonID)
	if err != nil {
		return nil, err
	}
	// The rules of many salons are read when the process has just started. They do not expire together.
	r.expireTime = began.Add(memoryTime + rand.N(memoryTime)) //nolint:gosec // no secret
	a.memory.Set(salonID, r)
	return r, nil
}

// Forget makes the next Rules read the rules of a salon from the database, unless those in memory are newer than the version.
func (a *Availability) Forget(salonID string, version int64) {
	a.memory.DeleteIf(salonID, func(known *Rules) bool { return known.Version <= version })
}
