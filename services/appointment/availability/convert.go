package availability

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/protoconv"
	"github.com/beauty-salon/platform/services/appointment/civil"
)

// Duration returns a number of minutes as a duration.
func (m Minute) Duration() time.Duration { return time.Duration(m) * time.Minute }

// Minutes returns a duration in whole minutes.
func Minutes(d time.Duration) Minute { return Minute(d / time.Minute) }

func (m Minute) timestamp() *timestamppb.Timestamp { return protoconv.Timestamp(m.Time()) }

// PhasesToProto shows phases.
func PhasesToProto(phases []Phase) []*appointmentv1.Phase {
	list := make([]*appointmentv1.Phase, len(phases))
	for i, p := range phases {
		kind := appointmentv1.PhaseKind_PHASE_KIND_WORK
		if p.Wait {
			kind = appointmentv1.PhaseKind_PHASE_KIND_WAIT
		}
		list[i] = &appointmentv1.Phase{Kind: kind, DurationMinutes: int32(p.Minutes), ResourceKindIds: p.Kinds}
	}
	return list
}

// slot shows a plan, with a quote for it.
func (a *Availability) slot(r *Rules, p *Plan, now time.Time) (*appointmentv1.Slot, error) {
	date, wall := civil.Local(p.From.Time(), r.Zone)
	quote, err := a.quotes.encode(r.quoteOf(p, now))
	if err != nil {
		return nil, err
	}
	var total int32
	slot := &appointmentv1.Slot{
		StartTime: p.From.timestamp(), EndTime: p.To.timestamp(), LocalDate: date.String(), LocalTime: wall.String(),
		UtcOffsetMinutes: civil.OffsetMinutes(p.From.Time(), r.Zone), DurationMinutes: int32(p.To - p.From),
		Alternatives: int32(p.Alternatives), Quote: quote, QuoteExpireTime: protoconv.Timestamp(now.Add(QuoteTime)),
	}
	for _, s := range p.Segments {
		total += s.PriceMinor
		segment := &appointmentv1.SlotSegment{
			ServiceId: s.ServiceID, MasterId: s.MasterID, StartTime: s.From.timestamp(), EndTime: s.To.timestamp(),
			Price: protoconv.Money(r.Currency, s.PriceMinor), Phases: PhasesToProto(s.Phases),
		}
		if service := r.Services[s.ServiceID]; service != nil {
			segment.ServiceName = service.Name
		}
		if master := r.Masters[s.MasterID]; master != nil {
			segment.MasterName = master.Name
		}
		slot.Segments = append(slot.Segments, segment)
	}
	slot.TotalPrice = protoconv.Money(r.Currency, total)
	return slot, nil
}
