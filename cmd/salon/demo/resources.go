package demo

import (
	"context"
	"fmt"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// kindData is a kind of chairs or rooms. Every service of the category in the salon takes one.
type kindData struct {
	salon          int
	category, name string
	resources      []string
}

var kinds = []kindData{
	{berlin, "Hair", "Chair", []string{"Chair by the window", "Chair by the mirror", "Chair by the door"}},
	{berlin, "Body", "Treatment room", []string{"Room 1", "Room 2"}},
	{brooklyn, "Hair", "Styling chair", []string{"Left chair", "Right chair"}},
}

// phaseData is a part of a service: the master works, or the customer waits.
type phaseData struct {
	kind    appointmentv1.PhaseKind
	minutes int32
}

const (
	work = appointmentv1.PhaseKind_PHASE_KIND_WORK
	wait = appointmentv1.PhaseKind_PHASE_KIND_WAIT
)

// phases are those of services during which the customer waits; all others are work from start to end.
var phases = map[string][]phaseData{
	"Full colour":           {{work, 40}, {wait, 35}, {work, 45}},
	"Single process colour": {{work, 30}, {wait, 25}, {work, 35}},
}

// phasesOf are a service's phases, none where it is work without a resource.
func (s *Seeder) phasesOf(d serviceData) []*appointmentv1.Phase {
	kindIDs := s.kindIDs[categoryOf{d.salon, d.category}]
	own := phases[d.name]
	if len(own) == 0 {
		if len(kindIDs) == 0 {
			return nil
		}
		own = []phaseData{{work, d.minutes}}
	}
	var list []*appointmentv1.Phase
	for _, p := range own {
		list = append(list, &appointmentv1.Phase{Kind: p.kind, DurationMinutes: p.minutes, ResourceKindIds: kindIDs})
	}
	return list
}

// categoryOf is a category of services in a salon.
type categoryOf struct {
	salon    int
	category string
}

// seedResources adds the chairs and rooms.
func (s *Seeder) seedResources(ctx context.Context) error {
	admin, err := s.as(ctx, AdminEmail)
	if err != nil {
		return err
	}
	s.kindIDs = map[categoryOf][]string{}
	for _, k := range kinds {
		kind, err := s.resources.CreateResourceKind(admin, &appointmentv1.CreateResourceKindRequest{
			SalonId: s.salonIDs[k.salon], Name: k.name,
		})
		if err != nil {
			return fmt.Errorf("kind %s: %w", k.name, err)
		}
		category := categoryOf{k.salon, k.category}
		s.kindIDs[category] = append(s.kindIDs[category], kind.GetId())
		for _, name := range k.resources {
			if _, err := s.resources.CreateResource(admin, &appointmentv1.CreateResourceRequest{
				SalonId: s.salonIDs[k.salon], ResourceKindId: kind.GetId(), Name: name,
			}); err != nil {
				return fmt.Errorf("resource %s: %w", name, err)
			}
		}
	}
	return nil
}
