package e2e_test

import (
	"net/http"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// desk is what the front desk cannot do.
func (w *world) desk() []refusal {
	var cases []refusal
	add := func(name, method, reason, field string, req refusal) {
		r := refusal{name: name, as: w.receptionist, method: method, req: req.req, reason: reason}
		if req.as != nil {
			r.as = req.as
		}
		if field != "" {
			r.fields = []string{field}
		}
		cases = append(cases, r)
	}
	const invalid, denied = "INVALID_FIELDS", "PERMISSION_DENIED"
	long := strings.Repeat("x", 501)
	start := w.pending.GetStartTime().AsTime()

	overbook := func(reason string, change func(*appointmentv1.CreateAppointmentRequest)) refusal {
		req := salontest.Booking(w.Master1, w.Service, start)
		req.CustomerId, req.Overbook = new(w.unregistered.GetId()), &appointmentv1.Overbooking{Reason: reason}
		if change != nil {
			change(req)
		}
		return refusal{req: req}
	}
	customer := overbook("I want to.", func(r *appointmentv1.CreateAppointmentRequest) { r.CustomerId = nil })
	customer.as = w.CustomerB
	add("overbooking by a customer", createAppointment, denied, "overbook", customer)
	add("overbooking without a reason", createAppointment, invalid, "overbook.reason", overbook("", nil))
	add("overbooking for blanks", createAppointment, invalid, "overbook.reason", overbook("  ", nil))
	add("overbooking for a long reason", createAppointment, invalid, "overbook.reason", overbook(long, nil))
	add("overbooking of anybody", createAppointment, invalid, "segments[0].master_id",
		overbook("Quick.", func(r *appointmentv1.CreateAppointmentRequest) { r.Segments[0].MasterId = nil }))
	add("a move by a customer that overbooks", rescheduleAppointment, denied, "overbook", refusal{as: w.CustomerA,
		req: &appointmentv1.RescheduleAppointmentRequest{
			AppointmentId: w.pending.GetId(), StartTime: timestamp(start.Add(time.Hour)), Overbook: &appointmentv1.Overbooking{Reason: "x"},
		}})

	walk := func(change func(*appointmentv1.WalkInRequest)) refusal {
		req := &appointmentv1.WalkInRequest{Segments: []*appointmentv1.SegmentInput{salontest.Segment(w.Master1, w.Service)}}
		change(req)
		return refusal{req: req}
	}
	add("walk-in for nothing", walkIn, invalid, "segments", walk(func(r *appointmentv1.WalkInRequest) { r.Segments = nil }))
	add("walk-in for too much", walkIn, invalid, "segments", walk(func(r *appointmentv1.WalkInRequest) {
		for range 8 {
			r.Segments = append(r.Segments, r.GetSegments()[0])
		}
	}))
	add("walk-in in another salon", walkIn, invalid, "salon_id",
		walk(func(r *appointmentv1.WalkInRequest) { r.SalonId = new(w.otherCustomer.GetSalonId()) }))
	add("walk-in in no salon", walkIn, invalid, "salon_id", walk(func(r *appointmentv1.WalkInRequest) { r.SalonId = new("here") }))
	add("walk-in of a customer and a guest", walkIn, invalid, "guest", walk(func(r *appointmentv1.WalkInRequest) {
		r.CustomerId, r.Guest = new(w.unregistered.GetId()), &appointmentv1.WalkInGuest{DisplayName: "Ida"}
	}))
	add("walk-in without a number", walkIn, invalid, "guest.phone",
		walk(func(r *appointmentv1.WalkInRequest) { r.Guest = &appointmentv1.WalkInGuest{Phone: "030"} }))
	add("walk-in with a long name", walkIn, invalid, "guest.display_name",
		walk(func(r *appointmentv1.WalkInRequest) { r.Guest = &appointmentv1.WalkInGuest{DisplayName: long} }))
	add("walk-in with a long note", walkIn, invalid, "note", walk(func(r *appointmentv1.WalkInRequest) { r.Note = long }))
	add("walk-in with a request id that is none", walkIn, invalid, "request_id", walk(func(r *appointmentv1.WalkInRequest) { r.RequestId = "x" }))
	add("walk-in of another salon's customer", walkIn, "CUSTOMER_UNAVAILABLE", "customer_id",
		walk(func(r *appointmentv1.WalkInRequest) { r.CustomerId = new(w.otherCustomer.GetId()) }))
	add("walk-in for an unknown service", walkIn, "NOT_OFFERED", "segments[0].service_id",
		walk(func(r *appointmentv1.WalkInRequest) { r.Segments[0].ServiceId = unknownID }))
	add("walk-in to an unknown master", walkIn, "MASTER_UNAVAILABLE", "segments[0].master_id",
		walk(func(r *appointmentv1.WalkInRequest) { r.Segments[0].MasterId = new(unknownID) }))

	end := func(id string, end *timestamppb.Timestamp) refusal {
		return refusal{req: &appointmentv1.AdjustAppointmentRequest{AppointmentId: id, EndTime: end}}
	}
	pending := w.pending.GetId()
	add("no end", adjustAppointment, invalid, "end_time", end(pending, nil))
	add("an end at the start", adjustAppointment, invalid, "end_time", end(pending, timestamp(start)))
	add("an end with seconds", adjustAppointment, invalid, "end_time", end(pending, timestamp(start.Add(1801*time.Second))))
	add("an end after 12 hours", adjustAppointment, invalid, "end_time", end(pending, timestamp(start.Add(721*time.Minute))))
	add("an end of nothing", adjustAppointment, "NOT_FOUND", "", end(unknownID, timestamp(start)))
	add("an end of what is over", adjustAppointment, "ILLEGAL_STATE", "", end(w.completed.GetId(), timestamp(start)))
	stale := end(pending, timestamp(start.Add(time.Hour/2)))
	stale.req.(*appointmentv1.AdjustAppointmentRequest).Etag = "99"
	add("an end with a stale etag", adjustAppointment, "ETAG_MISMATCH", "", stale)
	overridden := end(pending, timestamp(start.Add(time.Hour/2)))
	overridden.req.(*appointmentv1.AdjustAppointmentRequest).Override = &appointmentv1.RuleOverride{}
	add("an end with an override for nothing", adjustAppointment, invalid, "override.reason", overridden)

	add("a fee that its customer waives", cancelAppointment, denied, "waive_fee", refusal{as: w.CustomerA,
		req: &appointmentv1.CancelAppointmentRequest{AppointmentId: pending, WaiveFee: true}})
	for _, percent := range []int32{-1, 101} {
		add("a fee that cannot be", updatePolicy, invalid, "late_cancellation_fee_percent", refusal{as: w.manager,
			req: &appointmentv1.UpdateBookingPolicyRequest{SalonId: salontest.DefaultSalon, LateCancellationFeePercent: &percent}})
		add("another fee that cannot be", updatePolicy, invalid, "no_show_fee_percent", refusal{as: w.manager,
			req: &appointmentv1.UpdateBookingPolicyRequest{SalonId: salontest.DefaultSalon, NoShowFeePercent: &percent}})
	}
	for _, body := range []string{`{"endTime":"noon"}`, `{"endTime":5}`} {
		cases = append(cases, refusal{
			name: "an end in words " + body, over: onlyREST, as: w.receptionist, reason: "MALFORMED_REQUEST", fields: []string{"end_time"},
			http: salontest.NewRequest(http.MethodPost, "/v1/appointments/"+pending+":adjust", body),
		})
	}
	return cases
}
