// Package events carries what happened in one service to the others: a
// transactional outbox, a relay to NATS JetStream, and consumers whose effect
// happens exactly once.
//
// The way of an event:
//
//  1. [Append] writes it to the outbox table in the transaction of the change it
//     reports. Either both commit or neither does.
//  2. The [Relay] of the service publishes unpublished rows to the stream and
//     marks them once the stream has confirmed them. A crash in between publishes
//     again; the stream drops the copy by the message's id (for an hour), and
//     afterwards the consumers do. A lease (lease.go) says which process publishes.
//  3. A [Consumer] runs its [Handler] in one transaction with an inbox row of the
//     event's id, and acknowledges after the commit. A second delivery finds the
//     inbox row and changes nothing.
//  4. What a handler refuses again and again ends in the dead_letters table
//     ([ListDeadLetters], [ReplayDeadLetter]).
//
// The relay compares the stream with the outbox (verify.go) and publishes again what
// the stream has lost; [Republish] requests that. [Bus.Problems] says what is wrong.
//
// The stream has the events of one aggregate in their order, unless they are published
// again: the relay has at most one unconfirmed event of an aggregate under way. A
// consumer receives them in that order too, except that a newer event overtakes one that
// is tried again, or that another process of the same consumer has. The older event is
// then skipped, unless the consumer wants all versions (see
// [ConsumerConfig.AllVersions]). So an event's body is the state after the change, not
// the difference.
//
// Besides that, [Bus.Broadcast] and [Bus.Watch] reach the processes that happen
// to run, at most once, for dropping caches.
package events
