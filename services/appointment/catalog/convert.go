package catalog

import (
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/etag"
	"github.com/beauty-salon/platform/internal/protoconv"
)

func serviceToProto(s Service) *appointmentv1.Service {
	return &appointmentv1.Service{
		Id:                      s.ID,
		SalonId:                 s.SalonID,
		Name:                    s.Name,
		Description:             s.Description,
		Category:                s.Category,
		Price:                   protoconv.Money(s.Currency, s.PriceMinor),
		DurationMinutes:         s.DurationMinutes,
		Phases:                  phasesToProto(s.AllPhases()),
		BufferBeforeMinutes:     s.BufferBeforeMinutes,
		BufferAfterMinutes:      s.BufferAfterMinutes,
		Active:                  s.Active,
		OnlineBookable:          s.OnlineBookable,
		LeadTimeOverrideMinutes: s.LeadTimeOverrideMinutes,
		HorizonOverrideDays:     s.HorizonOverrideDays,
		SlotStepOverrideMinutes: s.SlotStepOverrideMinutes,
		Capacity:                s.Capacity,
		CreateTime:              protoconv.Timestamp(s.CreateTime),
		UpdateTime:              protoconv.Timestamp(s.UpdateTime),
		Etag:                    etag.Format(s.Version),
	}
}

func offeringToProto(o Offering) *appointmentv1.Offering {
	var override *apiv1.Money
	if o.PriceOverrideMinor != nil {
		override = protoconv.Money(o.Service.Currency, *o.PriceOverrideMinor)
	}
	return &appointmentv1.Offering{
		SalonId:                     o.SalonID,
		MasterId:                    o.MasterID,
		ServiceId:                   o.Service.ID,
		PriceOverride:               override,
		DurationOverrideMinutes:     o.DurationOverrideMinutes,
		PhasesOverride:              phasesToProto(o.PhasesOverride),
		BufferBeforeOverrideMinutes: o.BufferBeforeOverrideMinutes,
		BufferAfterOverrideMinutes:  o.BufferAfterOverrideMinutes,
		Price:                       protoconv.Money(o.Service.Currency, o.PriceMinor()),
		DurationMinutes:             o.Minutes(),
		Phases:                      phasesToProto(o.Phases()),
		ServiceName:                 o.Service.Name,
		Bookable:                    o.Service.Active,
		CreateTime:                  protoconv.Timestamp(o.CreateTime),
		UpdateTime:                  protoconv.Timestamp(o.UpdateTime),
		Etag:                        etag.Format(o.Version),
	}
}

func phasesToProto(phases []Phase) []*appointmentv1.Phase {
	list := make([]*appointmentv1.Phase, len(phases))
	for i, p := range phases {
		kind := appointmentv1.PhaseKind_PHASE_KIND_WORK
		if p.Wait {
			kind = appointmentv1.PhaseKind_PHASE_KIND_WAIT
		}
		list[i] = &appointmentv1.Phase{Kind: kind, DurationMinutes: p.Minutes, ResourceKindIds: p.Kinds}
	}
	return list
}

// phasesFromProto returns nil for no phases.
func phasesFromProto(list []*appointmentv1.Phase) []Phase {
	if len(list) == 0 {
		return nil
	}
	phases := make([]Phase, len(list))
	for i, p := range list {
		phases[i] = Phase{Wait: p.GetKind() == appointmentv1.PhaseKind_PHASE_KIND_WAIT, Minutes: p.GetDurationMinutes()}
		if len(p.GetResourceKindIds()) > 0 {
			phases[i].Kinds = p.GetResourceKindIds()
		}
	}
	return phases
}
