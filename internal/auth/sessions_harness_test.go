package auth

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/events"
)

// users is a user service that only knows sessions.
type users struct {
	userv1.IdentityServiceClient
	mu    sync.Mutex
	open  map[string]*userv1.CheckSessionResponse
	err   error
	asked atomic.Int32
	// hold, if set, is called after the answer is found and before it is returned.
	hold func(ctx context.Context)
}

func newUsers() *users {
	return &users{open: map[string]*userv1.CheckSessionResponse{
		anna().SessionID: annasSession(),
	}}
}

// annasSession is what a user service answers about Anna's session.
func annasSession() *userv1.CheckSessionResponse {
	resp := &userv1.CheckSessionResponse{UserId: anna().UserID, Role: anna().Role}
	for _, m := range anna().Memberships {
		resp.Memberships = append(resp.Memberships, &userv1.Membership{SalonId: m.SalonID, Roles: m.Roles})
	}
	return resp
}

func (u *users) CheckSession(ctx context.Context, req *userv1.CheckSessionRequest, _ ...grpc.CallOption) (*userv1.CheckSessionResponse, error) {
	u.asked.Add(1)
	u.mu.Lock()
	resp, err, hold := u.open[req.GetSessionId()], u.err, u.hold
	u.mu.Unlock()
	if hold != nil {
		hold(ctx)
	}
	switch {
	case err != nil:
		return nil, err
	case resp == nil:
		return nil, apierr.NotFound("session").GRPCStatus().Err()
	}
	return resp, nil
}

func (u *users) set(f func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	f()
}

// end ends a session in the user service, as a commit does.
func (u *users) end(sessionID string) { u.set(func() { delete(u.open, sessionID) }) }

// fakeBus connects the Sessions of several processes. setDown breaks and restores the connection.
type fakeBus struct {
	mu          sync.Mutex
	down        bool
	watchers    []func(events.Event)
	onReconnect []func()
	watchErr    error
	stopped     int
}

func (b *fakeBus) Ready() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.down {
		return errors.New("not connected")
	}
	return nil
}

func (b *fakeBus) Broadcast(typ string, body proto.Message) error {
	if err := b.Ready(); err != nil {
		return err
	}
	data, err := protojson.Marshal(body)
	if err != nil {
		return err
	}
	b.send(events.Event{Type: typ, Body: data})
	return nil
}

func (b *fakeBus) send(e events.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.watchers {
		w(e)
	}
}

func (b *fakeBus) Watch(_ string, fn func(events.Event)) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers = append(b.watchers, fn)
	return func() { b.stopped++ }, b.watchErr
}

func (b *fakeBus) OnReconnect(fn func()) { b.onReconnect = append(b.onReconnect, fn) }

func (b *fakeBus) setDown(down bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.down = down
}

// check fails the test unless the session is open for Anna.
func check(t testing.TB, s *Sessions) {
	t.Helper()
	p, err := s.Check(t.Context(), anna().SessionID)
	if err != nil || !reflect.DeepEqual(p, anna()) {
		t.Fatalf("Check = %v, %v", p, err)
	}
}
