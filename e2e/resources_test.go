package e2e_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

const (
	listResourceKinds     = appointmentv1.ResourceService_ListResourceKinds_FullMethodName
	createResourceKind    = appointmentv1.ResourceService_CreateResourceKind_FullMethodName
	deleteResourceKind    = appointmentv1.ResourceService_DeleteResourceKind_FullMethodName
	listResources         = appointmentv1.ResourceService_ListResources_FullMethodName
	createResource        = appointmentv1.ResourceService_CreateResource_FullMethodName
	updateResource        = appointmentv1.ResourceService_UpdateResource_FullMethodName
	deleteResource        = appointmentv1.ResourceService_DeleteResource_FullMethodName
	listResourceClosures  = appointmentv1.ResourceService_ListResourceClosures_FullMethodName
	createResourceClosure = appointmentv1.ResourceService_CreateResourceClosure_FullMethodName
	deleteResourceClosure = appointmentv1.ResourceService_DeleteResourceClosure_FullMethodName
)

// TestResources follows kinds, resources and closures of a salon from their creation to their deletion.
func TestResources(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		manager, receptionist := s.NewManager(t, salon), s.NewReceptionist(t, salon)
		do := func(method string, req, want proto.Message) {
			t.Helper()
			salontest.Same(t, salontest.Do[proto.Message](t, c, manager, method, req), want)
		}
		kind := salontest.Do[*appointmentv1.ResourceKind](t, c, manager, createResourceKind,
			&appointmentv1.CreateResourceKindRequest{SalonId: salon, Name: "Chair"})
		salontest.Same(t, salontest.Do[*appointmentv1.ListResourceKindsResponse](t, c, nil, listResourceKinds,
			&appointmentv1.ListResourceKindsRequest{SalonId: salon}),
			&appointmentv1.ListResourceKindsResponse{ResourceKinds: []*appointmentv1.ResourceKind{kind}})
		chair := salontest.Do[*appointmentv1.Resource](t, c, manager, createResource,
			&appointmentv1.CreateResourceRequest{SalonId: salon, ResourceKindId: kind.GetId(), Name: "Chair 1"})
		if !chair.GetActive() || chair.GetEtag() != "1" {
			t.Errorf("created %v", chair)
		}
		list := func(want ...*appointmentv1.Resource) {
			t.Helper()
			salontest.Same(t, salontest.Do[*appointmentv1.ListResourcesResponse](t, c, receptionist, listResources,
				&appointmentv1.ListResourcesRequest{SalonId: salon, ResourceKindId: new(kind.GetId())}),
				&appointmentv1.ListResourcesResponse{Resources: want})
		}
		list(chair)

		would := proto.CloneOf(chair)
		would.Active = false
		do(updateResource, &appointmentv1.UpdateResourceRequest{ResourceId: chair.GetId(), Active: new(false), ValidateOnly: true},
			&appointmentv1.UpdateResourceResponse{Resource: would})
		list(chair)
		chair = salontest.Do[*appointmentv1.UpdateResourceResponse](t, c, manager, updateResource,
			&appointmentv1.UpdateResourceRequest{ResourceId: chair.GetId(), Active: new(false), Etag: "1"}).GetResource()
		if chair.GetActive() || chair.GetEtag() != "2" {
			t.Errorf("changed to %v", chair)
		}
		list(chair)

		start := s.NextStart()
		req := &appointmentv1.CreateResourceClosureRequest{
			ResourceId: chair.GetId(), StartTime: timestamp(start), EndTime: timestamp(start.Add(time.Hour)), Note: "Being repaired.",
			ValidateOnly: true, RequestId: uuid.NewString(),
		}
		validated := salontest.Do[*appointmentv1.CreateResourceClosureResponse](t, c, manager, createResourceClosure, req)
		salontest.Same(t, validated, &appointmentv1.CreateResourceClosureResponse{ResourceClosure: &appointmentv1.ResourceClosure{
			ResourceId: chair.GetId(), StartTime: req.GetStartTime(), EndTime: req.GetEndTime(), Note: "Being repaired.",
			CreateTime: validated.GetResourceClosure().GetCreateTime(),
		}})
		req.ValidateOnly = false
		closure := salontest.Do[*appointmentv1.CreateResourceClosureResponse](t, c, manager, createResourceClosure, req).GetResourceClosure()
		closures := func(want ...*appointmentv1.ResourceClosure) {
			t.Helper()
			salontest.Same(t, salontest.Do[*appointmentv1.ListResourceClosuresResponse](t, c, receptionist, listResourceClosures,
				&appointmentv1.ListResourceClosuresRequest{ResourceId: chair.GetId(), FromTime: timestamp(start)}),
				&appointmentv1.ListResourceClosuresResponse{ResourceClosures: want})
		}
		closures(closure)
		c.Call(t, manager, deleteResourceClosure, &appointmentv1.DeleteResourceClosureRequest{ResourceClosureId: closure.GetId()}).
			Want(t, codes.OK, "")
		closures()

		remove := &appointmentv1.DeleteResourceKindRequest{ResourceKindId: kind.GetId()}
		c.Call(t, manager, deleteResourceKind, remove).Want(t, codes.FailedPrecondition, "RESOURCE_KIND_IN_USE")
		do(deleteResource, &appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId(), ValidateOnly: true},
			&appointmentv1.UpdateResourceResponse{})
		do(deleteResource, &appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId(), Etag: "2"}, &appointmentv1.UpdateResourceResponse{})
		list()
		c.Call(t, manager, deleteResourceKind, remove).Want(t, codes.OK, "")
		c.Call(t, manager, createResource, &appointmentv1.CreateResourceRequest{SalonId: salon, ResourceKindId: kind.GetId(), Name: "Chair 1"}).
			Want(t, codes.InvalidArgument, "INVALID_FIELDS")
	})
}

// TestResourceConflicts: who takes a resource out of use learns which appointments have it. These stay.
func TestResourceConflicts(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	db := s.Database(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		salon := s.NewSalon(t).GetId()
		cast := s.NewCastOf(t, salon)
		chair := s.NewResource(t, s.NewResourceKind(t, salon))
		booked, cancelled := cast.Book(t, cast.CustomerA, cast.Master1), cast.Book(t, cast.CustomerB, cast.Master2)
		for _, a := range []*appointmentv1.Appointment{booked, cancelled} {
			_, err := db.Exec(t.Context(), `INSERT INTO appointments.claims
				(salon_id, id, subject_id, subject_kind, during, blocking, appointment_id, segment_id)
				SELECT salon_id, gen_random_uuid(), $2, 'RESOURCE', tstzrange(start_time, end_time), true, appointment_id, id
				FROM appointments.segments WHERE appointment_id = $1`, a.GetId(), chair.GetId())
			if err != nil {
				t.Fatal(err)
			}
		}
		cancel(t, c, cast.CustomerB, cancelled.GetId())
		start := booked.GetStartTime().AsTime()
		want := []*appointmentv1.Conflict{{
			AppointmentId: booked.GetId(), Etag: "1", StartTime: booked.GetStartTime(), EndTime: booked.GetEndTime(), MasterIds: []string{cast.Master1.ID},
		}}
		closed := salontest.Do[*appointmentv1.CreateResourceClosureResponse](t, c, s.Admin(), createResourceClosure,
			&appointmentv1.CreateResourceClosureRequest{
				ResourceId: chair.GetId(), StartTime: timestamp(start.Add(-time.Hour)), EndTime: timestamp(start.Add(time.Minute)),
			})
		salontest.Same(t, &appointmentv1.CreateResourceClosureResponse{Conflicts: closed.GetConflicts()},
			&appointmentv1.CreateResourceClosureResponse{Conflicts: want})
		salontest.Same(t, salontest.Do[*appointmentv1.UpdateResourceResponse](t, c, s.Admin(), deleteResource,
			&appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId()}), &appointmentv1.UpdateResourceResponse{Conflicts: want})
		salontest.Same(t, read(t, c, cast.CustomerA, booked.GetId()), booked)
	})
}

// TestDeletedResourceAnswers: over REST, a deletion that says what it means for appointments has a body.
func TestDeletedResourceAnswers(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	chair := s.NewResource(t, s.NewResourceKind(t, s.NewSalon(t).GetId()))
	path := "/v1/resources/" + chair.GetId()
	got := s.HTTP(t, salontest.NewRequest(http.MethodDelete, path+"?validateOnly=true", "").As(t, s.Admin()))
	if got.StatusCode != http.StatusOK || string(got.Bytes) != `{"conflicts":[],"moreConflicts":false,"groupSessions":[],"moreGroupSessions":false}` {
		t.Errorf("%s %s", got.Status, got.Bytes)
	}
	stale := s.HTTP(t, salontest.NewRequest(http.MethodDelete, path, "").As(t, s.Admin()).With("If-Match", `"7"`))
	if stale.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("with a stale If-Match: %s", stale.Status)
	}
	gone := s.HTTP(t, salontest.NewRequest(http.MethodDelete, path, "").As(t, s.Admin()).With("If-Match", `"1"`))
	if gone.StatusCode != http.StatusOK {
		t.Errorf("deleted: %s %s", gone.Status, gone.Bytes)
	}
}
