package auth

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
)

func TestSessionIsAskedForOnce(t *testing.T) {
	c, u := newClock(), newUsers()
	s := NewSessions(u, nil, c.Now)
	defer s.Close()
	for range 5 {
		check(t, s)
	}
	c.Advance(sessionTTL - 1)
	check(t, s)
	if n := u.asked.Load(); n != 1 {
		t.Errorf("asked %d times within five seconds", n)
	}
	c.Advance(1)
	check(t, s)
	if n := u.asked.Load(); n != 2 {
		t.Errorf("asked %d times after five seconds", n)
	}
}

func TestSessionAnswers(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		want codes.Code
	}{
		{"ended", apierr.NotFound("session").GRPCStatus().Err(), codes.Unauthenticated},
		{"not an id", apierr.InvalidField("session_id", "is not a UUID").GRPCStatus().Err(), codes.Unauthenticated},
		{"service away", status.Error(codes.Unavailable, "connection refused"), codes.Unavailable},
		{"too slow", context.DeadlineExceeded, codes.DeadlineExceeded},
		{"strange", errors.New("disk on fire"), codes.Internal},
		{"credential refused", status.Error(codes.Unauthenticated, "the service token is not valid"), codes.Unavailable},
		{"not allowed to ask", status.Error(codes.PermissionDenied, "only other services may call this"), codes.Unavailable},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, u := newClock(), newUsers()
			u.err = test.err
			s := NewSessions(u, nil, c.Now)
			p, err := s.Check(t.Context(), anna().SessionID)
			wantCode(t, err, test.want)
			if !reflect.DeepEqual(p, Principal{}) {
				t.Errorf("an error with a principal: %v", p)
			}
			// Errors are not kept.
			u.set(func() { u.err = nil })
			check(t, s)
		})
	}
}

func TestSessionCheckPanics(t *testing.T) {
	c, u := newClock(), newUsers()
	u.hold = func(context.Context) { panic("bug") }
	s := NewSessions(u, nil, c.Now)
	_, err := s.Check(t.Context(), anna().SessionID)
	wantCode(t, err, codes.Internal)
}

func TestEndedSessionIsGoneAtOnce(t *testing.T) {
	for _, sessionID := range []string{anna().SessionID, ""} {
		c, u, bus := newClock(), newUsers(), &fakeBus{}
		here, there := newSessions(u, bus, c.Now), newSessions(u, bus, c.Now)
		check(t, here)
		check(t, there)
		u.end(anna().SessionID)
		here.End(anna().UserID, sessionID)
		for name, s := range map[string]*Sessions{"here": here, "there": there} {
			_, err := s.Check(t.Context(), anna().SessionID)
			if err == nil {
				t.Fatalf("session %q is open %s", sessionID, name)
			}
			wantCode(t, err, codes.Unauthenticated)
		}
	}
}

func TestEndOfOthersKeepsAnswer(t *testing.T) {
	c, u := newClock(), newUsers()
	s := NewSessions(u, nil, c.Now)
	check(t, s)
	s.End("0190a5a0-0000-7000-8000-000000000002", "")
	check(t, s)
	if n := u.asked.Load(); n != 1 {
		t.Errorf("asked %d times", n)
	}
}

func TestChangeOfRole(t *testing.T) {
	c, u := newClock(), newUsers()
	s := NewSessions(u, nil, c.Now)
	check(t, s)
	u.set(func() {
		u.open[anna().SessionID] = &userv1.CheckSessionResponse{UserId: anna().UserID, Role: apiv1.Role_ROLE_ADMIN}
	})
	s.End(anna().UserID, "")
	p, err := s.Check(t.Context(), anna().SessionID)
	if err != nil || p.Role != apiv1.Role_ROLE_ADMIN || len(p.Memberships) != 0 {
		t.Errorf("Check = %v, %v", p, err)
	}
}

func TestChangeOfMemberships(t *testing.T) {
	c, u, bus := newClock(), newUsers(), &fakeBus{}
	here, there := newSessions(u, bus, c.Now), newSessions(u, bus, c.Now)
	check(t, here)
	check(t, there)
	u.set(func() {
		changed := annasSession()
		changed.Memberships = []*userv1.Membership{{SalonId: salonC, Roles: []apiv1.SalonRole{receptionist}}}
		u.open[anna().SessionID] = changed
	})
	here.End(anna().UserID, "")
	for name, s := range map[string]*Sessions{"here": here, "there": there} {
		p, err := s.Check(t.Context(), anna().SessionID)
		if err != nil || p.Has(salonA, Staff...) || p.Has(salonB, Staff...) || !p.Has(salonC, receptionist) {
			t.Errorf("%s: Check = %v, %v", name, p, err)
		}
	}
}

// TestAnswerFromBeforeTheEnd lets a check find the session open, ends it, and only then lets the answer arrive.
func TestAnswerFromBeforeTheEnd(t *testing.T) {
	for _, sessionID := range []string{anna().SessionID, ""} {
		c, u := newClock(), newUsers()
		found, arrive := make(chan struct{}), make(chan struct{})
		var calls atomic.Int32
		u.hold = func(context.Context) {
			if calls.Add(1) == 1 {
				close(found)
				<-arrive
			}
		}
		s := NewSessions(u, nil, c.Now)
		early := make(chan error)
		go func() {
			_, err := s.Check(t.Context(), anna().SessionID)
			early <- err
		}()
		<-found
		u.end(anna().SessionID)
		s.End(anna().UserID, sessionID)
		// A caller after the end does not wait for the old answer.
		_, err := s.Check(t.Context(), anna().SessionID)
		wantCode(t, err, codes.Unauthenticated)
		close(arrive)
		if err := <-early; err != nil {
			t.Errorf("the caller from before the end: %v", err)
		}
		_, err = s.Check(t.Context(), anna().SessionID)
		wantCode(t, err, codes.Unauthenticated)
	}
}

func TestWaitersShareOneQuestion(t *testing.T) {
	c, u := newClock(), newUsers()
	found, arrive := make(chan struct{}), make(chan struct{})
	var once sync.Once
	u.hold = func(ctx context.Context) {
		once.Do(func() { close(found) })
		select {
		case <-arrive:
		case <-ctx.Done():
		}
	}
	s := NewSessions(u, nil, c.Now)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, err := s.Check(ctx, anna().SessionID)
		first <- err
	}()
	<-found
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if p, err := s.Check(t.Context(), anna().SessionID); err != nil || !reflect.DeepEqual(p, anna()) {
				t.Errorf("Check = %v, %v", p, err)
			}
		})
	}
	cancel()
	wantCode(t, <-first, codes.Canceled)
	close(arrive)
	wg.Wait()
	if n := u.asked.Load(); n > 2 { // a waiter may have come after the answer was returned and before it was kept
		t.Errorf("asked %d times", n)
	}
}

func TestNothingIsKeptWithoutBus(t *testing.T) {
	c, u, bus := newClock(), newUsers(), &fakeBus{}
	s := newSessions(u, bus, c.Now)
	check(t, s)
	bus.setDown(true)
	check(t, s)
	check(t, s)
	if n := u.asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
	// The session ends elsewhere during the outage; the broadcast is lost.
	u.end(anna().SessionID)
	bus.setDown(false)
	_, err := s.Check(t.Context(), anna().SessionID)
	wantCode(t, err, codes.Unauthenticated)
}

func TestReconnectDropsAll(t *testing.T) {
	c, u, bus := newClock(), newUsers(), &fakeBus{}
	s := newSessions(u, bus, c.Now)
	check(t, s)
	u.end(anna().SessionID)
	for _, fn := range bus.onReconnect {
		fn()
	}
	_, err := s.Check(t.Context(), anna().SessionID)
	wantCode(t, err, codes.Unauthenticated)
}

func TestUnreadableBroadcastDropsAll(t *testing.T) {
	c, u, bus := newClock(), newUsers(), &fakeBus{}
	s := newSessions(u, bus, c.Now)
	check(t, s)
	u.end(anna().SessionID)
	bus.send(events.Event{Type: sessionEnded, Body: []byte(`{`)})
	_, err := s.Check(t.Context(), anna().SessionID)
	wantCode(t, err, codes.Unauthenticated)
}

func TestBusThatCannotBeWatched(t *testing.T) {
	c, u := newClock(), newUsers()
	s := newSessions(u, &fakeBus{watchErr: errors.New("closed")}, c.Now)
	check(t, s)
	check(t, s)
	if n := u.asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

func TestNothingIsKeptAfterClose(t *testing.T) {
	for name, bus := range map[string]sessionBus{"with a bus": &fakeBus{}, "alone": nil} {
		t.Run(name, func(t *testing.T) {
			c, u := newClock(), newUsers()
			s := newSessions(u, bus, c.Now)
			check(t, s)
			s.Close()
			check(t, s)
			check(t, s)
			if n := u.asked.Load(); n != 3 {
				t.Errorf("asked %d times", n)
			}
		})
	}
}

// TestEndRacesWithChecks ends sessions while many callers check them. A check that starts after an End must see the end.
func TestEndRacesWithChecks(t *testing.T) {
	c, u := newClock(), newUsers()
	s := NewSessions(u, nil, c.Now)
	for range 200 {
		u.set(func() {
			u.open[anna().SessionID] = annasSession()
		})
		s.End(anna().UserID, anna().SessionID) // the session was opened again: drop the answer that it has ended
		var ended atomic.Bool
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 20 {
					before := ended.Load()
					_, err := s.Check(t.Context(), anna().SessionID)
					if before && err == nil {
						t.Error("open after its end")
					}
				}
			})
		}
		u.end(anna().SessionID)
		s.End(anna().UserID, anna().SessionID)
		ended.Store(true)
		wg.Wait()
	}
}
