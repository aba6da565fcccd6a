package user

import (
	"time"

	"google.golang.org/grpc"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/erasure"
	"github.com/beauty-salon/platform/internal/protoconv"
)

// An erasure removes what identifies the person of an account. One transaction does that in this schema, and notes
// what the other services have to do. From its commit nobody can sign in, and LookupUser answers NOT_FOUND, which makes
// the appointment service refuse bookings. The call then tells the other services. Where that fails, or where the
// process ends, a worker of any process of this service tells them later: erasure_work.go.

const (
	// erasedName is the name of an account that was erased, formerMaster that of the profile.
	erasedName   = "Deleted account"
	formerMaster = "Former master"
	// erasedDomain is where the address of an erased account is. It exists nowhere (RFC 6761), and nobody registers it.
	erasedDomain = "@erased.invalid"
	// noPassword is a hash that no password matches.
	noPassword = "$argon2id$"
	// thisService is the name of this service in receipts.
	thisService = "user"
)

// personalData is what a service does that keeps something of people. The generated clients implement it.
type personalData interface {
	appointmentv1.PersonalDataServiceClient
}

// keeper is a service that keeps something of people.
type keeper struct {
	// name is that of the service's definition.
	name string
	// connect returns a client of the service.
	connect func(grpc.ClientConnInterface) personalData
}

// keepers are the other services that keep something of people. A new one is an entry here.
var keepers = []keeper{
	{"appointment", func(c grpc.ClientConnInterface) personalData { return appointmentv1.NewPersonalDataServiceClient(c) }},
	{"notification", func(c grpc.ClientConnInterface) personalData { return notificationv1.NewPersonalDataServiceClient(c) }},
	{"rating", func(c grpc.ClientConnInterface) personalData { return ratingv1.NewPersonalDataServiceClient(c) }},
}

// keeperNames returns the names of keepers.
func keeperNames() []string {
	names := make([]string, len(keepers))
	for i, k := range keepers {
		names[i] = k.name
	}
	return names
}

// Erasure is the erasure of an account.
type Erasure struct {
	// ID is a random UUID, AccountID that of the account.
	ID, AccountID string
	// RequestTime is when the account was erased.
	RequestTime time.Time
	// Services are all services that keep something of people, by name.
	Services []ServiceErasure
}

// ServiceErasure is how far an erasure is in a service.
type ServiceErasure struct {
	// Service is the service's name.
	Service string
	// CompleteTime is when it was done; zero: it is not.
	CompleteTime time.Time
	// Removed is what was removed.
	Removed erasure.Counts
}

// CompleteTime returns when the last service was done; zero while one is not.
func (e Erasure) CompleteTime() time.Time {
	var last time.Time
	for _, s := range e.Services {
		if s.CompleteTime.IsZero() {
			return time.Time{}
		}
		if s.CompleteTime.After(last) {
			last = s.CompleteTime
		}
	}
	return last
}

// erase makes an account nobody's.
func (a *Account) erase() {
	a.Email, a.DisplayName, a.Phone = a.ID+erasedDomain, erasedName, ""
	a.Role, a.Disabled, a.EmailVerified = apiv1.Role_ROLE_CUSTOMER, true, false
}

func erasureToProto(e Erasure) *userv1.Erasure {
	m := &userv1.Erasure{
		Id: e.ID, AccountId: e.AccountID,
		RequestTime: protoconv.Timestamp(e.RequestTime), CompleteTime: protoconv.Timestamp(e.CompleteTime()),
	}
	for _, s := range e.Services {
		state := userv1.ErasureState_ERASURE_STATE_PENDING
		if !s.CompleteTime.IsZero() {
			state = userv1.ErasureState_ERASURE_STATE_DONE
		}
		m.Services = append(m.Services, &userv1.ServiceErasure{
			Service: s.Service, State: state, CompleteTime: protoconv.Timestamp(s.CompleteTime), Removed: s.Removed.ToProto(),
		})
	}
	return m
}
