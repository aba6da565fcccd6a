package auth

import (
	"context"
	"fmt"
	"hash/maphash"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/memory"
)

const (
	// sessionEnded is the subject of the broadcast that a session has ended.
	sessionEnded = "session.ended"
	// sessionTTL is how long an answer is used, counted from the start of the check. It also bounds how long a process
	// that a broadcast did not reach accepts an ended session, whether or not the user service still runs.
	sessionTTL = 5 * time.Second
	// sessionTimeout ends a check whose callers may all have left.
	sessionTimeout = 5 * time.Second
	// sessionsKept bounds the memory of the answers to some 10 MB.
	sessionsKept = 50_000
	// sessionShards is the number of counters that ends of single sessions are spread over.
	sessionShards = 256
)

// sessionBus is what Sessions needs of [events.Bus].
type sessionBus interface {
	Ready() error
	Broadcast(typ string, body proto.Message) error
	Watch(subject string, fn func(events.Event)) (stop func(), err error)
	OnReconnect(fn func())
}

// SessionSource knows which sessions are open. In the program it is the database, so that sessions are checked without the
// user service too.
type SessionSource interface {
	// CheckSession returns whose session it is, with the account's role and memberships as of now. An ended or unknown
	// session, and one of a disabled account, is NOT_FOUND.
	CheckSession(ctx context.Context, req *userv1.CheckSessionRequest, opts ...grpc.CallOption) (*userv1.CheckSessionResponse, error)
}

// Sessions checks whether a session is open and returns its principal. It is safe for concurrent use.
//
// Answers of the source are kept for five seconds at most. They are dropped as soon as the session ends: in this
// process by End, in other processes by its broadcast. While the bus is not ready, a broadcast could be missed, so no
// answer is kept and every check asks the source. After a reconnect all answers are dropped. Without a bus (nil)
// this process must be the only one.
//
// A check that began before an End and ends after it returns its answer to the callers who waited for it, who also
// came before the End. The answer is neither kept nor shared with later callers: End raises counters that are part of
// the name of a check.
type Sessions struct {
	source SessionSource
	bus    sessionBus // nil when there is none
	// unwatched is whether broadcasts do not arrive, because Watch has failed or Close was called.
	unwatched atomic.Bool
	stop      func()
	now       func() time.Time

	known     *memory.Cache[session]
	group     singleflight.Group
	seed      maphash.Seed
	userEnds  atomic.Uint64 // ends of all sessions of a user, and lost connections
	oneEnds   [sessionShards]atomic.Uint64
	sawOutage atomic.Bool
}

// session is an open session.
type session struct {
	principal Principal
	until     time.Time
}

// NewSessions returns a checker that asks source. bus may be nil.
func NewSessions(source SessionSource, bus *events.Bus, now func() time.Time) *Sessions {
	if bus == nil {
		return newSessions(source, nil, now)
	}
	return newSessions(source, bus, now)
}

func newSessions(source SessionSource, bus sessionBus, now func() time.Time) *Sessions {
	s := &Sessions{
		source: source,
		bus:    bus,
		now:    now,
		stop:   func() {},
		seed:   maphash.MakeSeed(),
		known:  memory.New[session](sessionsKept),
	}
	if bus == nil {
		return s
	}
	stop, err := bus.Watch(sessionEnded, func(e events.Event) {
		var body userv1.SessionEvent
		if e.Decode(&body) != nil {
			s.dropAll() // an unknown session has ended
			return
		}
		s.drop(body.GetUserId(), body.GetSessionId())
	})
	if err != nil {
		s.unwatched.Store(true)
		return s
	}
	s.stop = stop
	bus.OnReconnect(s.dropAll)
	return s
}

// Close stops the watch for broadcasts. From then on Check keeps no answer and asks the source every time.
func (s *Sessions) Close() {
	s.unwatched.Store(true)
	s.stop()
	s.dropAll()
}

// Check returns the principal of a session, with the account's current role and memberships. An ended or unknown session
// is UNAUTHENTICATED. A source that is unreachable, or refuses this process, is UNAVAILABLE.
func (s *Sessions) Check(ctx context.Context, sessionID string) (Principal, error) {
	keep := s.mayKeep()
	if keep {
		if hit, ok := s.known.Get(sessionID); ok && s.now().Before(hit.until) {
			return hit.principal, nil
		}
	}
	users, one := s.userEnds.Load(), s.shard(sessionID).Load()
	flight := sessionID + "/" + strconv.FormatUint(users, 36) + "/" + strconv.FormatUint(one, 36)
	select {
	case r := <-s.group.DoChan(flight, func() (any, error) { return s.ask(ctx, sessionID, users, one, keep) }):
		p, _ := r.Val.(Principal)
		return p, r.Err
	case <-ctx.Done():
		return Principal{}, apierr.From(ctx.Err())
	}
}

// ask asks the source for all callers who wait. It goes on when the first of them leaves.
func (s *Sessions) ask(ctx context.Context, sessionID string, users, one uint64, keep bool) (p Principal, err error) {
	defer func() {
		// No recovery of a handler is on this stack, and singleflight would end the process.
		if r := recover(); r != nil {
			err = apierr.Internal(fmt.Errorf("check session: panic: %v", r))
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), sessionTimeout)
	defer cancel()
	until := s.now().Add(sessionTTL)
	resp, err := s.source.CheckSession(ctx, &userv1.CheckSessionRequest{SessionId: sessionID})
	if err != nil {
		switch public := apierr.From(err); public.Code() {
		case codes.NotFound, codes.InvalidArgument:
			return Principal{}, errSession.WithCause(err)
		case codes.Unauthenticated, codes.PermissionDenied:
			// This process was refused, which says nothing about the session.
			return Principal{}, errSessions.WithCause(err)
		default:
			return Principal{}, public
		}
	}
	p = Principal{UserID: resp.GetUserId(), Role: resp.GetRole(), SessionID: sessionID}
	for _, m := range resp.GetMemberships() {
		p.Memberships = append(p.Memberships, Membership{SalonID: m.GetSalonId(), Roles: m.GetRoles()})
	}
	if !keep {
		return p, nil
	}
	// drop raises a counter before it removes the entry. So with a concurrent drop, either Update sees the raised
	// counter, or drop sees the entry.
	s.known.Update(sessionID, func(old session, _ bool) (session, bool) {
		if s.userEnds.Load() != users || s.shard(sessionID).Load() != one {
			return old, false
		}
		return session{principal: p, until: until}, true
	})
	return p, nil
}

// End drops what is known of a session, in this process at once and in other processes as soon as the broadcast arrives.
// An empty sessionID means all sessions of the user. Call End after a commit that ended sessions or changed a user's
// roles or memberships.
func (s *Sessions) End(userID, sessionID string) {
	s.drop(userID, sessionID)
	if s.bus != nil {
		// The caller's change is committed, so a failure is not its error: other processes use their answers for five
		// seconds at most, or keep none because the bus is unavailable to them too.
		_ = s.bus.Broadcast(sessionEnded, &userv1.SessionEvent{UserId: userID, SessionId: sessionID})
	}
}

func (s *Sessions) drop(userID, sessionID string) {
	if sessionID != "" {
		s.shard(sessionID).Add(1)
		s.known.Delete(sessionID)
		return
	}
	s.userEnds.Add(1)
	for id, known := range s.known.All() {
		if known.principal.UserID == userID {
			s.known.Delete(id)
		}
	}
}

func (s *Sessions) dropAll() {
	s.userEnds.Add(1)
	s.known.Clear()
}

// mayKeep reports whether every broadcast reaches this process at the moment, so that answers may be kept and used.
func (s *Sessions) mayKeep() bool {
	switch {
	case s.unwatched.Load():
		return false
	case s.bus == nil:
		return true
	case s.bus.Ready() != nil:
		s.sawOutage.Store(true)
		return false
	case s.sawOutage.Load():
		// The bus is back, and OnReconnect may not have run yet: drop the answers from before the outage now.
		s.dropAll()
		s.sawOutage.Store(false)
	}
	return true
}

func (s *Sessions) shard(sessionID string) *atomic.Uint64 {
	return &s.oneEnds[maphash.String(s.seed, sessionID)%sessionShards]
}
