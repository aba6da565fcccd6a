package e2e_test

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	ratingv1 "github.com/beauty-salon/platform/gen/salon/rating/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// texts are texts that nobody could read, or that would break what shows them.
func (w *world) texts() []refusal {
	register := func(name, field string, change func(*userv1.RegisterRequest)) refusal {
		return refusal{
			name: name, method: userv1.AuthService_Register_FullMethodName, req: registration(change),
			reason: "INVALID_FIELDS", fields: []string{field},
		}
	}
	called := func(name, displayName string) refusal {
		return register(name, "display_name", func(r *userv1.RegisterRequest) { r.DisplayName = displayName })
	}
	address := func(name, email string) refusal {
		return register(name, "email", func(r *userv1.RegisterRequest) { r.Email = email })
	}
	nul := func(name string, as salontest.Identity, method string, req proto.Message, field string) refusal {
		return refusal{name: "NUL in " + name, as: as, method: method, req: req, reason: "INVALID_FIELDS", fields: []string{field}}
	}
	const text = "a\x00b"
	list := appointmentv1.CatalogService_ListServices_FullMethodName
	return []refusal{
		called("NUL in a name", text),
		called("line break in a name", "Anna\r\nBcc: all@example.com"),
		called("zero-width name", "\u200b\u200d\ufeff"),
		called("name of spaces", " \u00a0\u3000 "),
		called("bidirectional controls", "Anna\u202egpj.exe"),
		called("bidirectional embedding", "Anna \u202bx\u202c"),
		called("direction marks alone", "\u200e\u200f\u061c"),
		called("bidirectional isolates", "Anna \u2066x\u2069"),
		called("300 letters", strings.Repeat("a", 300)),
		called("pile of marks", "Anna"+strings.Repeat("\u0301", 60)),
		called("name of marks", strings.Repeat("\u0301", 3)),
		address("line break in an address", "anna\r\nbcc@example.com"),
		address("NUL in an address", "anna\x00@example.com"),
		address("no address", "anna"),
		address("two addresses", "a@example.com,b@example.com"),
		address("long address", strings.Repeat("a", 250)+"@example.com"),
		register("NUL in a password", "password", func(r *userv1.RegisterRequest) { r.Password = "long enough\x00" }),
		register("short password", "password", func(r *userv1.RegisterRequest) { r.Password = "1234567" }),
		register("no phone number", "phone", func(r *userv1.RegisterRequest) { r.Phone = "call me" }),
		register("no request id", "request_id", func(r *userv1.RegisterRequest) { r.RequestId = "1" }),
		{
			name: "common password", method: userv1.AuthService_Register_FullMethodName,
			req:    registration(func(r *userv1.RegisterRequest) { r.Password = "password1" }),
			reason: "WEAK_PASSWORD", fields: []string{"password"},
		},
		nul("a query", nil, list, &appointmentv1.ListServicesRequest{Query: text}, "query"),
		nul("a category", nil, list, &appointmentv1.ListServicesRequest{Category: text}, "category"),
		nul("a specialty", nil, userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{Specialty: text}, "specialty"),
		nul("a note", w.CustomerA, appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			withNote(salontest.Booking(w.Master1, w.Service, w.system.NextStart()), text), "note"),
		nul("a reason", w.CustomerA, appointmentv1.AppointmentService_CancelAppointment_FullMethodName,
			&appointmentv1.CancelAppointmentRequest{AppointmentId: w.pending.GetId(), Reason: text}, "reason"),
		nul("a comment", w.CustomerA, ratingv1.RatingService_UpdateRating_FullMethodName,
			&ratingv1.UpdateRatingRequest{RatingId: w.rating.GetId(), Comment: new(text)}, "comment"),
		nul("a reply", w.Master1, ratingv1.RatingService_ReplyToRating_FullMethodName,
			&ratingv1.ReplyToRatingRequest{RatingId: w.rating.GetId(), Reply: new(text)}, "reply"),
		nul("a specialty of one's own", w.Master1, userv1.MasterService_UpdateMaster_FullMethodName,
			&userv1.UpdateMasterRequest{MasterId: w.Master1.ID, Specialties: []string{"cuts", text}}, "specialties[1]"),
		nul("an etag", w.CustomerA, userv1.UserService_UpdateMe_FullMethodName,
			&userv1.UpdateMeRequest{DisplayName: new("X"), Etag: text}, "etag"),
		nul("a page token", nil, list, &appointmentv1.ListServicesRequest{PageToken: text}, "page_token"),
		nul("an order", nil, userv1.MasterService_ListMasters_FullMethodName, &userv1.ListMastersRequest{OrderBy: text}, "order_by"),
	}
}

func withNote(r *appointmentv1.CreateAppointmentRequest, note string) *appointmentv1.CreateAppointmentRequest {
	r.Note = note
	return r
}

// states are requests that come at the wrong time, or reach for what is not theirs to write.
func (w *world) states() []refusal {
	rate := func(name, id string, stars int32, reason string, fields ...string) refusal {
		return refusal{
			name: name, as: w.CustomerA, method: ratingv1.RatingService_CreateRating_FullMethodName,
			req: &ratingv1.CreateRatingRequest{AppointmentId: id, Stars: stars}, reason: reason, fields: fields,
		}
	}
	mask := func(name string, as salontest.Identity, method string, req proto.Message) refusal {
		return refusal{
			name: "mask with " + name, as: as, method: method, req: req, reason: "INVALID_FIELDS", fields: []string{"update_mask"},
		}
	}
	me := func(path string) refusal {
		return mask(path+" of oneself", w.CustomerA, userv1.UserService_UpdateMe_FullMethodName,
			&userv1.UpdateMeRequest{DisplayName: new("Changed"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", path}}})
	}
	master := func(path string) refusal {
		return mask(path+" of a master", w.Master1, userv1.MasterService_UpdateMaster_FullMethodName, &userv1.UpdateMasterRequest{
			MasterId: w.Master1.ID, Bio: new("Changed"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"bio", path}},
		})
	}
	cancel := appointmentv1.AppointmentService_CancelAppointment_FullMethodName
	return []refusal{
		rate("no stars", w.completed.GetId(), 0, "INVALID_FIELDS", "stars"),
		rate("6 stars", w.completed.GetId(), 6, "INVALID_FIELDS", "stars"),
		rate("an appointment that never was", w.pending.GetId(), 5, "NOT_COMPLETED"),
		rate("an appointment that is unknown", w.Master1.ID, 5, "NOT_FOUND"),
		rate("an appointment that is rated", w.rating.GetAppointmentId(), 5, "ALREADY_RATED"),
		{
			name: "cancel a completed appointment", as: w.CustomerA, method: cancel,
			req: &appointmentv1.CancelAppointmentRequest{AppointmentId: w.completed.GetId()}, reason: "ILLEGAL_STATE",
		},
		{
			name: "decline a completed appointment", as: w.Master1, method: declineAppointment,
			req: &appointmentv1.DeclineAppointmentRequest{AppointmentId: w.completed.GetId()}, reason: "ILLEGAL_STATE",
		},
		{
			name: "decline one's own request", as: w.CustomerA, method: declineAppointment,
			req: &appointmentv1.DeclineAppointmentRequest{AppointmentId: w.pending.GetId()}, reason: "PERMISSION_DENIED",
		},
		{
			name: "a reason that is too long", as: w.Master1, method: declineAppointment,
			req:    &appointmentv1.DeclineAppointmentRequest{AppointmentId: w.pending.GetId(), Reason: strings.Repeat("x", 501)},
			reason: "INVALID_FIELDS", fields: []string{"reason"},
		},
		{
			name: "complete an appointment that is not confirmed", as: w.Master1,
			method: appointmentv1.AppointmentService_CompleteAppointment_FullMethodName,
			req:    &appointmentv1.CompleteAppointmentRequest{AppointmentId: w.pending.GetId()}, reason: "ILLEGAL_STATE",
		},
		{
			name: "a slot that is taken", as: w.CustomerB, method: appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			req:    salontest.Booking(w.Master1, w.Service, w.pending.GetStartTime().AsTime()),
			reason: "SLOT_UNAVAILABLE", fields: []string{"start_time"},
		},
		{
			name: "an appointment for somebody else", as: w.CustomerB, method: appointmentv1.AppointmentService_CreateAppointment_FullMethodName,
			req:    forCustomer(salontest.Booking(w.Master1, w.Service, w.system.NextStart()), w.pending.GetCustomerId()),
			reason: "PERMISSION_DENIED", fields: []string{"customer_id"},
		},
		{
			name: "a service of the same name", as: w.Admin, method: appointmentv1.CatalogService_CreateService_FullMethodName,
			req:    newService(func(r *appointmentv1.CreateServiceRequest) { r.Name = strings.ToUpper(w.Service.GetName()) }),
			reason: "SERVICE_NAME_TAKEN", fields: []string{"name"},
		},
		{
			name: "an address that is taken, in capitals", method: userv1.AuthService_Register_FullMethodName,
			req:    registration(func(r *userv1.RegisterRequest) { r.Email = strings.ToUpper(w.CustomerA.Email) }),
			reason: "EMAIL_TAKEN", fields: []string{"email"},
		},
		me("role"), me("user_id"), me("id"), me("email"), me("etag"), me("disabled"), me("display_name.x"),
		master("user_id"), master("master_id"), master("rating_mean"), master("state"),
		mask("state of a service", w.Admin, appointmentv1.CatalogService_UpdateService_FullMethodName,
			&appointmentv1.UpdateServiceRequest{
				ServiceId: w.Service.GetId(), Name: new("Changed"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", "state"}},
			}),
		mask("master of a rating", w.CustomerA, ratingv1.RatingService_UpdateRating_FullMethodName,
			&ratingv1.UpdateRatingRequest{
				RatingId: w.rating.GetId(), Stars: new(int32(1)), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"stars", "master_id"}},
			}),
		{
			name: "a stale etag", as: w.CustomerA, method: userv1.UserService_UpdateMe_FullMethodName,
			req: &userv1.UpdateMeRequest{DisplayName: new("Changed"), Etag: "99"}, reason: "ETAG_MISMATCH",
		},
		{
			name: "an etag that is none", as: w.CustomerA, method: userv1.UserService_UpdateMe_FullMethodName,
			req: &userv1.UpdateMeRequest{DisplayName: new("Changed"), Etag: "latest"}, reason: "ETAG_MISMATCH",
		},
	}
}

func forCustomer(r *appointmentv1.CreateAppointmentRequest, id string) *appointmentv1.CreateAppointmentRequest {
	r.CustomerId = new(id)
	return r
}
