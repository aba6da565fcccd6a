package e2e_test

import (
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// absent are values that were left out where zero would be a value.
func (w *world) absent() []refusal {
	over := func(name string, as salontest.Identity, method string, req proto.Message, field string) refusal {
		return refusal{name: name, as: as, method: method, req: req, reason: "INVALID_FIELDS", fields: []string{field}}
	}
	body := func(verb, path, body, field string) refusal {
		return refusal{
			name: verb + " " + body, over: onlyREST, as: w.Admin, http: salontest.NewRequest(verb, path, body),
			reason: "INVALID_FIELDS", fields: []string{field},
		}
	}
	service, offering := "/v1/services/"+w.Service.GetId(), "/v1/masters/"+w.Master1.ID+"/offerings/"+w.Service.GetId()
	policy, rating := "/v1/salons/"+salontest.DefaultSalon+"/bookingPolicy", "/v1/ratings/"+w.rating.GetId()
	newWith := func(price string) string {
		return `{"name":"No price","category":"Hair","durationMinutes":30,"price":` + price + `}`
	}
	noAmount, noCurrency := &apiv1.Money{CurrencyCode: "EUR"}, &apiv1.Money{AmountMinor: new(int32(0))}
	create, update := appointmentv1.CatalogService_CreateService_FullMethodName, appointmentv1.CatalogService_UpdateService_FullMethodName
	put := appointmentv1.CatalogService_PutOffering_FullMethodName
	priced := func(m *apiv1.Money) proto.Message {
		return newService(func(r *appointmentv1.CreateServiceRequest) { r.Price = m })
	}
	masked := func(name string) proto.Message {
		return &appointmentv1.UpdateServiceRequest{ServiceId: w.Service.GetId(), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{name}}}
	}
	list := appointmentv1.AppointmentService_ListAppointments_FullMethodName
	cases := []refusal{
		over("new service without an amount", w.Admin, create, priced(noAmount), "price.amount_minor"),
		over("new service without a currency", w.Admin, create, priced(noCurrency), "price.currency_code"),
		over("new service with an empty price", w.Admin, create, priced(&apiv1.Money{}), "price.amount_minor"),
		over("service without an amount", w.Admin, update,
			&appointmentv1.UpdateServiceRequest{ServiceId: w.Service.GetId(), Price: noAmount}, "price.amount_minor"),
		over("service without a currency", w.Admin, update,
			&appointmentv1.UpdateServiceRequest{ServiceId: w.Service.GetId(), Price: noCurrency}, "price.currency_code"),
		over("offering without an amount", w.Admin, put,
			&appointmentv1.PutOfferingRequest{MasterId: w.Master1.ID, ServiceId: w.Service.GetId(), PriceOverride: noAmount},
			"price_override.amount_minor"),
		over("no reply", w.Master1, ratingv1.RatingService_ReplyToRating_FullMethodName,
			&ratingv1.ReplyToRatingRequest{RatingId: w.rating.GetId()}, "reply"),
		over("empty salon", w.Admin, list, &appointmentv1.ListAppointmentsRequest{SalonId: new("")}, "salon_id"),
		over("empty customer", w.Admin, list, &appointmentv1.ListAppointmentsRequest{CustomerId: new("")}, "customer_id"),
		over("empty master", w.Admin, list, &appointmentv1.ListAppointmentsRequest{MasterId: new("")}, "master_id"),
		over("empty service", nil, userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{ServiceId: new("")}, "service_id"),
		over("empty customer of a new appointment", w.CustomerA, createAppointment,
			forCustomer(salontest.Booking(w.Master1, w.Service, w.system.NextStart()), ""), "customer_id"),

		body(http.MethodPost, "/v1/services", newWith("null"), "price"),
		body(http.MethodPost, "/v1/services", newWith(`{"currencyCode":"EUR","amountMinor":null}`), "price.amount_minor"),
		body(http.MethodPatch, service, `{"price":null}`, "price"),
		body(http.MethodPatch, service, `{"price":{}}`, "price.amount_minor"),
		body(http.MethodPatch, service, `{"price":{"amountMinor":null,"currencyCode":"EUR"}}`, "price.amount_minor"),
		body(http.MethodPatch, service, `{"price":{"currencyCode":"EUR"},"updateMask":"price"}`, "price.amount_minor"),
		body(http.MethodPatch, service, `{"durationMinutes":null}`, "duration_minutes"),
		body(http.MethodPatch, service, `{"bufferAfterMinutes":null}`, "buffer_after_minutes"),
		body(http.MethodPatch, service, `{"active":null}`, "active"),
		body(http.MethodPatch, service, `{"name":null}`, "name"),
		body(http.MethodPut, offering, `{"priceOverride":{"currencyCode":"EUR"}}`, "price_override.amount_minor"),
		body(http.MethodPut, offering, `{"durationOverrideMinutes":0}`, "duration_override_minutes"),
		body(http.MethodPatch, policy, `{"maxOpenAppointments":null}`, "max_open_appointments"),
		body(http.MethodPatch, policy, `{"updateMask":"maxOpenAppointments"}`, "max_open_appointments"),
		body(http.MethodPatch, policy, `{"confirmation":null}`, "confirmation"),
		body(http.MethodPatch, rating, `{"stars":null}`, "stars"),
	}
	for _, name := range []string{"price", "duration_minutes", "buffer_before_minutes", "buffer_after_minutes", "active", "name"} {
		cases = append(cases, over("mask with "+name+" alone", w.Admin, update, masked(name), name))
	}
	return cases
}

// TestZeroIsAValue: 0 is a price and a limit, an empty text clears, and null clears what can be cleared.
func TestZeroIsAValue(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		cast := s.NewCastOf(t, s.NewSalon(t).GetId())
		free := func(m *apiv1.Money) {
			t.Helper()
			if m == nil || m.AmountMinor == nil || m.GetAmountMinor() != 0 || m.GetCurrencyCode() != "EUR" {
				t.Errorf("the price is %v, want 0 EUR", m)
			}
		}
		zero := &apiv1.Money{CurrencyCode: "EUR", AmountMinor: new(int32(0))}
		made := salontest.Do[*appointmentv1.Service](t, c, s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) { r.Price = zero }))
		free(made.GetPrice())
		offering := salontest.Do[*appointmentv1.Offering](t, c, s.Admin(), appointmentv1.CatalogService_PutOffering_FullMethodName,
			&appointmentv1.PutOfferingRequest{MasterId: cast.Master1.ID, ServiceId: cast.Service.GetId(), PriceOverride: zero})
		free(offering.GetPriceOverride())
		booked := book(t, c, cast.CustomerA, salontest.Booking(cast.Master1, cast.Service, s.NextStart()))
		free(booked.GetTotalPrice())
		free(booked.GetSegments()[0].GetPrice())
		updated := salontest.Do[*appointmentv1.Service](t, c, s.Admin(), appointmentv1.CatalogService_UpdateService_FullMethodName,
			&appointmentv1.UpdateServiceRequest{ServiceId: cast.Service.GetId(), Price: zero, Description: new("")})
		free(updated.GetPrice())
		policy := salontest.Do[*appointmentv1.BookingPolicy](t, c, s.Admin(), updatePolicy,
			&appointmentv1.UpdateBookingPolicyRequest{SalonId: updated.GetSalonId(), MaxOpenAppointments: new(int32(0))})
		if policy.GetMaxOpenAppointments() != 0 {
			t.Errorf("the limit is %d, want 0", policy.GetMaxOpenAppointments())
		}
		own := salontest.Do[*appointmentv1.Offering](t, c, s.Admin(), appointmentv1.CatalogService_PutOffering_FullMethodName,
			&appointmentv1.PutOfferingRequest{MasterId: cast.Master1.ID, ServiceId: cast.Service.GetId()})
		if own.PriceOverride != nil {
			t.Errorf("the offering has a price of its own: %v", own)
		}
	})
	cast := s.NewCast(t)
	for _, r := range []struct{ method, path, body string }{
		{http.MethodPatch, "/v1/services/" + cast.Service.GetId(), `{"description":null}`},
		{http.MethodPatch, "/v1/services/" + cast.Service.GetId(), `{"description":"x","price":null,"updateMask":"description"}`},
		{http.MethodPut, "/v1/masters/" + cast.Master1.ID + "/offerings/" + cast.Service.GetId(), `{"priceOverride":null}`},
	} {
		got := s.HTTP(t, salontest.NewRequest(r.method, r.path, r.body).As(t, s.Admin()))
		if got.StatusCode != http.StatusOK {
			t.Errorf("%s %s: %d %s", r.method, r.body, got.StatusCode, got.Bytes)
		}
	}
}
