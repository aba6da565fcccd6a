package events

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// broadcastTokens are the first tokens of the types of all events that are broadcast. No other event has them: the
// stream keeps events of services, and broadcasts are not kept.
var broadcastTokens = []string{"session", "inbox"}

// BroadcastOnly reports whether events of the type are broadcast and never stored.
func BroadcastOnly(typ string) bool {
	token, _, _ := strings.Cut(typ, ".")
	return slices.Contains(broadcastTokens, token)
}

// Broadcast sends an event to the watches of all running processes, this one
// included. Each watch receives the event at most once; nothing keeps the event.
// typ begins with one of broadcastTokens. Broadcast fails at once while there is no connection.
func (b *Bus) Broadcast(typ string, body proto.Message) error {
	if !typePattern.MatchString(typ) || !BroadcastOnly(typ) {
		return fmt.Errorf("broadcast %q: not a subject for broadcasts", typ)
	}
	data, err := protojson.Marshal(body)
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", typ, err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("broadcast %s: %w", typ, err)
	}
	e := Event{ID: id.String(), Type: typ, Time: time.Now(), Body: data}
	m := e.message("broadcast", "", 0)
	m.Header.Del(nats.MsgIdHdr)
	if err := b.conn.PublishMsg(m); err != nil {
		return fmt.Errorf("broadcast %s: %w", typ, err)
	}
	return nil
}

// Watch calls fn with the events that are broadcast or published to the stream on the subject, which may have NATS
// wildcards. The calls are made one after the other in a goroutine of their own. Missed events are not repeated,
// and an event that a relay publishes again is seen again: use Watch together with [Bus.OnReconnect] to drop
// caches. Watch may be called while NATS is away. stop ends the watch and may be called more than once.
func (b *Bus) Watch(subject string, fn func(Event)) (stop func(), err error) {
	sub, err := b.conn.Subscribe(subject, func(m *nats.Msg) {
		e, err := parse(m.Subject, m.Header, m.Data)
		if err != nil {
			b.log.Warn().Err(err).Str("subject", m.Subject).Msg("ignored a message that is no event")
			return
		}
		fn(e)
	})
	if err != nil {
		return nil, fmt.Errorf("watch %s: %w", subject, err)
	}
	return func() {
		// The only errors mean that the watch has ended already, by stop or by Close.
		_ = sub.Unsubscribe()
	}, nil
}
