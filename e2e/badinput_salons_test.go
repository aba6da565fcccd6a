package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/beauty-salon/platform/e2e/salontest"
	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// unknownID is an id that nothing has.
const unknownID = "01890000-0000-7000-8000-000000000000"

// salons are salons that cannot exist, or cannot change like that.
func (w *world) salons() []refusal {
	create := func(name, field string, change func(*appointmentv1.CreateSalonRequest)) refusal {
		return refusal{
			name: name, as: w.Admin, method: appointmentv1.SalonService_CreateSalon_FullMethodName,
			req: newSalon(change), reason: "INVALID_FIELDS", fields: []string{field},
		}
	}
	zone := func(name, zone string) refusal {
		return create(name, "time_zone", func(r *appointmentv1.CreateSalonRequest) { r.TimeZone = zone })
	}
	slug := func(name, slug string) refusal {
		return create(name, "slug", func(r *appointmentv1.CreateSalonRequest) { r.Slug = slug })
	}
	update := func(name, reason, field string, req *appointmentv1.UpdateSalonRequest) refusal {
		req.SalonId = salontest.DefaultSalon
		r := refusal{name: name, as: w.Admin, method: appointmentv1.SalonService_UpdateSalon_FullMethodName, req: req, reason: reason}
		if field != "" {
			r.fields = []string{field}
		}
		return r
	}
	mask := func(path string) refusal {
		return update("mask with "+path+" of a salon", "INVALID_FIELDS", "update_mask", &appointmentv1.UpdateSalonRequest{
			Name: new("Changed"), UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"name", path}},
		})
	}
	remove := func(name, id, reason string) refusal {
		return refusal{
			name: name, as: w.Admin, method: appointmentv1.SalonService_DeleteSalon_FullMethodName,
			req: &appointmentv1.DeleteSalonRequest{SalonId: id}, reason: reason,
		}
	}
	unknown := func(name, method string, req proto.Message) refusal {
		return refusal{name: name + " an unknown salon", as: w.Admin, method: method, req: req, reason: "NOT_FOUND"}
	}
	inUnknown := func(name, method string, req proto.Message) refusal {
		return refusal{
			name: name + " in an unknown salon", as: w.Admin, method: method, req: req,
			reason: "INVALID_FIELDS", fields: []string{"salon_id"},
		}
	}
	taken := create("slug that is taken", "slug", func(r *appointmentv1.CreateSalonRequest) { r.Slug = "salon" })
	taken.reason = "SLUG_TAKEN"
	return []refusal{
		zone("unknown zone", "Mars/Olympus_Mons"), zone("no zone", ""), zone("zone of the machine", "Local"),
		zone("offset as zone", "UTC+02:00"), zone("path as zone", "../../etc/passwd"), zone("NUL in a zone", "Europe/Berlin\x00"),
		slug("slug in upper case", "Lumen"), slug("slug with two hyphens", "lumen--berlin"), slug("slug with a hyphen in front", "-lumen"),
		slug("slug with an underscore", "lumen_berlin"), slug("slug with a line break", "lumen\n"), slug("no slug", ""),
		slug("long slug", strings.Repeat("a", 61)), taken,
		create("no name of a salon", "name", func(r *appointmentv1.CreateSalonRequest) { r.Name = "" }),
		create("NUL in a name of a salon", "name", func(r *appointmentv1.CreateSalonRequest) { r.Name = "a\x00b" }),
		create("NUL in an address of a salon", "address", func(r *appointmentv1.CreateSalonRequest) { r.Address = "a\x00b" }),
		create("unknown currency of a salon", "currency_code", func(r *appointmentv1.CreateSalonRequest) { r.CurrencyCode = "XQX" }),
		create("currency of a salon in lower case", "currency_code", func(r *appointmentv1.CreateSalonRequest) { r.CurrencyCode = "eur" }),
		create("phone of a salon", "phone", func(r *appointmentv1.CreateSalonRequest) { r.Phone = "call us" }),
		create("e-mail of a salon", "email", func(r *appointmentv1.CreateSalonRequest) { r.Email = "lumen" }),
		create("pages of a salon", "website_url", func(r *appointmentv1.CreateSalonRequest) { r.WebsiteUrl = "http://lumen.example" }),
		update("to an unknown zone", "INVALID_FIELDS", "time_zone", &appointmentv1.UpdateSalonRequest{TimeZone: new("Berlin")}),
		update("to a slug that is none", "INVALID_FIELDS", "slug", &appointmentv1.UpdateSalonRequest{Slug: new("a b")}),
		update("to another currency than the services'", "INVALID_FIELDS", "currency_code", &appointmentv1.UpdateSalonRequest{CurrencyCode: new("USD")}),
		update("with a stale etag", "ETAG_MISMATCH", "", &appointmentv1.UpdateSalonRequest{Name: new("Changed"), Etag: "99"}),
		mask("is_default"), mask("salon_id"), mask("id"), mask("etag"),
		remove("delete the default salon", salontest.DefaultSalon, "DEFAULT_SALON"),
		remove("delete a salon that is not empty", w.otherCustomer.GetSalonId(), "SALON_NOT_EMPTY"),
		remove("delete an unknown salon", unknownID, "NOT_FOUND"),
		unknown("read", appointmentv1.SalonService_GetSalon_FullMethodName, &appointmentv1.GetSalonRequest{SalonId: unknownID}),
		unknown("change", appointmentv1.SalonService_UpdateSalon_FullMethodName,
			&appointmentv1.UpdateSalonRequest{SalonId: unknownID, Name: new("Changed")}),
		unknown("make the default", appointmentv1.SalonService_SetDefaultSalon_FullMethodName,
			&appointmentv1.SetDefaultSalonRequest{SalonId: unknownID}),
		unknown("list members of", userv1.MemberService_ListMembers_FullMethodName, &userv1.ListMembersRequest{SalonId: unknownID}),
		unknown("invite to", userv1.MemberService_InviteMember_FullMethodName, &userv1.InviteMemberRequest{
			SalonId: unknownID, Email: "mira@example.com", Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MASTER},
		}),
		inUnknown("a service", appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) { r.SalonId = new(unknownID) })),
		inUnknown("a customer", appointmentv1.CustomerService_CreateCustomer_FullMethodName,
			&appointmentv1.CreateCustomerRequest{SalonId: new(unknownID), DisplayName: "Ida Keller"}),
		inUnknown("a master", userv1.MasterService_CreateMaster_FullMethodName,
			&userv1.CreateMasterRequest{SalonId: new(unknownID), UserId: w.CustomerB.ID, DisplayName: "Mira Sol"}),
		{
			name: "salon's id cut short", method: appointmentv1.SalonService_GetSalon_FullMethodName,
			req: &appointmentv1.GetSalonRequest{SalonId: salontest.DefaultSalon[:35]}, reason: "INVALID_FIELDS", fields: []string{"salon_id"},
		},
		{
			name: "salon's id in a list cut short", method: appointmentv1.CatalogService_ListServices_FullMethodName,
			req:    &appointmentv1.ListServicesRequest{SalonId: new(salontest.DefaultSalon[:35])},
			reason: "INVALID_FIELDS", fields: []string{"salon_id"},
		},
		{
			name: "another currency than the salon's", as: w.Admin, method: appointmentv1.CatalogService_CreateService_FullMethodName,
			req: newService(func(r *appointmentv1.CreateServiceRequest) {
				r.Price = &apiv1.Money{CurrencyCode: "USD", AmountMinor: new(int32(100))}
			}),
			reason: "INVALID_FIELDS", fields: []string{"price.currency_code"},
		},
		{
			name: "a service of another salon", as: w.Admin, method: appointmentv1.CatalogService_PutOffering_FullMethodName,
			req:    &appointmentv1.PutOfferingRequest{MasterId: w.Master1.ID, ServiceId: w.other.Service.GetId()},
			reason: "INVALID_FIELDS", fields: []string{"service_id"},
		},
	}
}

// members are memberships that cannot be, or not for the caller.
func (w *world) members(t *testing.T) []refusal {
	const receptionist, unspecified = apiv1.SalonRole_SALON_ROLE_RECEPTIONIST, apiv1.SalonRole_SALON_ROLE_UNSPECIFIED
	var cases []refusal
	for name, roles := range map[string][]apiv1.SalonRole{
		"no roles":          nil,
		"unknown role":      {receptionist, 99},
		"unspecified role":  {unspecified},
		"the same role":     {receptionist, receptionist},
		"more than can be":  {1, 2, 3, 3},
		"a number below it": {-1},
	} {
		cases = append(cases,
			refusal{
				name: "invite with " + name, as: w.manager, method: userv1.MemberService_InviteMember_FullMethodName,
				req:    &userv1.InviteMemberRequest{SalonId: salontest.DefaultSalon, Email: "mira@example.com", Roles: roles},
				reason: "INVALID_FIELDS", fields: []string{"roles"},
			},
			refusal{
				name: "update with " + name, as: w.manager, method: userv1.MemberService_UpdateMember_FullMethodName,
				req:    &userv1.UpdateMemberRequest{SalonId: salontest.DefaultSalon, UserId: w.receptionist.ID, Roles: roles},
				reason: "INVALID_FIELDS", fields: []string{"roles"},
			})
	}
	for name, email := range map[string]string{"no address": "", "text": "mira", "line break": "mira\r\n@example.com"} {
		cases = append(cases, refusal{
			name: "invite " + name, as: w.manager, method: userv1.MemberService_InviteMember_FullMethodName,
			req: &userv1.InviteMemberRequest{
				SalonId: salontest.DefaultSalon, Email: email, Roles: []apiv1.SalonRole{receptionist},
			},
			reason: "INVALID_FIELDS", fields: []string{"email"},
		})
	}
	withRole := func(name, role string) refusal {
		body := `{"email":"mira@example.com","roles":["` + role + `"]}`
		return refusal{
			name: name, over: onlyREST, as: w.manager,
			http:   salontest.NewRequest(http.MethodPost, "/v1/salons/"+salontest.DefaultSalon+"/members:invite", body),
			reason: "MALFORMED_REQUEST", fields: []string{"roles"},
		}
	}
	accept := func(name string, as *salontest.Account, id, reason string) refusal {
		return refusal{
			name: name, as: as, method: userv1.MemberService_AcceptInvitation_FullMethodName,
			req: &userv1.AcceptInvitationRequest{InvitationId: id}, reason: reason,
		}
	}
	s := w.system
	open := s.Invite(t, salontest.DefaultSalon, w.CustomerB, receptionist).GetId()
	elsewhere := s.Invite(t, salontest.DefaultSalon, w.other.Master1, apiv1.SalonRole_SALON_ROLE_MASTER).GetId()
	answered := s.Invite(t, salontest.DefaultSalon, w.receptionist, receptionist).GetId()
	salontest.Do[proto.Message](t, s.REST(), w.receptionist, userv1.MemberService_DeclineInvitation_FullMethodName,
		&userv1.DeclineInvitationRequest{InvitationId: answered})
	member := func(name, method string, req proto.Message) refusal {
		return refusal{name: name + " who is no member", as: w.manager, method: method, req: req, reason: "NOT_FOUND"}
	}
	return append(cases,
		withRole("unknown role by name", "SALON_ROLE_OWNER"), withRole("role of the platform", "ROLE_ADMIN"),
		accept("accept somebody else's invitation", w.CustomerA, open, "NOT_FOUND"),
		accept("accept an unknown invitation", w.CustomerA, unknownID, "NOT_FOUND"),
		accept("accept what was declined", w.receptionist, answered, "INVITATION_CLOSED"),
		accept("accept as a master of another salon", w.other.Master1, elsewhere, "MASTER_ELSEWHERE"),
		refusal{
			name: "a master of another salon", as: w.Admin, method: userv1.MasterService_CreateMaster_FullMethodName,
			req:    &userv1.CreateMasterRequest{UserId: w.other.Master1.ID, SalonId: new(salontest.DefaultSalon), DisplayName: "Again"},
			reason: "MASTER_ELSEWHERE",
		},
		refusal{
			name: "a manager's master who is no member", as: w.manager, method: userv1.MasterService_CreateMaster_FullMethodName,
			req: &userv1.CreateMasterRequest{UserId: w.CustomerB.ID, DisplayName: "Stranger"}, reason: "NOT_FOUND",
		},
		member("read somebody", userv1.MemberService_GetMember_FullMethodName,
			&userv1.GetMemberRequest{SalonId: salontest.DefaultSalon, UserId: w.CustomerA.ID}),
		member("remove somebody", userv1.MemberService_RemoveMember_FullMethodName,
			&userv1.RemoveMemberRequest{SalonId: salontest.DefaultSalon, UserId: w.CustomerA.ID}),
		member("change somebody", userv1.MemberService_UpdateMember_FullMethodName, &userv1.UpdateMemberRequest{
			SalonId: salontest.DefaultSalon, UserId: w.CustomerA.ID, Roles: []apiv1.SalonRole{receptionist},
		}),
		refusal{
			name: "member's id cut short", as: w.manager, method: userv1.MemberService_GetMember_FullMethodName,
			req:    &userv1.GetMemberRequest{SalonId: salontest.DefaultSalon, UserId: w.receptionist.ID[:35]},
			reason: "INVALID_FIELDS", fields: []string{"user_id"},
		},
		refusal{
			name: "stale etag of a member", as: w.manager, method: userv1.MemberService_UpdateMember_FullMethodName,
			req: &userv1.UpdateMemberRequest{
				SalonId: salontest.DefaultSalon, UserId: w.receptionist.ID, Roles: []apiv1.SalonRole{apiv1.SalonRole_SALON_ROLE_MANAGER},
				Etag: "99",
			},
			reason: "ETAG_MISMATCH",
		},
	)
}
