package e2e_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// resources are kinds, resources and closures that cannot be.
func (w *world) resources(t *testing.T) []refusal {
	call := func(name, method, reason, field string, req proto.Message) refusal {
		r := refusal{name: name, as: w.manager, method: method, req: req, reason: reason}
		if field != "" {
			r.fields = []string{field}
		}
		return r
	}
	kind := func(name, text, reason string) refusal {
		return call(name+" of a kind", createResourceKind, reason, "name",
			&appointmentv1.CreateResourceKindRequest{SalonId: salontest.DefaultSalon, Name: text})
	}
	create := func(name, reason, field string, change func(*appointmentv1.CreateResourceRequest)) refusal {
		req := &appointmentv1.CreateResourceRequest{
			SalonId: salontest.DefaultSalon, ResourceKindId: w.kind.GetId(), Name: "Resource " + salontest.Unique(),
		}
		change(req)
		return call(name, createResource, reason, field, req)
	}
	update := func(name, reason, field string, req *appointmentv1.UpdateResourceRequest) refusal {
		if req.GetResourceId() == "" {
			req.ResourceId = w.resource.GetId()
		}
		return call(name, updateResource, reason, field, req)
	}
	start := w.system.NextStart()
	closed := func(name, field string, change func(*appointmentv1.CreateResourceClosureRequest)) refusal {
		req := &appointmentv1.CreateResourceClosureRequest{
			ResourceId: w.resource.GetId(), StartTime: timestamp(start), EndTime: timestamp(start.Add(time.Hour)),
		}
		change(req)
		return call(name, createResourceClosure, "INVALID_FIELDS", field, req)
	}
	body := func(verb, path, body, reason, field string) refusal {
		return refusal{
			name: verb + " " + body, over: onlyREST, as: w.manager, http: salontest.NewRequest(verb, path, body),
			reason: reason, fields: []string{field},
		}
	}
	missing := func(name, method string, req proto.Message) refusal {
		return call("unknown "+name, method, "NOT_FOUND", "", req)
	}
	theirs := w.system.NewResource(t, w.otherKind)
	closures := "/v1/resources/" + w.resource.GetId() + "/closures"
	at := func(sign time.Duration) *timestamppb.Timestamp { return timestamp(start.Add(sign)) }
	return []refusal{
		kind("no name", "", "INVALID_FIELDS"), kind("blank name", " \u200e ", "INVALID_FIELDS"), kind("NUL in a name", "a\x00b", "INVALID_FIELDS"),
		kind("line break in a name", "a\nb", "INVALID_FIELDS"), kind("long name", strings.Repeat("a", 51), "INVALID_FIELDS"),
		kind("name in use", strings.ToUpper(w.kind.GetName()), "NAME_TAKEN"),
		missing("salon of kinds", listResourceKinds, &appointmentv1.ListResourceKindsRequest{SalonId: unknownID}),
		missing("salon of a new kind", createResourceKind, &appointmentv1.CreateResourceKindRequest{SalonId: unknownID, Name: "X"}),
		missing("kind to delete", deleteResourceKind, &appointmentv1.DeleteResourceKindRequest{ResourceKindId: unknownID}),
		call("delete a kind in use", deleteResourceKind, "RESOURCE_KIND_IN_USE", "", &appointmentv1.DeleteResourceKindRequest{ResourceKindId: w.kind.GetId()}),

		create("no name of a resource", "INVALID_FIELDS", "name", func(r *appointmentv1.CreateResourceRequest) { r.Name = "" }),
		create("long name of a resource", "INVALID_FIELDS", "name", func(r *appointmentv1.CreateResourceRequest) { r.Name = strings.Repeat("a", 51) }),
		create("name of a resource in use", "NAME_TAKEN", "name", func(r *appointmentv1.CreateResourceRequest) {
			r.Name = strings.ToUpper(w.resource.GetName())
		}),
		create("unknown kind", "INVALID_FIELDS", "resource_kind_id", func(r *appointmentv1.CreateResourceRequest) { r.ResourceKindId = unknownID }),
		create("kind of another salon", "INVALID_FIELDS", "resource_kind_id", func(r *appointmentv1.CreateResourceRequest) {
			r.ResourceKindId = w.otherKind.GetId()
		}),
		create("kind cut short", "INVALID_FIELDS", "resource_kind_id", func(r *appointmentv1.CreateResourceRequest) {
			r.ResourceKindId = w.kind.GetId()[:35]
		}),
		missing("salon of resources", listResources, &appointmentv1.ListResourcesRequest{SalonId: unknownID}),
		call("empty kind of a list", listResources, "INVALID_FIELDS", "resource_kind_id",
			&appointmentv1.ListResourcesRequest{SalonId: salontest.DefaultSalon, ResourceKindId: new("")}),
		call("resources of another salon", listResources, "NOT_FOUND", "", &appointmentv1.ListResourcesRequest{SalonId: w.otherKind.GetSalonId()}),

		update("empty name of a resource", "INVALID_FIELDS", "name", &appointmentv1.UpdateResourceRequest{Name: new("")}),
		update("mask with active alone", "INVALID_FIELDS", "active",
			&appointmentv1.UpdateResourceRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"active"}}}),
		update("mask with the kind of a resource", "INVALID_FIELDS", "update_mask",
			&appointmentv1.UpdateResourceRequest{UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"resource_kind_id"}}}),
		update("resource with a stale etag", "ETAG_MISMATCH", "", &appointmentv1.UpdateResourceRequest{Active: new(false), Etag: "99"}),
		update("unknown resource", "NOT_FOUND", "", &appointmentv1.UpdateResourceRequest{ResourceId: unknownID, Active: new(false)}),
		update("resource of another salon", "NOT_FOUND", "", &appointmentv1.UpdateResourceRequest{ResourceId: theirs.GetId(), Active: new(false)}),
		call("delete a resource with a stale etag", deleteResource, "ETAG_MISMATCH", "",
			&appointmentv1.DeleteResourceRequest{ResourceId: w.resource.GetId(), Etag: "99"}),
		missing("resource to delete", deleteResource, &appointmentv1.DeleteResourceRequest{ResourceId: unknownID}),

		closed("closure without a start", "start_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.StartTime = nil }),
		closed("closure without an end", "end_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.EndTime = nil }),
		closed("closure that ends when it starts", "end_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.EndTime = at(0) }),
		closed("closure that ends before", "end_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.EndTime = at(-time.Minute) }),
		closed("closure that starts with seconds", "start_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.StartTime = at(time.Second) }),
		closed("closure that ends with nanoseconds", "end_time", func(r *appointmentv1.CreateResourceClosureRequest) { r.EndTime = at(time.Hour + 1) }),
		closed("closure of more than a year", "end_time", func(r *appointmentv1.CreateResourceClosureRequest) {
			r.EndTime = timestamp(start.AddDate(1, 0, 0).Add(time.Minute))
		}),
		closed("NUL in a note", "note", func(r *appointmentv1.CreateResourceClosureRequest) { r.Note = "a\x00b" }),
		closed("long note", "note", func(r *appointmentv1.CreateResourceClosureRequest) { r.Note = strings.Repeat("a", 501) }),
		missing("resource to close", createResourceClosure, &appointmentv1.CreateResourceClosureRequest{
			ResourceId: unknownID, StartTime: at(0), EndTime: at(time.Hour),
		}),
		missing("closure to delete", deleteResourceClosure, &appointmentv1.DeleteResourceClosureRequest{ResourceClosureId: unknownID}),
		missing("resource of closures", listResourceClosures, &appointmentv1.ListResourceClosuresRequest{ResourceId: unknownID}),

		body(http.MethodPost, closures, `{"startTime":"2027-02-30T10:00:00Z","endTime":"2027-03-01T10:00:00Z"}`, "MALFORMED_REQUEST", "start_time"),
		body(http.MethodPost, closures, `{"startTime":"2027-03-01T10:00:00Z","endTime":"soon"}`, "MALFORMED_REQUEST", "end_time"),
		body(http.MethodPatch, "/v1/resources/"+w.resource.GetId(), `{"active":null}`, "INVALID_FIELDS", "active"),
		body(http.MethodPatch, "/v1/resources/"+w.resource.GetId(), `{"active":"no"}`, "MALFORMED_REQUEST", "active"),
	}
}
