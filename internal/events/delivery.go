package events

import (
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
)

// delivery is an event that the server has delivered to this process.
type delivery struct {
	msg         jetstream.Msg
	seq         uint64 // in the stream
	stored      time.Time
	event       Event
	traceparent string
	broken      error // why the message is not a valid event
}

func newDelivery(msg jetstream.Msg) (*delivery, error) {
	meta, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("read the metadata of a delivery: %w", err)
	}
	d := &delivery{
		msg:         msg,
		seq:         meta.Sequence.Stream,
		stored:      meta.Timestamp.UTC(),
		traceparent: msg.Headers().Get(headerTraceparent),
	}
	d.event, err = parse(msg.Subject(), msg.Headers(), msg.Data())
	if err == nil {
		err = d.event.validate()
	}
	if err != nil {
		d.broken = err
		d.event = d.standIn()
	}
	return d, nil
}

// standIn returns an event that represents an invalid message among the dead letters. Its id is the same for every
// delivery of the message.
func (d *delivery) standIn() Event {
	name := fmt.Sprintf("%s/%d/%d", streamName, d.seq, d.stored.UnixNano())
	return Event{
		ID:          uuid.NewSHA1(uuid.NameSpaceURL, []byte(name)).String(),
		Type:        d.msg.Subject(),
		AggregateID: uuid.Nil.String(),
		Time:        d.stored,
		Body:        undecodable(d.msg.Data()),
	}
}

// aggregate identifies the aggregate of the event.
func (d *delivery) aggregate() string { return d.event.kind() + "/" + d.event.AggregateID }
