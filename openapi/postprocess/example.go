package main

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/beauty-salon/platform/internal/id"
)

// One story runs through all examples: Anna Berg books Mira Sol for a cut, in the salon that every installation begins with.
const (
	exampleSalon        = id.FirstSalon
	exampleUser         = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c01"
	exampleCustomer     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c09"
	exampleInvitation   = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0a"
	exampleMaster       = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c02"
	exampleService      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c03"
	exampleAppointment  = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c04"
	exampleSegment      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c05"
	exampleRating       = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c06"
	exampleNotification = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c07"
	exampleSession      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c08"
	exampleKind         = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0b"
	exampleResource     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0c"
	exampleClosure      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0d"
	exampleOverride     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0e"
	exampleTimeOff      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0f"
	exampleSeries       = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c20"
	exampleGroup        = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c21"
	exampleEntry        = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c22"
	exampleHold         = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c10"
	exampleErasure      = "8d0f6a52-3c1b-4e7d-9a64-5b2e7f1c0d93"
)

// fieldExamples are the values that the contract gives no example of, by field and, where one name means the same
// everywhere, by JSON name.
var fieldExamples = map[string]any{ //nolint:gosec // tokens that open nothing
	"salon.user.v1.User.id":                          exampleUser,
	"salon.user.v1.User.role":                        "ROLE_CUSTOMER",
	"salon.user.v1.Master.id":                        exampleMaster,
	"salon.user.v1.Session.id":                       exampleSession,
	"salon.user.v1.Session.current":                  true,
	"salon.user.v1.CreateMasterRequest.user_id":      exampleMaster,
	"salon.user.v1.SetUserRoleRequest.role":          "ROLE_ADMIN",
	"salon.appointment.v1.Appointment.id":            exampleAppointment,
	"salon.appointment.v1.Appointment.state":         "APPOINTMENT_STATE_PENDING",
	"salon.appointment.v1.Appointment.cancelled_by":  "ACTOR_UNSPECIFIED",
	"salon.appointment.v1.Segment.id":                exampleSegment,
	"salon.appointment.v1.Service.id":                exampleService,
	"salon.appointment.v1.Service.active":            true,
	"salon.appointment.v1.Service.online_bookable":   true,
	"salon.appointment.v1.Service.phases":            examplePhases,
	"salon.appointment.v1.Offering.bookable":         true,
	"salon.appointment.v1.Offering.phases":           examplePhases,
	"salon.appointment.v1.Offering.phases_override":  []any{},
	"salon.rating.v1.Rating.id":                      exampleRating,
	"salon.rating.v1.RatingSummary.count":            40,
	"salon.rating.v1.RatingSummary.mean":             4.8,
	"salon.rating.v1.RatingSummary.histogram":        []int{0, 0, 2, 4, 34},
	"salon.notification.v1.Notification.id":          exampleNotification,
	"salon.notification.v1.Notification.type":        "NOTIFICATION_TYPE_APPOINTMENT_CONFIRMED",
	"salon.notification.v1.Notification.title":       "Visit confirmed",
	"salon.notification.v1.Notification.body":        "The salon has confirmed your visit on Mon 14 Jun, 11:00.",
	"salon.notification.v1.Notification.rating_id":   "",
	"salon.notification.v1.UnreadCount.count":        3,
	"salon.user.v1.Jwk.kty":                          "OKP",
	"salon.user.v1.Jwk.crv":                          "Ed25519",
	"salon.user.v1.Jwk.x":                            "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", // of RFC 8037
	"salon.user.v1.Jwk.kid":                          "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
	"salon.user.v1.Jwk.use":                          "sig",
	"salon.user.v1.Jwk.alg":                          "EdDSA",
	"salon.user.v1.TokenPair.access_token":           "header.claims.signature",
	"salon.user.v1.TokenPair.token_type":             "Bearer",
	"salon.user.v1.TokenPair.expires_in":             600,
	"salon.user.v1.TokenPair.refresh_expire_time":    "2027-07-01T08:00:00Z",
	"salon.user.v1.Session.last_used_time":           "2027-06-01T08:30:00Z",
	"salon.user.v1.Session.expire_time":              "2027-07-01T08:30:00Z",
	"salon.user.v1.Session.user_agent":               "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	"salon.user.v1.Session.ip_address":               "192.0.2.7",
	"salon.user.v1.Master.rating_mean":               4.8,
	"salon.user.v1.Master.rating_count":              40,
	"salon.notification.v1.Notification.read_time":   nil,
	"salon.rating.v1.Rating.reply":                   "",
	"salon.rating.v1.Rating.reply_time":              nil,
	"salon.appointment.v1.Appointment.cancel_reason": "",

	"salon.user.v1.User.memberships":                        []any{},
	"salon.user.v1.Member.user_id":                          exampleMaster,
	"salon.user.v1.Member.display_name":                     "Mira Sol",
	"salon.user.v1.Member.email":                            "mira@example.com",
	"salon.user.v1.GetMemberRequest.user_id":                exampleMaster,
	"salon.user.v1.UpdateMemberRequest.user_id":             exampleMaster,
	"salon.user.v1.RemoveMemberRequest.user_id":             exampleMaster,
	"salon.user.v1.Invitation.id":                           exampleInvitation,
	"salon.user.v1.Invitation.expire_time":                  "2027-06-15T08:00:00Z",
	"salon.appointment.v1.Salon.id":                         exampleSalon,
	"salon.appointment.v1.Salon.is_default":                 true,
	"salon.appointment.v1.Customer.id":                      exampleCustomer,
	"salon.appointment.v1.Customer.account_id":              "",
	"salon.appointment.v1.AppointmentCustomer.display_name": "Anna Berg",
	"salon.appointment.v1.AppointmentCustomer.phone":        "+4930123456",
	"salon.appointment.v1.Appointment.utc_offset_minutes":   120,
	"salon.appointment.v1.Appointment.lapse_time":           nil,
	"salon.appointment.v1.Appointment.series_id":            "",
	"salon.appointment.v1.Appointment.group_session_id":     "",
	"salon.appointment.v1.Slot.group_session_id":            "",
	"salon.appointment.v1.GroupSession.id":                  exampleGroup,
	"salon.appointment.v1.AppointmentSeries.id":             exampleSeries,
	"salon.appointment.v1.SeriesOccurrence.position":        1,
	"salon.appointment.v1.SeriesOccurrence.local_date":      "2027-06-14",
	"salon.appointment.v1.SeriesOccurrence.local_time":      "11:00",
	"salon.appointment.v1.SeriesOccurrence.state":           "APPOINTMENT_STATE_PENDING",
	"salon.appointment.v1.SeriesOccurrence.conflicts":       []any{},
	"salon.appointment.v1.SeriesOccurrence.alternatives":    []any{},
	"salon.appointment.v1.Appointment.cancellation_cause":   "CANCELLATION_CAUSE_UNSPECIFIED",
	"salon.appointment.v1.AppointmentChange.action":         "APPOINTMENT_ACTION_CREATED",
	"salon.appointment.v1.AppointmentChange.actor":          "ACTOR_CUSTOMER",
	"salon.appointment.v1.AppointmentChange.actor_name":     "Anna Berg",
	"salon.appointment.v1.AppointmentChange.change_time":    "2027-06-01T08:00:00Z",
	"salon.appointment.v1.AppointmentChange.start_after":    "2027-06-14T09:00:00Z",
	"salon.appointment.v1.AppointmentChange.start_before":   nil,
	"salon.appointment.v1.AppointmentChange.state_after":    "APPOINTMENT_STATE_PENDING",
	"salon.appointment.v1.AppointmentChange.state_before":   nil,
	"salon.appointment.v1.AppointmentChange.reason":         "",
	"salon.appointment.v1.Slot.local_date":                  "2027-06-14",
	"salon.appointment.v1.Slot.local_time":                  "11:00",
	"salon.appointment.v1.Slot.duration_minutes":            60,
	"salon.appointment.v1.Slot.alternatives":                1,
	"salon.appointment.v1.Slot.utc_offset_minutes":          120,
	"salon.appointment.v1.Slot.quote":                       "a-quote-of-the-search",
	"salon.appointment.v1.WatchTicket.ticket":               "wt_oH7c0Zl0b3rZ5nVx2m9Q4aT8yW6uEoKd1sFjGpXqLzA",
	"salon.appointment.v1.WatchTicket.expire_time":          "2027-06-01T08:11:00Z",
	"salon.notification.v1.NotificationTicket.ticket":       "oH7c0Zl0b3rZ5nVx2m9Q4aT8yW6uEoKd1sFjGpXqLzA",
	"salon.notification.v1.NotificationTicket.expire_time":  "2027-06-01T08:11:00Z",
	"salon.appointment.v1.Slot.quote_expire_time":           "2027-06-01T08:10:00Z",
	"salon.appointment.v1.BookingPolicy.confirmation":       "CONFIRMATION_ALWAYS",
	"salon.appointment.v1.ResourceKind.id":                  exampleKind,
	"salon.appointment.v1.Resource.id":                      exampleResource,
	"salon.appointment.v1.Resource.name":                    "Chair 1",
	"salon.appointment.v1.Resource.active":                  true,
	"salon.appointment.v1.ResourceClosure.id":               exampleClosure,
	"salon.appointment.v1.ResourceClosure.note":             "Being repaired.",

	// As long as the service, which has the duration of the contract's example, so that both can be sent together.
	"salon.appointment.v1.CreateServiceRequest.phases":        examplePhases,
	"salon.appointment.v1.UpdateServiceRequest.phases":        examplePhases,
	"salon.appointment.v1.PutOfferingRequest.phases_override": []any{},
	"salon.appointment.v1.SearchAvailabilityResponse.reasons": []any{},
	"salon.appointment.v1.ExplainSlotResponse.local_date":     "2027-06-14",
	"salon.appointment.v1.ExplainSlotResponse.local_time":     "11:00",
	"salon.appointment.v1.Block.reason":                       "BLOCK_REASON_BOOKED",
	"salon.appointment.v1.Block.text":                         "the master is taken",
	"salon.appointment.v1.Block.rule_owner":                   "RULE_OWNER_MASTER",
	"salon.appointment.v1.Block.resource_kind_id":             "",
	"salon.appointment.v1.Block.appointment_id":               "",
	"salon.appointment.v1.SlotCheck.bookable":                 true,
	"salon.appointment.v1.SlotCheck.reasons":                  []any{},

	"salon.appointment.v1.WaitlistEntry.id":             exampleEntry,
	"salon.appointment.v1.WaitlistEntry.state":          "WAITLIST_STATE_OFFERED",
	"salon.appointment.v1.WaitlistEntry.position":       1,
	"salon.appointment.v1.WaitlistEntry.appointment_id": "",
	"salon.appointment.v1.WaitlistEntry.leave_cause":    "WAITLIST_LEAVE_CAUSE_UNSPECIFIED",
	"salon.appointment.v1.WaitlistEntry.moves":          []any{},
	"salon.appointment.v1.WaitlistOffer.expire_time":    "2027-06-01T08:20:00Z",

	"salon.appointment.v1.Hold.id":                  exampleHold,
	"salon.appointment.v1.Hold.state":               "HOLD_STATE_ACTIVE",
	"salon.appointment.v1.Hold.expire_time":         "2027-06-01T08:10:00Z",
	"salon.appointment.v1.Hold.appointment_id":      "",
	"salon.appointment.v1.Hold.proof":               "the-proof-of-the-hold",
	"salon.appointment.v1.CreateHoldRequest.quote":  "a-quote-of-the-search",
	"salon.appointment.v1.ExtendHoldRequest.proof":  "the-proof-of-the-hold",
	"salon.appointment.v1.ReleaseHoldRequest.proof": "the-proof-of-the-hold",

	"salon.user.v1.Erasure.id":                   exampleErasure,
	"salon.user.v1.Erasure.account_id":           exampleUser,
	"salon.user.v1.Erasure.request_time":         "2027-06-20T08:00:00Z",
	"salon.user.v1.Erasure.complete_time":        "2027-06-20T08:00:01Z",
	"salon.user.v1.ServiceErasure.service":       "appointment",
	"salon.user.v1.ServiceErasure.state":         "ERASURE_STATE_DONE",
	"salon.user.v1.ServiceErasure.complete_time": "2027-06-20T08:00:01Z",
	"salon.api.v1.RemovedCount.kind":             "appointments cancelled",
	"salon.api.v1.RemovedCount.count":            1,
	"salon.api.v1.PersonalRecord.service":        "rating",
	"salon.api.v1.PersonalRecord.kind":           "ratings",
	"salon.api.v1.PersonalRecord.data":           map[string]any{"id": exampleRating, "stars": 5, "comment": "Very friendly."},

	"appointmentId":        exampleAppointment,
	"appointmentStartTime": "2027-06-14T09:00:00Z",
	"closureId":            exampleClosure,
	"createTime":           "2027-06-01T08:00:00Z",
	"customerId":           exampleCustomer,
	"endDate":              "2027-06-20",
	"endTime":              "2027-06-14T10:00:00Z",
	"entryId":              exampleEntry,
	"erasureId":            exampleErasure,
	"etag":                 "1",
	"groupSessionId":       exampleGroup,
	"holdId":               exampleHold,
	"invitationId":         exampleInvitation,
	"markedCount":          3,
	"masterId":             exampleMaster,
	"masterName":           "Mira Sol",
	"nextPageToken":        "",
	"notificationId":       exampleNotification,
	"overrideId":           exampleOverride,
	"ratingId":             exampleRating,
	"resourceClosureId":    exampleClosure,
	"resourceId":           exampleResource,
	"resourceKindId":       exampleKind,
	"refreshToken":         "the-token-of-the-last-answer",
	"salonId":              exampleSalon,
	"serviceId":            exampleService,
	"serviceName":          "Cut and blow-dry",
	"seriesId":             exampleSeries,
	"sessionId":            exampleSession,
	"startDate":            "2027-06-14",
	"startTime":            "2027-06-14T09:00:00Z",
	"startTimes":           []any{"2027-06-14T09:00:00Z"},
	"timeOffId":            exampleTimeOff,
	"timeZone":             "Europe/Berlin",
	"updateTime":           "2027-06-01T08:00:00Z",
	"userId":               exampleUser,
}

// examplePhases are those of a service that takes its master all the time, and no resources.
var examplePhases = []any{map[string]any{"kind": "PHASE_KIND_WORK", "durationMinutes": 60, "resourceKindIds": []any{}}}

// outcomes are what the answer of a verb shows that makes it different from the resource's other answers.
var outcomes = map[protoreflect.Name]map[string]any{
	"CancelAppointment": {
		"state": "APPOINTMENT_STATE_CANCELLED", "cancelledBy": "ACTOR_CUSTOMER", "cancelReason": "I am ill.",
		"cancellationCause": "CANCELLATION_CAUSE_CANCELLED_BY_ACTOR", "etag": "2",
	},
	"DeclineAppointment": {
		"state": "APPOINTMENT_STATE_CANCELLED", "cancelledBy": "ACTOR_RECEPTIONIST", "cancelReason": "We are closed that week.",
		"cancellationCause": "CANCELLATION_CAUSE_DECLINED", "etag": "2",
	},
	"ConfirmAppointment":   {"state": "APPOINTMENT_STATE_CONFIRMED", "etag": "2"},
	"CompleteAppointment":  {"state": "APPOINTMENT_STATE_COMPLETED", "etag": "3"},
	"MarkNoShow":           {"state": "APPOINTMENT_STATE_NO_SHOW", "etag": "3"},
	"SetUserRole":          {"role": "ROLE_ADMIN", "etag": "2"},
	"DisableUser":          {"disabled": true, "etag": "2"},
	"ReplyToRating":        {"reply": "Thank you, see you soon!", "replyTime": "2027-06-15T08:00:00Z", "etag": "2"},
	"MarkNotificationRead": {"readTime": "2027-06-02T08:00:00Z"},
}

// responseExample is an answer with all of its fields.
func (b *builder) responseExample(m *method) any {
	return b.responseMessage(m.desc.Output(), outcomes[m.desc.Name()])
}

func (b *builder) responseMessage(md protoreflect.MessageDescriptor, outcome map[string]any) any {
	var out ordered[any]
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		v, ok := outcome[fd.JSONName()]
		if !ok {
			v = b.value(fd, func() any { return b.responseMessage(fd.Message(), nil) })
		}
		if v != nil {
			out.set(fd.JSONName(), v)
		}
	}
	return out
}

// value finds the example of a field: in the tables above, in the contract, in the request that sets the field, or what
// the type suggests. It is nil for a field that an answer may leave out and for which nothing better is known.
func (b *builder) value(fd protoreflect.FieldDescriptor, message func() any) any {
	if v, ok := fieldExamples[string(fd.FullName())]; ok {
		return v
	}
	if v := contractExample(fd); v != nil {
		return v
	}
	if v := b.setBy[fd.Parent().FullName()][fd.Name()]; v != nil {
		return v
	}
	if v, ok := fieldExamples[fd.JSONName()]; ok {
		return v
	}
	var v any
	switch {
	case fd.Message() != nil && !wellKnownType(fd.Message()):
		v = message()
	case fd.HasOptionalKeyword() || fd.Message() != nil:
		return nil
	case fd.IsList() && fd.Enum() == nil:
		return []any{}
	case fd.Enum() != nil:
		v = string(fd.Enum().Values().Get(1).Name())
	default:
		v = fd.Default().Interface()
	}
	if fd.IsList() {
		return []any{v}
	}
	return v
}

// contractExample is the example that stands beside a field in the contract, or nil.
func contractExample(fd protoreflect.FieldDescriptor) any {
	var s, items schema
	s.Items = &items
	if err := applyRules(&s, rulesOf(fd)); err != nil {
		return nil // reported where the schema is made
	}
	switch {
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(items.Examples) > 0:
		return slices.Clone(items.Examples)
	default:
		return nil
	}
}

// findSetters finds, for the fields of a resource, the examples of the requests that set them: a Master's bio is
// explained where CreateMaster takes it.
func (b *builder) findSetters() {
	for _, m := range b.contract.methods {
		resource := m.desc.Output().FullName()
		for i := range m.desc.Input().Fields().Len() {
			fd := m.desc.Input().Fields().Get(i)
			v := contractExample(fd)
			if v == nil || b.setBy[resource][fd.Name()] != nil {
				continue
			}
			if b.setBy[resource] == nil {
				b.setBy[resource] = map[protoreflect.Name]any{}
			}
			b.setBy[resource][fd.Name()] = v
		}
	}
}
