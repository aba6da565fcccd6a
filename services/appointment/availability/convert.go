package availability

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
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

// slot shows a plan of a query, with a quote for it. The plan of a move has none: its prices are those of the appointment.
func (a *Availability) slot(r *Rules, q Query, p *Plan) (*appointmentv1.Slot, error) {
	date, wall := civil.Local(p.From.Time(), r.Zone)
	total, ok := p.TotalMinor()
	if !ok {
		return nil, ErrTotal
	}
	slot := &appointmentv1.Slot{
		StartTime: p.From.timestamp(), EndTime: p.To.timestamp(), LocalDate: date.String(), LocalTime: wall.String(),
		UtcOffsetMinutes: civil.OffsetMinutes(p.From.Time(), r.Zone), DurationMinutes: int32(p.To - p.From),
		Alternatives: int32(p.Alternatives),
	}
	if p.Session != nil {
		slot.GroupSessionId, slot.PlacesLeft = p.Session.ID, new(int32(p.Session.Capacity-p.Session.Taken))
	}
	if q.Moving == "" && (p.Session != nil || !q.Group) { // a group session is opened without a quote
		var err error
		if slot.Quote, err = a.quotes.encode(r.Quote(p, q.Now)); err != nil {
			return nil, err
		}
		slot.QuoteExpireTime = protoconv.Timestamp(q.Now.Add(QuoteTime))
	}
	for _, s := range p.Segments {
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

// proto is the reason in the contract.
func (r Reason) proto() appointmentv1.BlockReason {
	return appointmentv1.BlockReason(appointmentv1.BlockReason_value["BLOCK_REASON_"+string(r)])
}

// reasonTexts say the reasons in words.
var reasonTexts = map[Reason]string{
	Closed:        "the salon is closed",
	OutsideHours:  "the master does not work then",
	TimeOff:       "the master is away",
	Booked:        "the master is taken",
	Buffer:        "the time before or after is taken",
	LeadTime:      "the start is too soon",
	Horizon:       "the start is too far ahead",
	NoResource:    "nothing that the service needs is free",
	NotPerformed:  "the master does not perform the service",
	Inactive:      "the service cannot be booked, or the master takes no bookings",
	CustomerLimit: "the salon permits no more appointments",
	CustomerBusy:  "the customer has another appointment",
	Step:          "bookings do not start at this minute",
	NotOnline:     "customers cannot book the service themselves",
	GroupOnly:     "the service is booked alone, as a place in a group session",
	NoSession:     "no group session of the service begins then",
	GroupFull:     "all places of the group session are taken",
}

// Text says the reason in words.
func (r Reason) Text() string { return reasonTexts[r] }

// proto shows a reason against a start. Only staff see which appointment or hold takes the time.
func (b Block) proto(staff bool) *appointmentv1.Block {
	m := &appointmentv1.Block{
		Reason: b.Reason.proto(), Text: b.Reason.Text(),
		RuleOwner: appointmentv1.RuleOwner(appointmentv1.RuleOwner_value["RULE_OWNER_"+string(b.Owner)]),
		Segment:   int32(b.Segment), MasterId: b.MasterID, ResourceKindId: b.KindID,
	}
	if staff {
		m.AppointmentId, m.HoldId = b.AppointmentID, b.HoldID
	}
	return m
}

// blocks shows what speaks against a start, each once: several appointments may take the time, which strangers do not learn.
func blocks(list []Block, staff bool) []*appointmentv1.Block {
	var shown []*appointmentv1.Block
	for _, b := range list {
		m := b.proto(staff)
		if !slices.ContainsFunc(shown, func(other *appointmentv1.Block) bool { return proto.Equal(other, m) }) {
			shown = append(shown, m)
		}
	}
	return shown
}
