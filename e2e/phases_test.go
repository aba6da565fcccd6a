package e2e_test

import (
	"net/http"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	createService = appointmentv1.CatalogService_CreateService_FullMethodName
	getService    = appointmentv1.CatalogService_GetService_FullMethodName
	updateService = appointmentv1.CatalogService_UpdateService_FullMethodName
	putOffering   = appointmentv1.CatalogService_PutOffering_FullMethodName
)

// work and wait are phases.
func work(minutes int32, kinds ...string) *appointmentv1.Phase {
	return &appointmentv1.Phase{Kind: appointmentv1.PhaseKind_PHASE_KIND_WORK, DurationMinutes: minutes, ResourceKindIds: kinds}
}

func wait(minutes int32, kinds ...string) *appointmentv1.Phase {
	return &appointmentv1.Phase{Kind: appointmentv1.PhaseKind_PHASE_KIND_WAIT, DurationMinutes: minutes, ResourceKindIds: kinds}
}

// TestPhases follows a service with phases, and the offering of a master who works otherwise.
func TestPhases(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		kind := s.NewResourceKind(t, salon)
		chair, manager, master := kind.GetId(), s.NewManager(t, salon), s.NewMasterOf(t, salon, "Master")
		service := salontest.Do[*appointmentv1.Service](t, c, manager, createService, newService(func(r *appointmentv1.CreateServiceRequest) {
			r.SalonId, r.DurationMinutes, r.OnlineBookable, r.LeadTimeOverrideMinutes = new(salon), nil, new(false), new(int32(120))
			r.Phases = []*appointmentv1.Phase{work(30, chair), wait(20, chair), work(25)}
		}))
		want := proto.CloneOf(service)
		want.DurationMinutes, want.OnlineBookable, want.LeadTimeOverrideMinutes = 75, false, new(int32(120))
		want.Phases = []*appointmentv1.Phase{work(30, chair), wait(20, chair), work(25)}
		salontest.Same(t, service, want)
		update := func(req *appointmentv1.UpdateServiceRequest, change func(*appointmentv1.Service)) {
			t.Helper()
			req.ServiceId = service.GetId()
			got := salontest.Do[*appointmentv1.Service](t, c, manager, updateService, req)
			change(want)
			want.Etag, want.UpdateTime = got.GetEtag(), got.GetUpdateTime()
			salontest.Same(t, got, want)
			salontest.Same(t, salontest.Do[*appointmentv1.Service](t, c, nil, getService, &appointmentv1.GetServiceRequest{ServiceId: service.GetId()}), want)
		}

		// A master who needs longer, and more time to clean up.
		own := []*appointmentv1.Phase{work(40, chair), wait(20, chair), work(30)}
		offering := salontest.Do[*appointmentv1.Offering](t, c, manager, putOffering, &appointmentv1.PutOfferingRequest{
			MasterId: master.ID, ServiceId: service.GetId(), PhasesOverride: own, BufferAfterOverrideMinutes: new(int32(15)),
		})
		if offering.GetDurationMinutes() != 90 || len(offering.GetPhases()) != 3 || offering.GetBufferAfterOverrideMinutes() != 15 ||
			offering.BufferBeforeOverrideMinutes != nil || offering.DurationOverrideMinutes != nil {
			t.Errorf("offered %v", offering)
		}
		salontest.Same(t, &appointmentv1.Offering{Phases: offering.GetPhases(), PhasesOverride: offering.GetPhasesOverride()},
			&appointmentv1.Offering{Phases: own, PhasesOverride: own})
		customer := s.NewCustomer(t, "Customer")
		booking := salontest.Booking(master, service, s.NextStart())
		c.Call(t, customer, createAppointment, booking).Want(t, codes.FailedPrecondition, "NOT_OFFERED") // customers do not book it online
		c.Call(t, manager, createAppointment, booking).Want(t, codes.AlreadyExists, "SLOT_UNAVAILABLE")  // there is no chair
		unit := s.NewResource(t, kind)
		booked := book(t, c, manager, booking)
		if took := booked.GetEndTime().AsTime().Sub(booked.GetStartTime().AsTime()).Minutes(); took != 90 {
			t.Errorf("booked for %v minutes", took)
		}
		c.Call(t, manager, deleteResource, &appointmentv1.DeleteResourceRequest{ResourceId: unit.GetId()}).Want(t, codes.OK, "")

		update(&appointmentv1.UpdateServiceRequest{Phases: []*appointmentv1.Phase{work(50, chair)}}, func(s *appointmentv1.Service) {
			s.Phases, s.DurationMinutes = []*appointmentv1.Phase{work(50, chair)}, 50
		})
		update(&appointmentv1.UpdateServiceRequest{DurationMinutes: new(int32(55))}, func(s *appointmentv1.Service) {
			s.Phases, s.DurationMinutes = []*appointmentv1.Phase{work(55, chair)}, 55
		})
		update(&appointmentv1.UpdateServiceRequest{
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"phases", "lead_time_override_minutes"}},
		}, func(s *appointmentv1.Service) {
			s.Phases, s.LeadTimeOverrideMinutes = []*appointmentv1.Phase{work(55)}, nil
		})

		// The offering has its own phases all the same, and with them it keeps the kind.
		remove := &appointmentv1.DeleteResourceKindRequest{ResourceKindId: chair}
		c.Call(t, manager, deleteResourceKind, remove).Want(t, codes.FailedPrecondition, "RESOURCE_KIND_IN_USE")
		offering = salontest.Do[*appointmentv1.Offering](t, c, manager, putOffering, &appointmentv1.PutOfferingRequest{
			MasterId: master.ID, ServiceId: service.GetId(), DurationOverrideMinutes: new(int32(65)),
		})
		salontest.Same(t, &appointmentv1.Offering{Phases: offering.GetPhases(), DurationMinutes: offering.GetDurationMinutes()},
			&appointmentv1.Offering{Phases: []*appointmentv1.Phase{work(65)}, DurationMinutes: 65})
		c.Call(t, manager, deleteResourceKind, remove).Want(t, codes.OK, "")
	})
}

// TestClearingOverrides: over REST, null takes a number away that can be taken away.
func TestClearingOverrides(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	path := "/v1/services/" + s.NewService(t).GetId()
	for _, step := range []struct {
		body     string
		lead     *int32
		horizon  int32
		phases   int
		duration int32
	}{
		{`{"leadTimeOverrideMinutes":0,"horizonOverrideDays":30,"slotStepOverrideMinutes":5}`, new(int32(0)), 30, 1, 60},
		{`{"leadTimeOverrideMinutes":null}`, nil, 30, 1, 60},
		{`{"horizonOverrideDays":20,"updateMask":"leadTimeOverrideMinutes"}`, nil, 30, 1, 60},
		{`{"phases":[{"kind":"PHASE_KIND_WORK","durationMinutes":20},{"kind":"PHASE_KIND_WORK","durationMinutes":25}]}`, nil, 30, 2, 45},
		{`{"phases":null}`, nil, 30, 1, 45},
		{`{"horizonOverrideDays":null,"phases":[]}`, nil, 0, 1, 45},
	} {
		got := s.HTTP(t, salontest.NewRequest(http.MethodPatch, path, step.body).As(t, s.Admin())).Result(t, &appointmentv1.Service{})
		got.Want(t, codes.OK, "")
		m := got.Message.(*appointmentv1.Service)
		if (m.LeadTimeOverrideMinutes == nil) != (step.lead == nil) || m.GetHorizonOverrideDays() != step.horizon ||
			m.GetSlotStepOverrideMinutes() != 5 || len(m.GetPhases()) != step.phases || m.GetDurationMinutes() != step.duration {
			t.Errorf("after %s: %v", step.body, m)
		}
	}
}
