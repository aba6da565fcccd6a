package e2e_test

import (
	"net/http"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// phases are phases of services and offerings that cannot be.
func (w *world) phases() []refusal {
	kind := w.kind.GetId()
	several := []*appointmentv1.Phase{work(30), wait(20), work(10)}
	var cases []refusal
	add := func(name, field string, phases ...*appointmentv1.Phase) {
		refused := func(what, method string, r refusal) {
			r.name, r.as, r.method, r.reason = name+" of "+what, w.manager, method, "INVALID_FIELDS"
			cases = append(cases, r)
		}
		refused("a new service", createService, refusal{fields: []string{"phases" + field}, req: newService(func(r *appointmentv1.CreateServiceRequest) {
			r.DurationMinutes, r.Phases = nil, phases
		})})
		refused("a service", updateService, refusal{fields: []string{"phases" + field}, req: &appointmentv1.UpdateServiceRequest{
			ServiceId: w.Service.GetId(), Phases: phases,
		}})
		refused("an offering", putOffering, refusal{fields: []string{"phases_override" + field}, req: &appointmentv1.PutOfferingRequest{
			MasterId: w.Master1.ID, ServiceId: w.Service.GetId(), PhasesOverride: phases,
		}})
	}
	add("waiting first", "[0].kind", wait(10), work(10))
	add("waiting last", "[2].kind", several[0], several[0], several[1])
	add("waiting alone", "[0].kind", wait(30))
	add("unspecified kind", "[0].kind", &appointmentv1.Phase{DurationMinutes: 10})
	add("unknown kind", "[0].kind", &appointmentv1.Phase{Kind: 99, DurationMinutes: 10})
	add("no duration", "[1].duration_minutes", work(10), work(0))
	add("negative duration", "[0].duration_minutes", work(-5))
	add("duration of a phase that is too long", "[0].duration_minutes", work(721))
	add("durations that are too short together", "", work(1), work(3))
	add("durations that are too long together", "", work(700), work(21))
	add("unknown resources", "[1].resource_kind_ids[1]", work(10), work(10, kind, unknownID))
	add("resources of another salon", "[0].resource_kind_ids[0]", work(10, w.otherKind.GetId()))
	add("a resource's id as a kind's", "[0].resource_kind_ids[0]", work(10, w.resource.GetId()))
	add("resources cut short", "[0].resource_kind_ids[0]", work(10, kind[:35]))
	add("the same resources twice", "[0].resource_kind_ids", work(10, kind, kind))
	add("four kinds of resources", "[0].resource_kind_ids", work(10, kind, unknownID, w.otherKind.GetId(), w.resource.GetId()))
	tooMany := make([]*appointmentv1.Phase, 21)
	for i := range tooMany {
		tooMany[i] = work(10)
	}
	add("too many", "", tooMany...)

	single := func(name, method, field string, r refusal) {
		r.name, r.as, r.method, r.reason, r.fields = name, w.manager, method, "INVALID_FIELDS", []string{field}
		cases = append(cases, r)
	}
	single("neither phases nor a duration", createService, "duration_minutes", refusal{req: newService(func(r *appointmentv1.CreateServiceRequest) {
		r.DurationMinutes = nil
	})})
	single("duration that is not that of the phases", createService, "duration_minutes", refusal{req: newService(func(r *appointmentv1.CreateServiceRequest) {
		r.DurationMinutes, r.Phases = new(int32(59)), several
	})})
	single("duration and phases of an offering", putOffering, "duration_override_minutes", refusal{req: &appointmentv1.PutOfferingRequest{
		MasterId: w.Master1.ID, ServiceId: w.Service.GetId(), PhasesOverride: several, DurationOverrideMinutes: new(int32(60)),
	}})
	for field, set := range map[string]func(r *appointmentv1.CreateServiceRequest){
		"lead_time_override_minutes": func(r *appointmentv1.CreateServiceRequest) { r.LeadTimeOverrideMinutes = new(int32(-1)) },
		"horizon_override_days":      func(r *appointmentv1.CreateServiceRequest) { r.HorizonOverrideDays = new(int32(0)) },
		"slot_step_override_minutes": func(r *appointmentv1.CreateServiceRequest) { r.SlotStepOverrideMinutes = new(int32(4)) },
	} {
		single("bad "+field, createService, field, refusal{req: newService(set)})
	}
	for field, req := range map[string]*appointmentv1.PutOfferingRequest{
		"buffer_before_override_minutes": {BufferBeforeOverrideMinutes: new(int32(-1))},
		"buffer_after_override_minutes":  {BufferAfterOverrideMinutes: new(int32(241))},
	} {
		req.MasterId, req.ServiceId = w.Master1.ID, w.Service.GetId()
		single("bad "+field, putOffering, field, refusal{req: req})
	}
	for body, field := range map[string]string{
		`{"phases":[{"kind":"WORK","durationMinutes":10}]}`:               "phases[0].kind",
		`{"phases":[{"kind":"PHASE_KIND_WORK","durationMinutes":"ten"}]}`: "phases[0].duration_minutes",
		`{"phases":[null]}`: "phases[0]",
		`{"phases":[{"kind":"PHASE_KIND_WORK","durationMinutes":10,"resourceKindIds":[7]}]}`: "phases[0].resource_kind_ids[0]",
	} {
		cases = append(cases, refusal{
			name: body, over: onlyREST, as: w.manager, reason: "MALFORMED_REQUEST", fields: []string{field},
			http: salontest.NewRequest(http.MethodPatch, "/v1/services/"+w.Service.GetId(), body),
		})
	}
	return cases
}
