package e2e_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// numbers are prices, currencies, sizes and enum values out of range.
func (w *world) numbers() []refusal {
	service := func(name string, change func(*appointmentv1.CreateServiceRequest), field string) refusal {
		return refusal{
			name: name, as: w.Admin, method: appointmentv1.CatalogService_CreateService_FullMethodName,
			req: newService(change), reason: "INVALID_FIELDS", fields: []string{field},
		}
	}
	price := func(currency string, minor int32) func(*appointmentv1.CreateServiceRequest) {
		return func(r *appointmentv1.CreateServiceRequest) {
			r.Price = &apiv1.Money{CurrencyCode: currency, AmountMinor: &minor}
		}
	}
	role := func(name string, role apiv1.Role) refusal {
		return refusal{
			name: name, as: w.Admin, method: userv1.UserService_SetUserRole_FullMethodName,
			req: &userv1.SetUserRoleRequest{UserId: w.CustomerA.ID, Role: role}, reason: "INVALID_FIELDS", fields: []string{"role"},
		}
	}
	states := func(name string, state appointmentv1.AppointmentState) refusal {
		return refusal{
			name: name, as: w.CustomerA, method: appointmentv1.AppointmentService_ListAppointments_FullMethodName,
			req:    &appointmentv1.ListAppointmentsRequest{States: []appointmentv1.AppointmentState{state}},
			reason: "INVALID_FIELDS", fields: []string{"states"},
		}
	}
	return []refusal{
		service("negative price", price("EUR", -1), "price.amount_minor"),
		service("price whose sum could overflow", price("EUR", 2_147_483_647), "price.amount_minor"),
		service("unknown currency", price("XQX", 100), "price.currency_code"),
		service("currency in lower case", price("eur", 100), "price.currency_code"),
		service("no currency", price("", 100), "price.currency_code"),
		service("no price", func(r *appointmentv1.CreateServiceRequest) { r.Price = nil }, "price"),
		service("no duration", func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = nil }, "duration_minutes"),
		service("duration of 0", func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = new(int32(0)) }, "duration_minutes"),
		service("longest duration exceeded", func(r *appointmentv1.CreateServiceRequest) { r.DurationMinutes = new(int32(721)) }, "duration_minutes"),
		service("negative buffer", func(r *appointmentv1.CreateServiceRequest) { r.BufferAfterMinutes = -1 }, "buffer_after_minutes"),
		{
			name: "another currency than the service's", as: w.Admin,
			method: appointmentv1.CatalogService_PutOffering_FullMethodName,
			req: &appointmentv1.PutOfferingRequest{
				MasterId: w.Master1.ID, ServiceId: w.Service.GetId(), PriceOverride: &apiv1.Money{CurrencyCode: "USD", AmountMinor: new(int32(1))},
			},
			reason: "INVALID_FIELDS", fields: []string{"price_override.currency_code"},
		},
		role("unknown role", 99), role("no role", 0),
		states("unknown state", 99), states("unspecified state", 0),
	}
}

// times are times that do not exist, or that nobody can book.
func (w *world) times() []refusal {
	book := func(name string, start *timestamppb.Timestamp, over, reason string) refusal {
		return refusal{
			name: name, over: over, as: w.CustomerA, method: appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			req: &appointmentv1.CreateAppointmentRequest{
				StartTime: start, Segments: []*appointmentv1.SegmentInput{salontest.Segment(w.Master1, w.Service)},
			},
			reason: reason, fields: []string{"start_time"},
		}
	}
	at := func(year int) *timestamppb.Timestamp {
		return timestamppb.New(time.Date(year, 6, 1, 12, 0, 0, 0, time.UTC))
	}
	written := func(name, start string) refusal {
		body := `{"startTime":"` + start + `","segments":[{"serviceId":"` + w.Service.GetId() + `","masterId":"` + w.Master1.ID + `"}]}`
		return refusal{
			name: name, over: onlyREST, as: w.CustomerA,
			http: salontest.NewRequest(http.MethodPost, "/v1/appointments", body), reason: "MALFORMED_REQUEST",
			fields: []string{"start_time"},
		}
	}
	between := func(name string, from, to time.Time) refusal {
		return refusal{
			name: name, as: w.CustomerA, method: appointmentv1.AppointmentService_ListAppointments_FullMethodName,
			req:    &appointmentv1.ListAppointmentsRequest{From: timestamppb.New(from), To: timestamppb.New(to)},
			reason: "INVALID_FIELDS", fields: []string{"to"},
		}
	}
	now := time.Now().Truncate(time.Minute)
	var texts []refusal
	for name, text := range map[string]string{
		"year 10000": "10000-01-01T00:00:00Z", "year 0000": "0000-01-01T00:00:00Z", "30 February": "2027-02-30T12:00:00Z",
		"second 60": "2027-03-01T12:00:60Z", "leap second": "2016-12-31T23:59:60Z", "hour 24": "2027-03-01T24:00:00Z",
		"no zone": "2027-03-01T12:00:00", "a word": "tomorrow", "comma": "2027-03-01T10:00:00,5Z",
		"one digit of an hour": "2027-03-01T1:00:00Z", "offset of 24 hours": "2027-03-01T10:00:00+24:00",
		"offset of 60 minutes": "2027-03-01T10:00:00+02:60", "offset without colon": "2027-03-01T10:00:00+0200",
		"ten digits of a second": "2027-03-01T10:00:00.1234567891Z", "space for T": "2027-03-01 10:00:00Z", "empty": "",
	} {
		texts = append(texts, written(name, text))
		for _, field := range []string{"from", "to"} {
			texts = append(texts, refusal{
				name: name + " as " + field, over: onlyREST, as: w.CustomerA, reason: "INVALID_FIELDS", fields: []string{field},
				http: salontest.NewRequest(http.MethodGet, "/v1/appointments?"+url.Values{field: {text}}.Encode(), ""),
			})
		}
	}
	return append(texts,
		book("start in the past", timestamppb.New(now.Add(-time.Hour)), both, "START_IN_PAST"),
		book("year 9999", at(9999), both, "INVALID_FIELDS"),
		book("year 0001", at(1), both, "INVALID_FIELDS"),
		book("year 10000", at(10000), onlyGRPC, "INVALID_FIELDS"),
		book("year 0000", at(0), onlyGRPC, "INVALID_FIELDS"),
		book("too many nanoseconds", &timestamppb.Timestamp{Seconds: now.Add(time.Hour).Unix(), Nanos: 1_000_000_000}, onlyGRPC, "INVALID_FIELDS"),
		book("a day too far", timestamppb.New(now.Add(367*24*time.Hour)), both, "INVALID_FIELDS"),
		book("negative nanoseconds", &timestamppb.Timestamp{Seconds: now.Add(time.Hour).Unix(), Nanos: -1}, onlyGRPC, "INVALID_FIELDS"),
		book("no start", nil, both, "INVALID_FIELDS"),
		between("end before start", now.Add(time.Hour), now),
		between("end at start", now, now),
		refusal{
			name: "rescheduled into the past", as: w.CustomerA,
			method: appointmentv1.AppointmentService_RescheduleAppointment_FullMethodName,
			req: &appointmentv1.RescheduleAppointmentRequest{
				AppointmentId: w.pending.GetId(), StartTime: timestamppb.New(now.Add(-time.Hour)),
			},
			reason: "START_IN_PAST", fields: []string{"start_time"},
		},
	)
}

// pages are bad pages of every list that there is.
func (w *world) pages(t *testing.T) []refusal {
	var cases []refusal
	for _, md := range publicMethods(t) {
		sizeField, tokenField := md.Input().Fields().ByName("page_size"), md.Input().Fields().ByName("page_token")
		if sizeField == nil {
			continue
		}
		add := func(name, reason, field string, change func(protoreflect.Message)) {
			req := newRequest(t, md)
			for name, id := range map[string]string{
				"master_id": w.Master1.ID, "salon_id": salontest.DefaultSalon, "resource_id": w.resource.GetId(),
				"appointment_id": w.completed.GetId(),
			} {
				if _, template := salontest.Binding(t, fullName(md)); strings.Contains(template, "{"+name+"}") {
					setText(req, name, id)
				}
			}
			change(req.ProtoReflect())
			cases = append(cases, refusal{
				name: string(md.Name()) + " " + name, as: w.Admin, method: fullName(md), req: req, reason: reason, fields: []string{field},
			})
		}
		add("negative size", "INVALID_FIELDS", "page_size", func(m protoreflect.Message) {
			m.Set(sizeField, protoreflect.ValueOfInt32(-1))
		})
		add("made-up token", "INVALID_PAGE_TOKEN", "page_token", func(m protoreflect.Message) {
			m.Set(tokenField, protoreflect.ValueOfString("AAAA"))
		})
	}
	// A token that is good, but not like that.
	list := func(category string) *appointmentv1.ListServicesRequest {
		return &appointmentv1.ListServicesRequest{PageSize: 1, Category: category}
	}
	w.system.NewService(t)
	w.system.NewService(t)
	token := salontest.Do[*appointmentv1.ListServicesResponse](t, w.system.GRPC(), nil,
		appointmentv1.CatalogService_ListServices_FullMethodName, list("Hair")).GetNextPageToken()
	last := token[len(token)-2] // the last letter may hold padding bits only
	spoilt := token[:len(token)-2] + string(map[bool]byte{true: 'A', false: 'B'}[last != 'A']) + token[len(token)-1:]
	for name, req := range map[string]*appointmentv1.ListServicesRequest{
		"token of another query": {PageSize: 1, PageToken: token},
		"spoilt token":           {PageSize: 1, Category: "Hair", PageToken: spoilt},
		"half a token":           {PageSize: 1, Category: "Hair", PageToken: token[:len(token)/2]},
	} {
		cases = append(cases, refusal{
			name: name, method: appointmentv1.CatalogService_ListServices_FullMethodName, req: req,
			reason: "INVALID_PAGE_TOKEN", fields: []string{"page_token"},
		})
	}
	cases = append(cases, refusal{
		name: "token of another list", method: userv1.MasterService_ListMasters_FullMethodName,
		req:    &userv1.ListMastersRequest{PageSize: 1, PageToken: token},
		reason: "INVALID_PAGE_TOKEN", fields: []string{"page_token"},
	})
	return cases
}

// ids are ids that are none, of nobody, or of somebody else.
func (w *world) ids() []refusal {
	var cases []refusal
	for name, id := range map[string]string{
		"braces": "{" + w.Master1.ID + "}", "urn": "urn:uuid:" + w.Master1.ID,
		"cut short": w.Master1.ID[:35], "no hyphens": strings.ReplaceAll(w.Master1.ID, "-", ""), "SQL": "1' OR '1'='1", "NUL": "\x00",
	} {
		cases = append(cases,
			refusal{
				name: name + " as master", method: userv1.MasterService_GetMaster_FullMethodName,
				req: &userv1.GetMasterRequest{MasterId: id}, reason: "INVALID_FIELDS", fields: []string{"master_id"},
			},
			refusal{
				name: name + " as customer", as: w.Admin, method: appointmentv1.AppointmentService_ListAppointments_FullMethodName,
				req: &appointmentv1.ListAppointmentsRequest{CustomerId: new(id)}, reason: "INVALID_FIELDS", fields: []string{"customer_id"},
			})
	}
	missing := func(name string, as salontest.Identity, method string, req proto.Message) refusal {
		return refusal{name: name, as: as, method: method, req: req, reason: "NOT_FOUND"}
	}
	const nobody = "00000000-0000-0000-0000-000000000000"
	get := appointmentv1.AppointmentService_GetAppointment_FullMethodName
	return append(cases,
		refusal{ // over REST this is another path
			name: "path upwards", over: onlyGRPC, method: userv1.MasterService_GetMaster_FullMethodName,
			req: &userv1.GetMasterRequest{MasterId: "../../etc"}, reason: "INVALID_FIELDS", fields: []string{"master_id"},
		},
		missing("nil id of a master", nil, userv1.MasterService_GetMaster_FullMethodName, &userv1.GetMasterRequest{MasterId: nobody}),
		missing("nil id of an appointment", w.CustomerA, get, &appointmentv1.GetAppointmentRequest{AppointmentId: nobody}),
		missing("somebody else's appointment", w.CustomerB, get, &appointmentv1.GetAppointmentRequest{AppointmentId: w.pending.GetId()}),
		missing("another master's appointment", w.Master2, get, &appointmentv1.GetAppointmentRequest{AppointmentId: w.pending.GetId()}),
		missing("the history of nothing", w.Admin, listAppointmentHistory, &appointmentv1.ListAppointmentHistoryRequest{AppointmentId: nobody}),
		missing("the history of somebody else's appointment", w.CustomerB, listAppointmentHistory,
			&appointmentv1.ListAppointmentHistoryRequest{AppointmentId: w.pending.GetId()}),
		missing("cancel somebody else's appointment", w.CustomerB, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: w.pending.GetId()}),
		missing("a customer's id as a master's", nil, userv1.MasterService_GetMaster_FullMethodName,
			&userv1.GetMasterRequest{MasterId: w.CustomerA.ID}),
	)
}
