package servicetest

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/postgres"
)

// elsewhere is the schema of the imaginary other service that publishes and consumes for the test.
const elsewhere = "elsewhere"

// wordBoundary is where a word begins in a name such as WorkingHours.
var wordBoundary = regexp.MustCompile(`([a-z0-9])([A-Z])`)

// ContractSubjects returns the first tokens of the types of all events in the linked-in contracts, sorted. The message
// of an event is named after its aggregate: AppointmentEvent is the body of appointment.created and of
// appointment.cancelled.
func ContractSubjects() []string {
	var subjects []string
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			aggregate, ok := strings.CutSuffix(string(file.Messages().Get(i).Name()), "Event")
			if !ok || !strings.HasPrefix(string(file.Package()), "salon.") {
				continue
			}
			subject := strings.ToLower(wordBoundary.ReplaceAllString(aggregate, "${1}_${2}"))
			if !events.BroadcastOnly(subject) {
				subjects = append(subjects, subject)
			}
		}
		return true
	})
	slices.Sort(subjects)
	return subjects
}

// Publish sends an event as another service would: through an outbox and its relay. Events of one aggregate arrive
// in the order in which they are published. Publish does not wait until the event is handled.
func (p *Platform) Publish(typ, aggregateID string, version int64, at time.Time, body proto.Message) events.Event {
	p.t.Helper()
	e, err := events.NewEvent(typ, aggregateID, version, at, body)
	p.must(err)
	p.PublishEvent(e)
	return e
}

// PublishEvent is Publish for an event that the test has made.
func (p *Platform) PublishEvent(e events.Event) {
	p.t.Helper()
	db := p.Postgres.DB(elsewhere)
	p.publisher.Do(func() { p.Go(events.NewRelay(db, p.Bus, p.Log, nil).Run) })
	p.must(db.InTx(p.t.Context(), func(tx *postgres.DB) error { return events.Append(p.t.Context(), tx, e) }))
}

// Listener keeps the events that it receives. It is safe for concurrent use.
type Listener struct {
	p     *Platform
	mu    sync.Mutex
	heard []events.Event
}

// Listen receives the events of a subject, such as "rating.>", as another service would: from the first event in
// the stream on, each event once. The name identifies the listener.
func (p *Platform) Listen(name, subject string) *Listener {
	p.t.Helper()
	l := &Listener{p: p}
	p.Go(events.NewConsumer(p.Postgres.DB(elsewhere), p.Bus, events.ConsumerConfig{
		Name: name, Subjects: []string{subject}, AllVersions: true,
		Handle: func(_ context.Context, tx *postgres.DB, e events.Event) error {
			e.Body = slices.Clone(e.Body)
			tx.OnCommit(func() {
				l.mu.Lock()
				defer l.mu.Unlock()
				l.heard = append(l.heard, e)
			})
			return nil
		},
	}, p.Log, nil).Run)
	return l
}

// Heard returns the events received so far, in the order in which they arrived.
func (l *Listener) Heard() []events.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.heard)
}

// Wait returns the first n events once they have arrived. The test fails when they do not arrive in time.
func (l *Listener) Wait(n int) []events.Event {
	l.p.t.Helper()
	var heard []events.Event
	l.p.Eventually("events arrive", func() bool {
		heard = l.Heard()
		return len(heard) >= n
	})
	return heard[:n]
}
