package e2e_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
)

// customers are customers that cannot be, or not of this salon.
func (w *world) customers() []refusal {
	create := func(name, field string, change func(*appointmentv1.CreateCustomerRequest)) refusal {
		req := &appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller"}
		change(req)
		return refusal{
			name: name, as: w.receptionist, method: appointmentv1.CustomerService_CreateCustomer_FullMethodName, req: req,
			reason: "INVALID_FIELDS", fields: []string{field},
		}
	}
	update := func(name, reason string, req *appointmentv1.UpdateCustomerRequest, fields ...string) refusal {
		if req.GetCustomerId() == "" {
			req.CustomerId = w.unregistered.GetId()
		}
		return refusal{
			name: name, as: w.receptionist, method: appointmentv1.CustomerService_UpdateCustomer_FullMethodName, req: req,
			reason: reason, fields: fields,
		}
	}
	mask := func(path string) refusal {
		return update("mask with "+path+" of a customer", "INVALID_FIELDS", &appointmentv1.UpdateCustomerRequest{
			Notes: new("Changed"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"notes", path}},
		}, "update_mask")
	}
	book := func(name string, as salontest.Identity, customerID, reason string) refusal {
		return refusal{
			name: "book for " + name, as: as, method: appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			req:    forCustomer(salontest.Booking(w.Master1, w.Service, w.system.NextStart()), customerID),
			reason: reason, fields: []string{"customer_id"},
		}
	}
	return []refusal{
		create("no name of a customer", "display_name", func(r *appointmentv1.CreateCustomerRequest) { r.DisplayName = "" }),
		create("name of a customer of spaces", "display_name", func(r *appointmentv1.CreateCustomerRequest) { r.DisplayName = "  " }),
		create("phone of a customer", "phone", func(r *appointmentv1.CreateCustomerRequest) { r.Phone = "0301234" }),
		create("e-mail of a customer", "email", func(r *appointmentv1.CreateCustomerRequest) { r.Email = "ida" }),
		create("NUL in notes", "notes", func(r *appointmentv1.CreateCustomerRequest) { r.Notes = "a\x00b" }),
		create("salon's id of a customer cut short", "salon_id", func(r *appointmentv1.CreateCustomerRequest) {
			r.SalonId = new(salontest.DefaultSalon[:35])
		}),
		update("no name without an account", "INVALID_FIELDS", &appointmentv1.UpdateCustomerRequest{DisplayName: new("")}, "display_name"),
		update("to an address that is none", "INVALID_FIELDS", &appointmentv1.UpdateCustomerRequest{Email: new("ida")}, "email"),
		update("stale etag of a customer", "ETAG_MISMATCH", &appointmentv1.UpdateCustomerRequest{Notes: new("Changed"), Etag: "99"}),
		update("a customer of another salon", "NOT_FOUND",
			&appointmentv1.UpdateCustomerRequest{CustomerId: w.otherCustomer.GetId(), Notes: new("Changed")}),
		update("an account as customer", "NOT_FOUND",
			&appointmentv1.UpdateCustomerRequest{CustomerId: w.CustomerA.ID, Notes: new("Changed")}),
		update("customer's id cut short", "INVALID_FIELDS",
			&appointmentv1.UpdateCustomerRequest{CustomerId: w.unregistered.GetId()[:35], Notes: new("Changed")}, "customer_id"),
		mask("account_id"), mask("salon_id"), mask("customer_id"),
		book("a customer of another salon", w.receptionist, w.otherCustomer.GetId(), "CUSTOMER_UNAVAILABLE"),
		book("a customer of another salon, as administrator", w.Admin, w.otherCustomer.GetId(), "CUSTOMER_UNAVAILABLE"),
		book("an account", w.receptionist, w.CustomerA.ID, "CUSTOMER_UNAVAILABLE"),
		book("a customer, as staff of another salon", w.other.Master1, w.unregistered.GetId(), "PERMISSION_DENIED"),
		book("a customer, as another master", w.Master2, w.unregistered.GetId(), "PERMISSION_DENIED"),
		book("an id cut short", w.receptionist, w.unregistered.GetId()[:35], "INVALID_FIELDS"),
	}
}

// chains are chains of segments that cannot be booked, and what cannot be done with one.
func (w *world) chains(t *testing.T) []refusal {
	segment := salontest.Segment(w.Master1, w.Service)
	book := func(name, reason, field string, start time.Time, segments ...*appointmentv1.SegmentInput) refusal {
		return refusal{
			name: name, as: w.CustomerA, method: appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			req: salontest.Chain(start, segments...), reason: reason, fields: []string{field},
		}
	}
	second := func(name, reason, field, serviceID, masterID string) refusal {
		return book(name, reason, "segments[1]."+field, w.system.NextStart(), segment,
			&appointmentv1.SegmentInput{ServiceId: serviceID, MasterId: new(masterID)})
	}
	rate := func(name, reason, appointmentID, masterID string, fields ...string) refusal {
		return refusal{
			name: "rate " + name, as: w.CustomerA, method: ratingv1.RatingService_CreateRating_FullMethodName,
			req:    newRating(appointmentID, masterID),
			reason: reason, fields: fields,
		}
	}
	seconds := w.system.NextStart().Add(time.Second)
	nanos := timestamppb.New(w.system.NextStart())
	nanos.Nanos = 1
	fraction := book("a fraction of a second", "INVALID_FIELDS", "start_time", time.Time{}, segment)
	fraction.req = &appointmentv1.CreateAppointmentRequest{StartTime: nanos, Segments: []*appointmentv1.SegmentInput{segment}}
	taken := book("the last segment on a taken time", "SLOT_UNAVAILABLE", "start_time", w.pending.GetStartTime().AsTime().Add(-time.Hour),
		salontest.Segment(w.Master2, w.Service), segment)
	taken.as = w.CustomerB
	c := w.system.REST()
	both := salontest.Do[*appointmentv1.Appointment](t, c, w.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
		salontest.Chain(w.system.NextStart(), segment, salontest.Segment(w.Master2, w.Service)))
	w.Complete(t, w.Master1, both)
	early := w.CompleteEarly(t, w.Master1, w.Book(t, w.CustomerA, w.Master1))
	confirmed := w.Confirm(t, w.Master1, w.Book(t, w.CustomerA, w.Master1))
	service, master, other := w.Service.GetId(), w.Master1.ID, w.other
	return []refusal{
		book("no segments", "INVALID_FIELDS", "segments", w.system.NextStart()),
		book("nine segments", "INVALID_FIELDS", "segments", w.system.NextStart(), slices.Repeat([]*appointmentv1.SegmentInput{segment}, 9)...),
		book("an empty segment", "INVALID_FIELDS", "segments[1].service_id", w.system.NextStart(), segment, &appointmentv1.SegmentInput{}),
		book("seconds", "INVALID_FIELDS", "start_time", seconds, segment), fraction,
		taken,
		book("while another appointment", "CUSTOMER_BUSY", "start_time", w.pending.GetStartTime().AsTime(),
			salontest.Segment(w.Master2, w.Service)),
		second("no service in a chain", "INVALID_FIELDS", "service_id", "", master),
		second("service's id in a chain cut short", "INVALID_FIELDS", "service_id", service[:35], master),
		second("no master in a chain", "INVALID_FIELDS", "master_id", service, ""),
		second("master's id in a chain cut short", "INVALID_FIELDS", "master_id", service, master[:35]),
		second("unknown master in a chain", "MASTER_UNAVAILABLE", "master_id", service, unknownID),
		second("a customer as master in a chain", "MASTER_UNAVAILABLE", "master_id", service, w.CustomerB.ID),
		second("unknown service in a chain", "NOT_OFFERED", "service_id", unknownID, master),
		second("another salon's service in a chain", "INVALID_FIELDS", "service_id", other.Service.GetId(), master),
		second("another salon's master in a chain", "NOT_OFFERED", "service_id", service, other.Master1.ID),
		second("segments of two salons", "INVALID_FIELDS", "service_id", other.Service.GetId(), other.Master1.ID),
		{
			name: "moved to seconds", as: w.CustomerA, method: appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
			req: &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: w.pending.GetId(), StartTime: timestamppb.New(seconds),
			},
			reason: "INVALID_FIELDS", fields: []string{"start_time"},
		},
		{
			name: "completed before the start", as: w.Master1, method: appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
			req: &appointmentv1.CompleteAppointmentRequest{AppointmentId: confirmed.GetId()}, reason: "NOT_STARTED",
		},
		rate("without a master of two", "INVALID_FIELDS", both.GetId(), "", "master_id"),
		rate("a master of another appointment", "INVALID_FIELDS", both.GetId(), other.Master1.ID, "master_id"),
		rate("a master's id cut short", "INVALID_FIELDS", both.GetId(), master[:35], "master_id"),
		rate("before the end", "NOT_COMPLETED", early.GetId(), ""),
		w.startOfSegment(),
	}
}

// startOfSegment gives a segment a start of its own.
func (w *world) startOfSegment() refusal {
	body := `{"startTime":"2027-03-01T12:00:00Z","segments":[{"serviceId":"` + w.Service.GetId() + `","masterId":"` + w.Master1.ID +
		`","startTime":"2027-03-01T12:00:00Z"}]}`
	return refusal{
		name: "a start of a segment", over: onlyREST, as: w.CustomerA,
		http:   salontest.NewRequest("POST", "/v1/appointments", body),
		reason: "MALFORMED_REQUEST", fields: []string{"segments[0].start_time"},
	}
}
