package e2e_test

import (
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// addresses are e-mail addresses that cannot be (RFC 5321), in every field that takes one.
func (w *world) addresses() []refusal {
	fields := []struct {
		name   string
		as     salontest.Identity
		method string
		req    func(email string) proto.Message
	}{
		{"registration", nil, userv1.AuthService_Register_FullMethodName, func(email string) proto.Message {
			return registration(func(r *userv1.RegisterRequest) { r.Email = email })
		}},
		{"sign-in", nil, userv1.AuthService_Login_FullMethodName, func(email string) proto.Message {
			return &userv1.LoginRequest{Email: email, Password: salontest.Password}
		}},
		{"invitation", w.manager, userv1.MemberService_InviteMember_FullMethodName, func(email string) proto.Message {
			return &userv1.InviteMemberRequest{
				SalonId: salontest.DefaultSalon, Email: email, Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_RECEPTIONIST},
			}
		}},
		{"new customer", w.receptionist, createCustomer, func(email string) proto.Message {
			return &appointmentv1.CreateCustomerRequest{DisplayName: "Ida Keller", Email: email}
		}},
		{"customer", w.receptionist, updateCustomer, func(email string) proto.Message {
			return &appointmentv1.UpdateCustomerRequest{CustomerId: w.unregistered.GetId(), Email: &email}
		}},
		{"new salon", w.Admin, appointmentv1.SalonService_CreateSalon_FullMethodName, func(email string) proto.Message {
			return newSalon(func(r *appointmentv1.CreateSalonRequest) { r.Email = email })
		}},
		{"salon", w.Admin, updateSalon, func(email string) proto.Message {
			return &appointmentv1.UpdateSalonRequest{SalonId: salontest.DefaultSalon, Email: &email}
		}},
	}
	var cases []refusal
	for name, email := range map[string]string{
		"65 characters before the @":  strings.Repeat("a", 65) + "@example.com",
		"dot in front":                ".anna@example.com",
		"dot before the @":            "anna.@example.com",
		"two dots":                    "an..na@example.com",
		"domain with a dot in front":  "anna@.example.com",
		"domain with two dots":        "anna@example..com",
		"domain with a dot at end":    "anna@example.com.",
		"label with a hyphen at end":  "anna@example-.com",
		"label of 64 characters":      "anna@" + strings.Repeat("a", 64) + ".com",
		"network address as a domain": "anna@192.0.2.1",
		"embedding":                   "anna\u202a@example.com",
	} {
		for _, f := range fields {
			cases = append(cases, refusal{
				name: name + ", " + f.name, as: f.as, method: f.method, req: f.req(email), reason: "INVALID_FIELDS", fields: []string{"email"},
			})
		}
	}
	return cases
}
