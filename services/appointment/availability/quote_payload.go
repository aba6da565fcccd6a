package availability

import (
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// Encode returns the quote in bytes, without a signature. It fails when an id is not a UUID.
func (q Quote) Encode() ([]byte, error) {
	payload, err := q.payload()
	if err != nil {
		return nil, fmt.Errorf("encode a quote: %w", err)
	}
	body, err := proto.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("encode a quote: %w", err)
	}
	return body, nil
}

// DecodeQuote returns the quote that Encode has encoded.
func DecodeQuote(body []byte) (Quote, error) {
	payload := &appointmentv1.QuotePayload{}
	if err := proto.Unmarshal(body, payload); err != nil {
		return Quote{}, fmt.Errorf("decode a quote: %w", err)
	}
	return quoteFrom(payload), nil
}

// payload is the quote as it is encoded. An answer has up to a hundred quotes, so ids take 16 bytes each.
func (q Quote) payload() (*appointmentv1.QuotePayload, error) {
	var err error
	encode := func(id string) []byte {
		u, parseErr := uuid.Parse(id)
		if parseErr != nil && err == nil {
			err = fmt.Errorf("id %q: %w", id, parseErr)
		}
		return u[:]
	}
	p := &appointmentv1.QuotePayload{
		SalonId: encode(q.SalonID), StartTime: timestamppb.New(q.Start.Time()), IssueTime: timestamppb.New(q.Issued),
		Segments: make([]*appointmentv1.QuotePayload_Segment, len(q.Segments)),
	}
	if q.Session != "" {
		p.GroupSessionId = encode(q.Session)
	}
	for i, s := range q.Segments {
		segment := &appointmentv1.QuotePayload_Segment{
			ServiceId: encode(s.ServiceID), MasterId: encode(s.MasterID), PriceMinor: s.PriceMinor,
			Phases:              make([]*appointmentv1.QuotePayload_Phase, len(s.Phases)),
			BufferBeforeMinutes: int32(s.BufferBefore), BufferAfterMinutes: int32(s.BufferAfter),
		}
		for j, phase := range s.Phases {
			segment.Phases[j] = &appointmentv1.QuotePayload_Phase{Wait: phase.Wait, Minutes: int32(phase.Minutes)}
			for _, kind := range phase.Kinds {
				segment.Phases[j].KindIds = append(segment.Phases[j].KindIds, encode(kind))
			}
		}
		p.Segments[i] = segment
	}
	return p, err
}

// quoteFrom is the quote of a payload that this installation has signed.
func quoteFrom(p *appointmentv1.QuotePayload) Quote {
	q := Quote{
		SalonID: decodeID(p.GetSalonId()), Start: MinuteOf(p.GetStartTime().AsTime()), Issued: p.GetIssueTime().AsTime(),
		Session:  decodeID(p.GetGroupSessionId()),
		Segments: make([]QuoteSegment, len(p.GetSegments())),
	}
	for i, s := range p.GetSegments() {
		segment := QuoteSegment{decodeID(s.GetServiceId()), decodeID(s.GetMasterId()), Offering{
			PriceMinor: s.GetPriceMinor(), Phases: make([]Phase, len(s.GetPhases())),
			BufferBefore: Minute(s.GetBufferBeforeMinutes()), BufferAfter: Minute(s.GetBufferAfterMinutes()),
		}}
		for j, phase := range s.GetPhases() {
			segment.Phases[j] = Phase{Wait: phase.GetWait(), Minutes: Minute(phase.GetMinutes())}
			for _, kind := range phase.GetKindIds() {
				segment.Phases[j].Kinds = append(segment.Phases[j].Kinds, decodeID(kind))
			}
		}
		q.Segments[i] = segment
	}
	return q
}

// decodeID is the text of an id of 16 bytes; empty for anything else.
func decodeID(raw []byte) string {
	u, err := uuid.FromBytes(raw)
	if err != nil {
		return ""
	}
	return u.String()
}
