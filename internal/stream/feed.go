package stream

import (
	"context"
	"errors"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/postgres"
)

// Type is what a message of a feed says. The numbers are those of the enums WatchEventType of the contract.
type Type int32

// The types of messages.
const (
	Reset     Type = 1 // forget everything: the stream begins anew
	Snapshot  Type = 2 // something that there is when the stream begins
	Ready     Type = 3 // everything before is complete
	Created   Type = 4 // something is new
	Changed   Type = 5 // something has changed
	Removed   Type = 6 // something is not shown any more
	Heartbeat Type = 7 // nothing has happened
)

// Event is a message of a feed.
type Event[V any] struct {
	Type Type
	// Value is what it is about; the zero value for RESET, READY and HEARTBEAT.
	Value V
	// Token resumes the stream after this message; empty until the snapshot is complete.
	Token string
}

// Feed is a stream that begins with what there is, then tells what changes.
type Feed[V any] struct {
	// Request is the request without ticket and resume token. The tokens are bound to it.
	Request proto.Message
	// Caller is who the stream is shown to. The tokens are bound to the account and its roles.
	Caller auth.Principal
	// Begin returns what there is, as the transaction sees it.
	Begin func(ctx context.Context, tx *postgres.DB) ([]V, error)
	// Kind says what a change means for the stream: CREATED, CHANGED, REMOVED, or 0 for nothing. The hub calls it too, so it does no I/O.
	Kind func(V) Type
	// Send sends messages in order.
	Send func([]Event[V]) error
}

// feed is an open feed.
type feed[V any] struct {
	*Stream[V]
	Feed[V]
	at Position // everything up to here was sent
	db string
}

// Follow runs a feed, resumed with a token if there is one, until the stream ends.
func (s *Server[V]) Follow(ctx context.Context, what Feed[V], resume string) error {
	f := &feed[V]{Feed: what}
	var err error
	if f.Stream, err = s.Open(ctx, f.Caller, f.wants); err != nil {
		return err
	}
	defer f.Close()
	resumed, err := f.resume(resume)
	if err == nil && !resumed {
		err = f.begin(resume != "")
	}
	for err == nil {
		var b *Batch[V]
		b, err = f.Next(nil)
		switch {
		case errors.Is(err, ErrBeat):
			if at, database, ok := s.hub.position(f.subscriber); ok && at.covers(f.at) {
				f.at, f.db = at, database
			}
			err = f.sendHere(Heartbeat)
		case err == nil && !f.at.covers(b.to):
			err = f.tell(b, f.at, nil)
		}
	}
	return err
}

// begin sends what there is.
func (f *feed[V]) begin(reset bool) error {
	var found []V
	err := f.snapshot(func(s snapshot) (err error) {
		f.at, f.db = s.at, s.database
		found, err = f.Begin(f.ctx, s.tx)
		return err
	})
	if err != nil {
		return err
	}
	events := make([]Event[V], 0, len(found)+1)
	if reset {
		events = append(events, Event[V]{Type: Reset})
	}
	for _, v := range found {
		events = append(events, Event[V]{Type: Snapshot, Value: v})
	}
	if err := f.send(events); err != nil {
		return err
	}
	return f.sendHere(Ready)
}

// resume sends what has changed since a token. It reports false when the token cannot be used.
func (f *feed[V]) resume(text string) (bool, error) {
	t, ok := f.server.Tokens.Decode(f.Request, text, viewerOf(f.Caller))
	if !ok {
		return false, nil
	}
	position, err := parsePosition(t.Position)
	if err != nil { // of another kind of stream
		return false, nil //nolint:nilerr // the stream begins anew
	}
	since := position.without(t.Unsent)
	var b *Batch[V]
	var complete bool
	err = f.snapshot(func(s snapshot) (err error) {
		b, complete, err = f.server.hub.batch(f.ctx, s, since, t.Database, f.Caller.UserID)
		return err
	})
	if err != nil || !complete {
		return false, err
	}
	f.at, f.db = position, t.Database
	if err := f.send([]Event[V]{{Type: Ready, Token: text}}); err != nil {
		return false, err
	}
	return true, f.tell(b, since, &t)
}

// tell sends what a batch has for the stream, to which everything up to since was sent. resumed is the token that the batch begins with,
// if any.
func (f *feed[V]) tell(b *Batch[V], since Position, resumed *Token) error {
	var events []Event[V]
	var changes []*Change[V]
	for _, c := range b.Changes {
		if c.ID == "" || !slices.ContainsFunc(c.Xids, func(xid uint64) bool { return !since.Includes(xid) && !resumed.knows(c.ID, xid) }) {
			continue
		}
		if kind := f.Kind(c.Value); kind != 0 {
			events = append(events, Event[V]{Type: kind, Value: c.Value})
			changes = append(changes, c)
		}
	}
	for i := range events {
		t := Token{Position: b.to.short().String(), Database: b.database}
		for _, later := range changes[i+1:] {
			t.Unsent = append(t.Unsent, later.Xids...)
		}
		slices.Sort(t.Unsent)
		t.Unsent = slices.Compact(t.Unsent)
		for _, before := range changes[:i+1] {
			if slices.ContainsFunc(before.Xids, func(xid uint64) bool { return slices.Contains(t.Unsent, xid) }) {
				t.SentOf = append(t.SentOf, shortID(before.ID))
			}
		}
		var err error
		if events[i].Token, err = f.token(t); err != nil {
			return err
		}
	}
	if err := f.send(events); err != nil {
		return err
	}
	f.at, f.db = b.to, b.database
	return nil
}

// wants reports whether a batch has something for the stream. The hub calls it.
func (f *feed[V]) wants(b *Batch[V]) bool {
	return slices.ContainsFunc(b.Changes, func(c *Change[V]) bool { return c.ID != "" && f.Kind(c.Value) != 0 })
}

// sendHere sends a message with the token of what was sent.
func (f *feed[V]) sendHere(t Type) error {
	token, err := f.token(Token{Position: f.at.short().String(), Database: f.db})
	if err != nil {
		return err
	}
	return f.send([]Event[V]{{Type: t, Token: token}})
}

func (f *feed[V]) token(t Token) (string, error) {
	t.Viewer = viewerOf(f.Caller)
	return f.server.Tokens.Encode(f.Request, t)
}

func (f *feed[V]) send(events []Event[V]) error {
	if len(events) == 0 {
		return nil
	}
	f.DelayBeat()
	return f.Send(events)
}
