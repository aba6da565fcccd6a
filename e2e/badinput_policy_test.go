package e2e_test

import (
	"fmt"
	"net/http"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// policies are booking policies that cannot be.
func (w *world) policies() []refusal {
	update := func(name, reason, field string, req *appointmentv1.UpdateBookingPolicyRequest) refusal {
		if req.GetSalonId() == "" {
			req.SalonId = salontest.DefaultSalon
		}
		r := refusal{name: name, as: w.manager, method: updatePolicy, req: req, reason: reason}
		if field != "" {
			r.fields = []string{field}
		}
		return r
	}
	body := func(body, reason, field string) refusal {
		return refusal{
			name: body, over: onlyREST, as: w.manager, reason: reason, fields: []string{field},
			http: salontest.NewRequest(http.MethodPatch, "/v1/salons/"+salontest.DefaultSalon+"/bookingPolicy", body),
		}
	}
	unspecified, unknown := appointmentv1.Confirmation_CONFIRMATION_UNSPECIFIED, appointmentv1.Confirmation(99)
	cases := []refusal{
		update("confirmation that is none", "INVALID_FIELDS", "confirmation", &appointmentv1.UpdateBookingPolicyRequest{Confirmation: &unspecified}),
		update("unknown confirmation", "INVALID_FIELDS", "confirmation", &appointmentv1.UpdateBookingPolicyRequest{Confirmation: &unknown}),
		update("policy with a stale etag", "ETAG_MISMATCH", "", &appointmentv1.UpdateBookingPolicyRequest{HoldMinutes: new(int32(5)), Etag: "99"}),
		update("policy of an unknown salon", "NOT_FOUND", "", &appointmentv1.UpdateBookingPolicyRequest{SalonId: unknownID, HoldMinutes: new(int32(5))}),
		{
			name: "read the policy of an unknown salon", method: getPolicy, reason: "NOT_FOUND",
			req: &appointmentv1.GetBookingPolicyRequest{SalonId: unknownID},
		},
		body(`{"slotStepMinutes":7.5}`, "MALFORMED_REQUEST", "slot_step_minutes"),
		body(`{"slotStepMinutes":null}`, "INVALID_FIELDS", "slot_step_minutes"),
		body(`{"confirmation":"NEVER"}`, "MALFORMED_REQUEST", "confirmation"),
		body(`{"allowCustomerOverlap":"yes"}`, "MALFORMED_REQUEST", "allow_customer_overlap"),
		body(`{"bookableUntil":20271231}`, "MALFORMED_REQUEST", "bookable_until"),
	}
	for name, date := range map[string]string{
		"date that does not exist": "2027-02-29", "date in another order": "31-12-2027", "date without zeros": "2027-1-1", "time": "2027-12-31T00:00:00Z",
		"year 0": "0000-01-01", "words": "for ever", "date with a line break": "2027-12-31\n",
	} {
		cases = append(cases, update("bookable until a "+name, "INVALID_FIELDS", "bookable_until",
			&appointmentv1.UpdateBookingPolicyRequest{BookableUntil: &date}))
	}
	for _, tt := range []struct {
		field string
		n     []int32
		set   func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32)
	}{
		{"slot_step_minutes", []int32{-1, 0, 4, 61}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.SlotStepMinutes = n }},
		{"lead_time_minutes", []int32{-1, 129601}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.LeadTimeMinutes = n }},
		{"horizon_days", []int32{0, 367}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.HorizonDays = n }},
		{
			"cancellation_window_minutes", []int32{-1, 129601},
			func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.CancellationWindowMinutes = n },
		},
		{
			"rescheduling_window_minutes", []int32{-1, 129601},
			func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.ReschedulingWindowMinutes = n },
		},
		{"request_timeout_minutes", []int32{4, 129601}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.RequestTimeoutMinutes = n }},
		{"max_open_appointments", []int32{-1, 10001}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.MaxOpenAppointments = n }},
		{
			"max_customer_appointments_a_day", []int32{-1, 101},
			func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.MaxCustomerAppointmentsADay = n },
		},
		{
			"max_master_appointments_a_day", []int32{-1, 1001},
			func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.MaxMasterAppointmentsADay = n },
		},
		{"hold_minutes", []int32{0, 61}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.HoldMinutes = n }},
		{"waitlist_offer_minutes", []int32{4, 1441}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.WaitlistOfferMinutes = n }},
		{"max_holds", []int32{0, 101}, func(r *appointmentv1.UpdateBookingPolicyRequest, n *int32) { r.MaxHolds = n }},
	} {
		for _, n := range tt.n {
			req := &appointmentv1.UpdateBookingPolicyRequest{}
			tt.set(req, &n)
			cases = append(cases, update(fmt.Sprint(tt.field, " ", n), "INVALID_FIELDS", tt.field, req))
		}
	}
	for _, path := range []string{"salon_id", "etag", "update_time", "policy"} {
		cases = append(cases, update("mask with "+path+" of a policy", "INVALID_FIELDS", "update_mask", &appointmentv1.UpdateBookingPolicyRequest{
			HoldMinutes: new(int32(5)), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"hold_minutes", path}},
		}))
	}
	return cases
}
