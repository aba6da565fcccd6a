package e2e_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
)

// availability are searches that ask for nothing that can be found, and starts that are none.
func (w *world) availability(t *testing.T) []refusal {
	return slices.Concat(w.searches(t), w.targets(), w.starts())
}

// newSearch is a good search, for cases that spoil one field of it.
func (w *world) newSearch(change func(*appointmentv1.SearchAvailabilityRequest)) *appointmentv1.SearchAvailabilityRequest {
	req := &appointmentv1.SearchAvailabilityRequest{Segments: filters(w.Service), StartDate: inDays(100), EndDate: inDays(113)}
	change(req)
	return req
}

// searches are bad ranges, parts of days, limits and pages.
func (w *world) searches(t *testing.T) []refusal {
	type request = appointmentv1.SearchAvailabilityRequest
	const sunday, unspecified = appointmentv1.DayOfWeek_DAY_OF_WEEK_SUNDAY, appointmentv1.DayOfWeek_DAY_OF_WEEK_UNSPECIFIED
	var cases []refusal
	add := func(name, field string, change func(*request)) {
		cases = append(cases, refusal{
			name: "search, " + name, as: w.CustomerA, method: searchAvailability, req: w.newSearch(change), reason: "INVALID_FIELDS",
			fields: []string{field},
		})
	}
	add("63 days", "end_date", func(r *request) { r.EndDate = inDays(162) })
	add("ending before it begins", "end_date", func(r *request) { r.EndDate = inDays(99) })
	for _, text := range []string{"", "2027-02-29", "2027-5-3", "03.05.2027", "2027-05-03T00:00:00Z", "2027-05-03\n", "0000-01-01"} {
		add("from "+text, "start_date", func(r *request) { r.StartDate, r.EndDate = text, "2027-05-03" })
		add("until "+text, "end_date", func(r *request) { r.StartDate, r.EndDate = "2027-05-03", text })
	}
	for _, date := range []string{"0001-01-01", "1999-12-31", "3000-01-01", "9999-12-30"} {
		add("on "+date, "start_date", func(r *request) { r.StartDate, r.EndDate = date, date })
	}
	add("limit 501", "limit", func(r *request) { r.Limit = 501 })
	add("negative limit", "limit", func(r *request) { r.Limit = -1 })
	add("a day twice", "days", func(r *request) { r.Days = []appointmentv1.DayOfWeek{sunday, sunday} })
	add("a day that is none", "days[0]", func(r *request) { r.Days = []appointmentv1.DayOfWeek{unspecified} })
	add("an unknown day", "days[0]", func(r *request) { r.Days = []appointmentv1.DayOfWeek{8} })
	add("a part of the day from 9:00", "part_of_day.start", func(r *request) { r.PartOfDay = wall("9:00", "12:00") })
	add("a part of the day without an end", "part_of_day.end", func(r *request) { r.PartOfDay = wall("09:00", "") })
	add("a part of the day until 24:01", "part_of_day.end", func(r *request) { r.PartOfDay = wall("09:00", "24:01") })
	add("a part of the day over night", "part_of_day.end", func(r *request) { r.PartOfDay = wall("18:00", "09:00") })
	add("an empty part of the day", "part_of_day.end", func(r *request) { r.PartOfDay = wall("09:00", "09:00") })

	first := w.newSearch(func(r *request) { r.Limit = 1 })
	token := salontest.Do[*appointmentv1.SearchAvailabilityResponse](t, w.system.GRPC(), w.CustomerA, searchAvailability, first).GetNextPageToken()
	services := salontest.Do[*appointmentv1.ListServicesResponse](t, w.system.GRPC(), nil,
		appointmentv1.CatalogService_ListServices_FullMethodName, &appointmentv1.ListServicesRequest{PageSize: 1}).GetNextPageToken()
	for name, change := range map[string]func(*request){
		"made-up token":          func(r *request) { r.PageToken = "AAAA" },
		"half a token":           func(r *request) { r.PageToken = token[:len(token)/2] },
		"token of other dates":   func(r *request) { r.PageToken, r.EndDate = token, inDays(114) },
		"token of another part":  func(r *request) { r.PageToken, r.PartOfDay = token, wall("09:00", "12:00") },
		"token of another chain": func(r *request) { r.PageToken, r.Segments = token, filters(w.Service, w.Service) },
		"token of a list":        func(r *request) { r.PageToken = services },
	} {
		cases = append(cases, refusal{
			name: "search, " + name, as: w.CustomerA, method: searchAvailability, reason: "INVALID_PAGE_TOKEN", fields: []string{"page_token"},
			req: w.newSearch(func(r *request) { r.Limit = 1; change(r) }),
		})
	}
	return append(cases, refusal{
		name: "search, a limit that is text", over: onlyREST, reason: "MALFORMED_REQUEST", fields: []string{"limit"},
		http: salontest.NewRequest(http.MethodPost, "/v1/availability:search",
			`{"segments":[{"serviceId":"`+w.Service.GetId()+`"}],"startDate":"2027-05-03","endDate":"2027-05-03","limit":"many"}`),
	})
}

// targets are salons, services, masters, customers and appointments that cannot be asked for, with each of the methods.
func (w *world) targets() []refusal {
	var cases []refusal
	add := func(name, reason, field string, change func(*appointmentv1.SearchAvailabilityRequest)) {
		search := w.newSearch(change)
		for _, req := range []proto.Message{search, explanationOf(search), checkOf(search)} {
			method := map[bool]string{true: searchAvailability, false: explainSlot}[req == proto.Message(search)]
			if _, ok := req.(*appointmentv1.CheckSlotsRequest); ok {
				method = checkSlots
			}
			r := refusal{
				name: name + " for " + method[strings.LastIndex(method, "/")+1:], as: w.CustomerA, method: method, req: req, reason: reason,
			}
			if field != "" {
				r.fields = []string{field}
			}
			cases = append(cases, r)
		}
	}
	type request = appointmentv1.SearchAvailabilityRequest
	const invalid = "INVALID_FIELDS"
	id := w.Service.GetId()
	add("no services", invalid, "segments", func(r *request) { r.Segments = nil })
	add("nine services", invalid, "segments", func(r *request) { r.Segments = slices.Repeat(r.GetSegments(), 9) })
	add("a segment without a service", invalid, "segments[1].service_id", func(r *request) {
		r.Segments = append(r.Segments, &appointmentv1.SegmentFilter{})
	})
	add("a service's id cut short", invalid, "segments[0].service_id", func(r *request) { r.Segments[0].ServiceId = id[:35] })
	add("an unknown service", "NOT_OFFERED", "segments[0].service_id", func(r *request) { r.Segments[0].ServiceId = unknownID })
	add("services of two salons", invalid, "segments[1].service_id", func(r *request) {
		r.Segments = filters(w.Service, w.other.Service)
	})
	add("a service of another salon", invalid, "segments[0].service_id", func(r *request) {
		r.SalonId, r.Segments = new(salontest.DefaultSalon), filters(w.other.Service)
	})
	add("an unknown salon", invalid, "", func(r *request) { r.SalonId = new(unknownID) })
	add("a salon's id cut short", invalid, "salon_id", func(r *request) { r.SalonId = new(unknownID[:35]) })
	add("a master's id cut short", invalid, "segments[0].master_ids[0]", func(r *request) {
		r.Segments[0].MasterIds = []string{w.Master1.ID[:35]}
	})
	add("a master twice", invalid, "segments[0].master_ids", func(r *request) {
		r.Segments[0].MasterIds = []string{w.Master1.ID, w.Master1.ID}
	})
	add("an unknown appointment", "NOT_FOUND", "", func(r *request) { r.AppointmentId = new(unknownID) })
	add("an appointment's id cut short", invalid, "appointment_id", func(r *request) { r.AppointmentId = new(unknownID[:35]) })
	add("a customer, as a customer", "NOT_FOUND", "", func(r *request) { r.CustomerId = new(w.unregistered.GetId()) })
	add("an unknown customer", "NOT_FOUND", "", func(r *request) { r.CustomerId = new(unknownID) })
	return cases
}

// explanationOf asks what speaks against a start of a search.
func explanationOf(r *appointmentv1.SearchAvailabilityRequest) *appointmentv1.ExplainSlotRequest {
	return &appointmentv1.ExplainSlotRequest{
		SalonId: r.SalonId, Segments: r.GetSegments(), CustomerId: r.CustomerId, AppointmentId: r.AppointmentId,
		StartTime: timestamp(time.Date(2027, time.May, 3, 12, 0, 0, 0, time.UTC)),
	}
}

// checkOf asks whether a start of a search can be booked.
func checkOf(r *appointmentv1.SearchAvailabilityRequest) *appointmentv1.CheckSlotsRequest {
	return &appointmentv1.CheckSlotsRequest{
		SalonId: r.SalonId, Segments: r.GetSegments(), CustomerId: r.CustomerId, AppointmentId: r.AppointmentId,
		StartTimes: stamps(time.Date(2027, time.May, 3, 12, 0, 0, 0, time.UTC)),
	}
}

// starts are times at which nothing can start.
func (w *world) starts() []refusal {
	at := time.Date(2027, time.May, 3, 12, 0, 0, 0, time.UTC)
	var cases []refusal
	explain := func(name, over string, start *timestamppb.Timestamp) {
		cases = append(cases, refusal{
			name: "explain " + name, over: over, as: w.CustomerA, method: explainSlot, reason: "INVALID_FIELDS", fields: []string{"start_time"},
			req: &appointmentv1.ExplainSlotRequest{Segments: filters(w.Service), StartTime: start},
		})
	}
	check := func(name, over, field string, starts ...*timestamppb.Timestamp) {
		cases = append(cases, refusal{
			name: "check " + name, over: over, as: w.CustomerA, method: checkSlots, reason: "INVALID_FIELDS", fields: []string{field},
			req: &appointmentv1.CheckSlotsRequest{Segments: filters(w.Service), StartTimes: starts},
		})
	}
	explain("no start", both, nil)
	check("no start", both, "start_times")
	check("101 starts", both, "start_times", slices.Repeat(stamps(at), 101)...)
	check("starts of 63 days", both, "start_times", stamps(at, at.AddDate(0, 0, 62))...)
	for name, start := range map[string]*timestamppb.Timestamp{
		"seconds": timestamp(at.Add(time.Second)), "nanoseconds": timestamp(at.Add(time.Nanosecond)),
	} {
		explain(name, both, start)
		check(name, both, "start_times[1]", timestamp(at), start)
	}
	for name, start := range map[string]*timestamppb.Timestamp{
		"year 10000": timestamp(time.Date(10_000, time.January, 1, 0, 0, 0, 0, time.UTC)), "a time that is none": {Nanos: -1},
	} {
		explain(name, onlyGRPC, start)
		check(name, onlyGRPC, "start_times[1]", timestamp(at), start)
	}
	return cases
}
