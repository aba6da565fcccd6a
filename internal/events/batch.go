package events

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The headers of an atomic batch (ADR-50 of NATS, from server 2.12 on).
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// publishBatch stores all messages in their order or none of them, and returns the sequence of the last one. A server
// that always syncs its files syncs once for the batch instead of once for each message. After an error the messages
// may or may not have been stored. The server refuses a batch that contains a message it has stored before.
func (b *Bus) publishBatch(ctx context.Context, ms []*nats.Msg) (last uint64, err error) {
	ctx, cancel := b.answering(ctx)
	defer cancel()
	id := uuid.NewString()
	for i, m := range ms {
		m.Header.Set(headerBatchID, id)
		m.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
		if i == len(ms)-1 {
			break
		}
		if err := b.conn.PublishMsg(m); err != nil {
			return 0, fmt.Errorf("publish a batch: %w", err)
		}
	}
	commit := ms[len(ms)-1]
	commit.Header.Set(headerBatchCommit, "1")
	reply, err := b.conn.RequestMsgWithContext(ctx, commit)
	if err != nil {
		return 0, fmt.Errorf("publish a batch: %w", err)
	}
	var ack struct {
		Error    *jetstream.APIError `json:"error"`
		Sequence uint64              `json:"seq"`
		Batch    string              `json:"batch"`
		Count    int                 `json:"count"`
	}
	if err := json.Unmarshal(reply.Data, &ack); err != nil {
		return 0, fmt.Errorf("publish a batch: %w", err)
	}
	if ack.Error != nil {
		return 0, fmt.Errorf("publish a batch: %w", ack.Error)
	}
	if ack.Batch != id || ack.Count != len(ms) {
		return 0, fmt.Errorf("publish a batch: %d of %d messages confirmed", ack.Count, len(ms))
	}
	return ack.Sequence, nil
}
