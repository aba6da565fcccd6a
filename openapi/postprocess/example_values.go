package main

import (
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
	exampleClosure      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0b"
	exampleOverride     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0c"
	exampleTimeOff      = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0d"
	exampleKind         = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0e"
	exampleResource     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c0f"
	exampleOutOfUse     = "019a0c4e-5b1a-7c3e-9f20-6a1d4e8b0c10"
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
	"salon.appointment.v1.Offering.bookable":         true,
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

	"salon.appointment.v1.BookingPolicy.confirmation":              "CONFIRMATION_ALWAYS",
	"salon.appointment.v1.Service.online_bookable":                 true,
	"salon.appointment.v1.Service.lead_time_override_minutes":      nil,
	"salon.appointment.v1.Service.horizon_override_days":           nil,
	"salon.appointment.v1.Service.slot_step_override_minutes":      nil,
	"salon.appointment.v1.Offering.duration_minutes":               75,
	"salon.appointment.v1.Offering.phases_override":                []any{},
	"salon.appointment.v1.Phase.duration_minutes":                  60,
	"salon.appointment.v1.Slot.local_date":                         "2027-06-14",
	"salon.appointment.v1.Slot.local_time":                         "11:00",
	"salon.appointment.v1.Slot.utc_offset_minutes":                 120,
	"salon.appointment.v1.Slot.duration_minutes":                   60,
	"salon.appointment.v1.Slot.alternatives":                       1,
	"salon.appointment.v1.Slot.quote":                              "the-quote-of-this-slot",
	"salon.appointment.v1.Slot.quote_expire_time":                  "2027-06-01T08:15:00Z",
	"salon.appointment.v1.SearchAvailabilityResponse.reasons":      []any{},
	"salon.appointment.v1.ExplainSlotResponse.local_date":          "2027-06-14",
	"salon.appointment.v1.ExplainSlotResponse.local_time":          "11:00",
	"salon.appointment.v1.Block.reason":                            "BLOCK_REASON_BOOKED",
	"salon.appointment.v1.Block.text":                              "the master is taken",
	"salon.appointment.v1.Block.rule_owner":                        "RULE_OWNER_MASTER",
	"salon.appointment.v1.Block.resource_kind_id":                  "",
	"salon.appointment.v1.Block.appointment_id":                    "",
	"salon.appointment.v1.SlotCheck.bookable":                      true,
	"salon.appointment.v1.SlotCheck.reasons":                       []any{},
	"salon.appointment.v1.Closure.id":                              exampleClosure,
	"salon.appointment.v1.Closure.start_date":                      "2027-12-24",
	"salon.appointment.v1.Closure.end_date":                        "2027-12-26",
	"salon.appointment.v1.Closure.intervals":                       []any{},
	"salon.appointment.v1.Closure.title":                           "Christmas",
	"salon.appointment.v1.Override.id":                             exampleOverride,
	"salon.appointment.v1.Override.start_date":                     "2027-05-03",
	"salon.appointment.v1.Override.end_date":                       "2027-05-03",
	"salon.appointment.v1.Override.note":                           "Late shift",
	"salon.appointment.v1.TimeOff.id":                              exampleTimeOff,
	"salon.appointment.v1.TimeOff.start_time":                      "2027-10-26T22:00:00Z",
	"salon.appointment.v1.TimeOff.end_time":                        "2027-10-31T23:00:00Z",
	"salon.appointment.v1.TimeOff.start_date":                      "2027-10-27",
	"salon.appointment.v1.TimeOff.end_date":                        "2027-10-31",
	"salon.appointment.v1.TimeOff.note":                            "Seaside",
	"salon.appointment.v1.ScheduleDay.date":                        "2027-05-03",
	"salon.appointment.v1.ScheduleDay.start_time":                  "2027-05-02T22:00:00Z",
	"salon.appointment.v1.ScheduleDay.end_time":                    "2027-05-03T22:00:00Z",
	"salon.appointment.v1.ScheduleDay.hours_source":                "SCHEDULE_SOURCE_WORKING_HOURS",
	"salon.appointment.v1.ScheduleDay.salon_source":                "SCHEDULE_SOURCE_OPENING_HOURS",
	"salon.appointment.v1.ScheduleDay.time_off":                    []any{},
	"salon.appointment.v1.OpenInterval.start_time":                 "2027-05-03T07:00:00Z",
	"salon.appointment.v1.OpenInterval.end_time":                   "2027-05-03T16:00:00Z",
	"salon.appointment.v1.OpenInterval.start":                      "09:00",
	"salon.appointment.v1.OpenInterval.end":                        "18:00",
	"salon.appointment.v1.ResourceKind.id":                         exampleKind,
	"salon.appointment.v1.Resource.id":                             exampleResource,
	"salon.appointment.v1.Resource.active":                         true,
	"salon.appointment.v1.ResourceClosure.id":                      exampleOutOfUse,
	"salon.appointment.v1.ResourceClosure.note":                    "Being repaired.",
	"salon.appointment.v1.SetOpeningHoursResponse.conflicts":       []any{},
	"salon.appointment.v1.SetWorkingHoursResponse.conflicts":       []any{},
	"salon.appointment.v1.UpdateResourceResponse.conflicts":        []any{},
	"salon.appointment.v1.CreateTimeOffResponse.conflicts":         []any{},
	"salon.appointment.v1.CreateOverrideResponse.conflicts":        []any{},
	"salon.appointment.v1.DeleteOverrideResponse.conflicts":        []any{},
	"salon.appointment.v1.DeleteClosureResponse.conflicts":         []any{},
	"salon.appointment.v1.CreateResourceClosureResponse.conflicts": []any{},
	"salon.appointment.v1.Conflict.master_ids":                     []any{exampleMaster},

	"appointmentId":        exampleAppointment,
	"appointmentStartTime": "2027-06-14T09:00:00Z",
	"closureId":            exampleClosure,
	"createTime":           "2027-06-01T08:00:00Z",
	"customerId":           exampleCustomer,
	"endTime":              "2027-06-14T10:00:00Z",
	"etag":                 "1",
	"invitationId":         exampleInvitation,
	"markedCount":          3,
	"masterId":             exampleMaster,
	"masterName":           "Mira Sol",
	"nextPageToken":        "",
	"notificationId":       exampleNotification,
	"overrideId":           exampleOverride,
	"ratingId":             exampleRating,
	"resourceClosureId":    exampleOutOfUse,
	"resourceId":           exampleResource,
	"resourceKindId":       exampleKind,
	"refreshToken":         "the-token-of-the-last-answer",
	"salonId":              exampleSalon,
	"serviceId":            exampleService,
	"serviceName":          "Cut and blow-dry",
	"sessionId":            exampleSession,
	"startTime":            "2027-06-14T09:00:00Z",
	"startTimes":           []any{"2027-06-14T09:00:00Z"},
	"timeOffId":            exampleTimeOff,
	"timeZone":             "Europe/Berlin",
	"updateTime":           "2027-06-01T08:00:00Z",
	"userId":               exampleUser,
}

// outcomes are what the answer of a verb shows that makes it different from the resource's other answers.
var outcomes = map[protoreflect.Name]map[string]any{
	"CancelAppointment": {
		"state": "APPOINTMENT_STATE_CANCELLED", "cancelledBy": "ACTOR_CUSTOMER", "cancelReason": "I am ill.", "etag": "2",
	},
	"ConfirmAppointment":   {"state": "APPOINTMENT_STATE_CONFIRMED", "etag": "2"},
	"CompleteAppointment":  {"state": "APPOINTMENT_STATE_COMPLETED", "etag": "3"},
	"MarkNoShow":           {"state": "APPOINTMENT_STATE_NO_SHOW", "etag": "3"},
	"SetUserRole":          {"role": "ROLE_ADMIN", "etag": "2"},
	"DisableUser":          {"disabled": true, "etag": "2"},
	"ReplyToRating":        {"reply": "Thank you, see you soon!", "replyTime": "2027-06-15T08:00:00Z", "etag": "2"},
	"MarkNotificationRead": {"readTime": "2027-06-02T08:00:00Z"},
	"DeleteResource":       {"resource": nil},
}
