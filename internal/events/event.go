package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// maxBody keeps an event far below the 1 MiB that a NATS server accepts, so that the server never refuses an event
// in the outbox for its size.
const maxBody = 256 << 10

// typePattern is a NATS subject of two or more plain tokens.
var typePattern = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$`)

// errUndecodable marks an event that further tries cannot decode either.
var errUndecodable = errors.New("event cannot be decoded")

// Event is something that happened to one aggregate.
type Event struct {
	// ID is a UUID. Consumers recognize by it an event that they have handled.
	ID string
	// Type is the NATS subject too, such as "appointment.created". Its first token
	// is the kind of the aggregate.
	Type string
	// AggregateID is the UUID of what changed.
	AggregateID string
	// AggregateVersion starts at 1 and grows with every event of the aggregate. Consumers skip a second event of a version
	// as old, unless they take all versions. Only appointment.erased may share one: it tells nothing but another name.
	AggregateVersion int64
	// Time is when it happened, in UTC and whole microseconds.
	Time time.Time
	// Body is the event's message from the proto as JSON.
	Body json.RawMessage
}

// NewEvent makes an event with a new id (UUIDv7). The body is encoded with
// protojson; at is truncated to microseconds. An error means a bug of the caller:
// a malformed type or id, a version below 1 or a body over 256 KiB.
func NewEvent(typ, aggregateID string, version int64, at time.Time, body proto.Message) (Event, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Event{}, fmt.Errorf("new event id: %w", err)
	}
	data, err := protojson.Marshal(body)
	if err != nil {
		return Event{}, fmt.Errorf("encode %s: %w", typ, err)
	}
	e := Event{
		ID:               id.String(),
		Type:             typ,
		AggregateID:      aggregateID,
		AggregateVersion: version,
		Time:             at.UTC().Truncate(time.Microsecond),
		Body:             data,
	}
	return e, e.validate()
}

// Decode reads the body into m. Fields and enum names that m does not know are
// ignored, because the sender may be newer. A handler that returns the error
// sends the event to the dead letters without further tries.
func (e Event) Decode(m proto.Message) error {
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(e.Body, m); err != nil {
		return fmt.Errorf("%w: body of %s %s: %w", errUndecodable, e.Type, e.ID, err)
	}
	return nil
}

// kind is the kind of aggregate that the event is about. Ids are unique only
// within a kind: a master may have the id of its user.
func (e Event) kind() string {
	kind, _, _ := strings.Cut(e.Type, ".")
	return kind
}

// validate returns an error for an event that the outbox or the stream would refuse.
func (e Event) validate() error {
	switch {
	case !typePattern.MatchString(e.Type):
		return fmt.Errorf("event type %q is not dotted lower case", e.Type)
	case uuid.Validate(e.ID) != nil:
		return fmt.Errorf("%s: event id %q is not a UUID", e.Type, e.ID)
	case uuid.Validate(e.AggregateID) != nil:
		return fmt.Errorf("%s %s: aggregate id %q is not a UUID", e.Type, e.ID, e.AggregateID)
	case e.AggregateVersion < 1:
		return fmt.Errorf("%s %s: aggregate version %d is below 1", e.Type, e.ID, e.AggregateVersion)
	case len(e.Body) > maxBody:
		return fmt.Errorf("%s %s: body of %d bytes is over %d", e.Type, e.ID, len(e.Body), maxBody)
	case !json.Valid(e.Body):
		return fmt.Errorf("%s %s: body is not JSON", e.Type, e.ID)
	}
	return nil
}
