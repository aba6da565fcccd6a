package e2e_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/beauty-salon/platform/e2e/salontest"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
)

// TestUnusualText sends texts that look wrong and are not: they are kept to the letter.
func TestUnusualText(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	customer := s.NewCustomer(t, "Customer")
	for name, text := range map[string]string{
		"emoji":           "Zoë 👩‍🎤💇🏽",
		"right to left":   "نور الهدى",
		"script":          "<script>alert(1)</script>",
		"formula":         "=cmd|'/c calc'!A1",
		"SQL":             "Robert'); DROP TABLE users;--",
		"placeholders":    "%s %d {{.}} ${HOME} \\u0041",
		"quotes":          `"O'Neil" \ /`,
		"hundred letters": strings.Repeat("ß", 100),
	} {
		t.Run(name, func(t *testing.T) {
			salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
				salontest.Do[*userv1.User](t, c, customer, userv1.UserService_UpdateMe_FullMethodName, &userv1.UpdateMeRequest{DisplayName: &text})
				for _, reader := range s.Callers() {
					got := salontest.Do[*userv1.User](t, reader, s.Admin(), userv1.UserService_GetUser_FullMethodName,
						&userv1.GetUserRequest{UserId: customer.ID})
					if got.GetDisplayName() != text {
						t.Errorf("%s: %q became %q", reader.Name(), text, got.GetDisplayName())
					}
				}
			})
		})
	}
}

// TestTextIsNormalised: what looks the same is stored the same.
func TestTextIsNormalised(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		customer := registration(func(r *userv1.RegisterRequest) {
			r.DisplayName = "  Zoe\u0308 " // with a combining diaeresis
			r.Email = "  " + strings.ToUpper(r.GetEmail()) + " "
		})
		user := salontest.Do[*userv1.User](t, c, nil, userv1.AuthService_Register_FullMethodName, customer)
		if user.GetDisplayName() != "Zo\u00eb" || user.GetEmail() != strings.ToLower(strings.TrimSpace(customer.GetEmail())) {
			t.Errorf("registered %q %q", user.GetDisplayName(), user.GetEmail())
		}
		// The dotless i is another letter, whose capital is that of the ordinary one.
		other := strings.Replace(strings.ToLower(strings.TrimSpace(customer.GetEmail())), "i", "ı", 1)
		for _, email := range []string{other, strings.ToUpper(other)} {
			if strings.EqualFold(email, user.GetEmail()) {
				continue
			}
			got := c.Call(t, nil, userv1.AuthService_Login_FullMethodName, &userv1.LoginRequest{Email: email, Password: customer.GetPassword()})
			if got.Code == codes.OK {
				t.Errorf("%q signed in as %q", email, user.GetEmail())
			}
		}
	})
}

// TestDirectionMarks: marks that come with text copied from chats are removed from everything but passwords.
func TestDirectionMarks(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		plain := registration(func(r *userv1.RegisterRequest) {
			r.Email = strings.Repeat("a", 64-len(salontest.Unique())) + salontest.Unique() + "@example.com" // as long as it may be
			r.DisplayName, r.Phone = strings.Repeat("ن", 100), "+4930123456"
		})
		marked := proto.CloneOf(plain)
		marked.Email, marked.Phone = "\u200e"+plain.GetEmail()+"\u200f", "\u200e"+plain.GetPhone()+"\u061c"
		marked.DisplayName = "\u200f" + plain.GetDisplayName() + " \u200e"
		marked.Password += "\u200e"
		user := salontest.Do[*userv1.User](t, c, nil, userv1.AuthService_Register_FullMethodName, marked)
		if user.GetEmail() != plain.GetEmail() || user.GetPhone() != plain.GetPhone() || user.GetDisplayName() != plain.GetDisplayName() {
			t.Errorf("registered %+q %+q %+q", user.GetEmail(), user.GetPhone(), user.GetDisplayName())
		}
		login := &userv1.LoginRequest{Email: marked.GetEmail(), Password: plain.GetPassword()}
		c.Call(t, nil, userv1.AuthService_Login_FullMethodName, login).Want(t, codes.Unauthenticated, "BAD_CREDENTIALS")
		login.Password = marked.GetPassword()
		salontest.Do[*userv1.TokenPair](t, c, nil, userv1.AuthService_Login_FullMethodName, login)

		cast := s.NewCast(t)
		booked := book(t, c, cast.CustomerA, withNote(salontest.Booking(cast.Master1, cast.Service, s.NextStart()), "\u200eone\u200f\ntwo\u061c"))
		if booked.GetNote() != "one\ntwo" {
			t.Errorf("the note is %+q", booked.GetNote())
		}
		name := cast.Service.GetName()
		found := salontest.Do[*appointmentv1.ListServicesResponse](t, c, nil, appointmentv1.CatalogService_ListServices_FullMethodName,
			&appointmentv1.ListServicesRequest{Query: "\u200e" + name[:3] + "\u200f" + name[3:]})
		if len(found.GetServices()) != 1 || found.GetServices()[0].GetId() != cast.Service.GetId() {
			t.Errorf("%q found %v", name, found.GetServices())
		}
	})
}

// TestSearchFolds: every search goes by letters, not by their case, accents, width or composition.
func TestSearchFolds(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	unique := salontest.Unique()
	name := "Straße İpek ΟΔΥΣΣΕΥΣ Ame\u0301lie ＡＢＣ " + unique
	cast := s.NewCast(t)
	salontest.Do[*userv1.User](t, s.REST(), cast.Master1, userv1.UserService_UpdateMe_FullMethodName, &userv1.UpdateMeRequest{DisplayName: &name})
	salontest.Do[*userv1.Master](t, s.REST(), cast.Master1, userv1.MasterService_UpdateMaster_FullMethodName,
		&userv1.UpdateMasterRequest{MasterId: cast.Master1.ID, DisplayName: &name, Specialties: []string{name}})
	s.NewServiceOf(t, salontest.DefaultSalon, func(r *appointmentv1.CreateServiceRequest) { r.Name = name })
	s.NewSalon(t, func(r *appointmentv1.CreateSalonRequest) { r.Name = name })
	salontest.Do[*appointmentv1.Customer](t, s.REST(), s.Admin(), createCustomer, &appointmentv1.CreateCustomerRequest{DisplayName: name})
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for _, query := range []string{
			name, strings.ToUpper(name), strings.ToLower(name),
			"STRASSE ipek οδυσσευς Amélie abc " + unique, "stra\u1e9ee I\u0307pek Οδυσσεύς amelie ａｂｃ " + unique,
		} {
			for method, req := range map[string]proto.Message{
				userv1.UserService_ListUsers_FullMethodName:              &userv1.ListUsersRequest{Query: query},
				userv1.MasterService_ListMasters_FullMethodName:          &userv1.ListMastersRequest{Query: query, Specialty: query},
				appointmentv1.CatalogService_ListServices_FullMethodName: &appointmentv1.ListServicesRequest{Query: query},
				appointmentv1.SalonService_ListSalons_FullMethodName:     &appointmentv1.ListSalonsRequest{Query: query},
				listCustomers: &appointmentv1.ListCustomersRequest{Query: query},
			} {
				got := c.Call(t, s.Admin(), method, req)
				if got.Code != codes.OK || len(idsOf(got.Message)) != 1 {
					t.Errorf("%s %q: %v", method, query, got)
				}
			}
		}
	})
}

// TestSearchIsLiteral: what means something to a database means nothing in a search.
func TestSearchIsLiteral(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	c := s.REST()
	for _, text := range []string{"100%_sure", `back\slash`, "'; DROP TABLE services;--", "(?i)x", "a*"} {
		name := text + " " + salontest.Unique()
		salontest.Do[*appointmentv1.Service](t, c, s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) { r.Name = name }))
		salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
			got := salontest.Do[*appointmentv1.ListServicesResponse](t, c, nil,
				appointmentv1.CatalogService_ListServices_FullMethodName, &appointmentv1.ListServicesRequest{Query: name})
			if len(got.GetServices()) != 1 || got.GetServices()[0].GetName() != name {
				t.Errorf("%q found %v", name, got.GetServices())
			}
		})
	}
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for _, text := range []string{"%", "_______________________", "%_%"} {
			got := salontest.Do[*userv1.ListMastersResponse](t, c, nil, userv1.MasterService_ListMasters_FullMethodName,
				&userv1.ListMastersRequest{Query: text})
			if len(got.GetMasters()) != 0 {
				t.Errorf("%q found %d masters", text, len(got.GetMasters()))
			}
		}
	})
}

// TestUpperCaseID: ids are compared as numbers and answered in lower case.
func TestUpperCaseID(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	master := people(t).Master1
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		for range 2 { // from the service, and from the gateway's memory
			got := salontest.Do[*userv1.Master](t, c, nil, userv1.MasterService_GetMaster_FullMethodName,
				&userv1.GetMasterRequest{MasterId: strings.ToUpper(master.ID)})
			if got.GetId() != master.ID {
				t.Errorf("got id %q, want %q", got.GetId(), master.ID)
			}
		}
	})
}

// TestPageSizes: none is the default, too many are capped, and the pages make up the list.
func TestPageSizes(t *testing.T) {
	t.Parallel()
	s := shared.Get(t)
	category := "Pages " + salontest.Unique()
	const count = 103
	for i := range count {
		salontest.Do[*appointmentv1.Service](t, s.GRPC(), s.Admin(), appointmentv1.CatalogService_CreateService_FullMethodName,
			newService(func(r *appointmentv1.CreateServiceRequest) {
				r.Category, r.Name = category, fmt.Sprintf("%s %03d", category, i)
			}))
	}
	salontest.Both(t, s, func(t *testing.T, c salontest.Caller) {
		list := func(size int32, token string) *appointmentv1.ListServicesResponse {
			return salontest.Do[*appointmentv1.ListServicesResponse](t, c, nil, appointmentv1.CatalogService_ListServices_FullMethodName,
				&appointmentv1.ListServicesRequest{Category: category, PageSize: size, PageToken: token})
		}
		for size, want := range map[int32]int{0: 50, 1: 1, 100: 100, 1_000_000_000: 100} {
			if got := len(list(size, "").GetServices()); got != want {
				t.Errorf("a page of size %d has %d", size, got)
			}
		}
		var names []string
		page := list(40, "")
		for {
			for _, service := range page.GetServices() {
				names = append(names, service.GetName())
			}
			if page.GetNextPageToken() == "" {
				break
			}
			page = list(40, page.GetNextPageToken())
		}
		if len(names) != count {
			t.Fatalf("the pages have %d services, want %d", len(names), count)
		}
		for i, name := range names {
			if want := fmt.Sprintf("%s %03d", category, i); name != want {
				t.Fatalf("number %d is %q, want %q", i, name, want)
			}
		}
	})
}
