package events

import (
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The attributes of CloudEvents 1.0 in the binary mode of its NATS binding.
const (
	headerSpecVersion      = "ce-specversion"
	headerID               = "ce-id"
	headerType             = "ce-type"
	headerSource           = "ce-source"
	headerSubject          = "ce-subject"
	headerTime             = "ce-time"
	headerAggregateVersion = "ce-aggregateversion"
	headerContentType      = "content-type"
	headerTraceparent      = "traceparent"

	specVersion = "1.0"
	contentType = "application/json"
)

// message encodes the event for NATS. source is the schema of the sender; traceparent (W3C) may be empty. The stream
// stores an event once in each generation: its message id has the generation, while the event keeps its own id.
func (e Event) message(source, traceparent string, generation int64) *nats.Msg {
	m := nats.NewMsg(e.Type)
	m.Data = e.Body
	msgID := e.ID
	if generation > 0 {
		msgID += "/" + strconv.FormatInt(generation, 10)
	}
	m.Header = nats.Header{
		headerSpecVersion:     {specVersion},
		headerID:              {e.ID},
		headerType:            {e.Type},
		headerSource:          {sourceOf(source)},
		headerTime:            {e.Time.UTC().Format(time.RFC3339Nano)},
		headerContentType:     {contentType},
		jetstream.MsgIDHeader: {msgID},
	}
	if e.AggregateID != "" {
		m.Header.Set(headerSubject, e.AggregateID)
		m.Header.Set(headerAggregateVersion, strconv.FormatInt(e.AggregateVersion, 10))
	}
	if traceparent != "" {
		m.Header.Set(headerTraceparent, traceparent)
	}
	return m
}

// sourceOf is the source of the events of a schema.
func sourceOf(schema string) string { return "/salon/" + schema }

// parse reads what message wrote. A broadcast has no aggregate.
func parse(subject string, h nats.Header, data []byte) (Event, error) {
	e := Event{
		ID:          h.Get(headerID),
		Type:        h.Get(headerType),
		AggregateID: h.Get(headerSubject),
		Body:        data,
	}
	if v := h.Get(headerSpecVersion); v != specVersion {
		return e, fmt.Errorf("%w: CloudEvents version %q", errUndecodable, v)
	}
	if e.Type != subject {
		return e, fmt.Errorf("%w: type %q on subject %q", errUndecodable, e.Type, subject)
	}
	t, err := time.Parse(time.RFC3339Nano, h.Get(headerTime))
	if err != nil {
		return e, fmt.Errorf("%w: %w", errUndecodable, err)
	}
	e.Time = t.UTC()
	if e.AggregateID == "" {
		return e, nil
	}
	if e.AggregateVersion, err = strconv.ParseInt(h.Get(headerAggregateVersion), 10, 64); err != nil {
		return e, fmt.Errorf("%w: aggregate version: %w", errUndecodable, err)
	}
	return e, nil
}
