package people

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

func TestCreateCustomer(t *testing.T) {
	f := newFixture(t).signedIn()
	req := &appointmentv1.CreateCustomerRequest{
		DisplayName: " Ida Keller ", Phone: "+4930123456", Email: "Ida@Salon.example", Notes: "Prefers\nmornings.", RequestId: f.NewID(),
	}
	who := f.staff(f.other, master)
	got, err := f.client.CreateCustomer(f.As(who), req)
	if err != nil {
		t.Fatal(err)
	}
	now := timestamppb.New(f.Clock.Now())
	servicetest.WantMessage(t, got, &appointmentv1.Customer{
		Id: got.GetId(), SalonId: f.other, DisplayName: "Ida Keller", Phone: "+4930123456", Email: "ida@salon.example",
		Notes: "Prefers\nmornings.", CreateTime: now, UpdateTime: now, Etag: "1",
	})
	again, err := f.client.CreateCustomer(f.As(who), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	read, err := f.client.GetCustomer(f.As(who), &appointmentv1.GetCustomerRequest{CustomerId: got.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, read, got)

	here, err := f.client.CreateCustomer(f.As(f.admin), &appointmentv1.CreateCustomerRequest{DisplayName: "Ida"})
	if err != nil || here.GetSalonId() != id.FirstSalon {
		t.Errorf("of an administrator, without a salon: %v, %v", here, err)
	}
}

func TestCreateCustomerIsRefused(t *testing.T) {
	f := newFixture(t).signedIn()
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.CreateCustomerRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, &appointmentv1.CreateCustomerRequest{}, codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"a customer", f.SignIn(apiv1.Role_ROLE_CUSTOMER), &appointmentv1.CreateCustomerRequest{}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{
			"staff of another salon", f.staff(f.other, manager), &appointmentv1.CreateCustomerRequest{SalonId: new(id.FirstSalon)},
			codes.PermissionDenied, "PERMISSION_DENIED", "",
		},
		{
			"no such salon", f.admin, &appointmentv1.CreateCustomerRequest{SalonId: new(f.NewID())},
			codes.InvalidArgument, "INVALID_FIELDS", "salon_id",
		},
		{
			"no address", f.admin, &appointmentv1.CreateCustomerRequest{Email: "ida"},
			codes.InvalidArgument, "INVALID_FIELDS", "email",
		},
		{
			"no number", f.admin, &appointmentv1.CreateCustomerRequest{Phone: "030"},
			codes.InvalidArgument, "INVALID_FIELDS", "phone",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.req.DisplayName = "Ida"
			_, err := f.client.CreateCustomer(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	_, err := f.client.CreateCustomer(f.As(f.admin), &appointmentv1.CreateCustomerRequest{DisplayName: "\u200b"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", "display_name")
}

func TestUpdateCustomer(t *testing.T) {
	f := newFixture(t).signedIn()
	ann := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.SetAccount(&userv1.LookupUserResponse{UserId: ann.UserID, DisplayName: "Ann", Email: "ann@salon.example", Version: 4})
	f.refreshed(ann.UserID)
	c := f.addCustomer(Customer{AccountID: ann.UserID})
	if _, _, err := f.people.CustomerOf(t.Context(), id.FirstSalon, ann.UserID); err != nil { // keeps the customer in memory
		t.Fatal(err)
	}
	who := f.staff(id.FirstSalon, receptionist)
	want := &appointmentv1.Customer{
		Id: c.ID, SalonId: id.FirstSalon, AccountId: ann.UserID, DisplayName: "Ann", Email: "ann@salon.example",
		CreateTime: timestamppb.New(c.CreateTime), UpdateTime: timestamppb.New(c.CreateTime), Etag: "1-4",
	}
	f.Clock.Advance(time.Minute)
	for _, tt := range []struct {
		name   string
		req    *appointmentv1.UpdateCustomerRequest
		expect func()
	}{
		{"nothing", &appointmentv1.UpdateCustomerRequest{Etag: "1-4"}, nil},
		{"what it is", &appointmentv1.UpdateCustomerRequest{DisplayName: proto.String("")}, nil},
		{"what is present", &appointmentv1.UpdateCustomerRequest{
			DisplayName: proto.String("Annie"), Email: proto.String("ANNIE@salon.example"), Notes: proto.String("Tall."), Etag: "1",
		}, func() {
			want.DisplayName, want.Email, want.Notes, want.Etag = "Annie", "annie@salon.example", "Tall.", "2-4"
		}},
		{"what the mask names", &appointmentv1.UpdateCustomerRequest{
			Notes: proto.String("ignored"), Phone: proto.String("+4930123456"),
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name", "phone"}}, Etag: "2-3",
		}, func() { want.DisplayName, want.Phone, want.Etag = "Ann", "+4930123456", "3-4" }},
	} {
		tt.req.CustomerId = c.ID
		if tt.expect != nil {
			tt.expect()
			want.UpdateTime = timestamppb.New(f.Clock.Now())
		}
		got, err := f.client.UpdateCustomer(f.As(who), tt.req)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, got, want)
		read, err := f.client.GetCustomer(f.As(who), &appointmentv1.GetCustomerRequest{CustomerId: c.ID})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		servicetest.WantMessage(t, read, want)
		if known, _, err := f.people.CustomerOf(t.Context(), id.FirstSalon, ann.UserID); err != nil || known.ShownName() != want.GetDisplayName() {
			t.Errorf("%s: in memory is %+v, %v", tt.name, known, err)
		}
	}
	if n := f.count("accounts WHERE id = ? AND display_name = 'Ann' AND email = 'ann@salon.example'", ann.UserID); n != 1 {
		t.Error("the account has changed")
	}
}

func TestUpdateCustomerIsRefused(t *testing.T) {
	f := newFixture(t).signedIn()
	ann := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.refreshed(ann.UserID)
	guest, own := f.addCustomer(Customer{DisplayName: "Ida"}), f.addCustomer(Customer{AccountID: ann.UserID})
	here, there := f.staff(id.FirstSalon, master), f.staff(f.other, manager)
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.UpdateCustomerRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"the customer", ann, &appointmentv1.UpdateCustomerRequest{CustomerId: own.ID}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"staff of another salon", there, &appointmentv1.UpdateCustomerRequest{Notes: proto.String("x")}, codes.NotFound, "NOT_FOUND", ""},
		{"unknown", f.admin, &appointmentv1.UpdateCustomerRequest{CustomerId: f.NewID()}, codes.NotFound, "NOT_FOUND", ""},
		{"an older etag", here, &appointmentv1.UpdateCustomerRequest{Notes: proto.String("x"), Etag: "9"}, codes.Aborted, "ETAG_MISMATCH", ""},
		{
			"no name and no account", here, &appointmentv1.UpdateCustomerRequest{DisplayName: proto.String("")},
			codes.InvalidArgument, "INVALID_FIELDS", "display_name",
		},
		{
			"no address", here, &appointmentv1.UpdateCustomerRequest{Email: proto.String("x")},
			codes.InvalidArgument, "INVALID_FIELDS", "email",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.CustomerId == "" {
				tt.req.CustomerId = guest.ID
			}
			_, err := f.client.UpdateCustomer(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if got := f.customer(guest.ID); got.DisplayName != "Ida" || got.Version != 1 {
		t.Errorf("changed: %+v", got)
	}
	_, err := f.client.GetCustomer(f.As(there), &appointmentv1.GetCustomerRequest{CustomerId: guest.ID})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

// Staff of two salons who are a customer elsewhere see the customers of their salons and no others.
func TestScopeOfCustomers(t *testing.T) {
	f := newFixture(t).signedIn()
	third := id.New()
	f.addSalon(third)
	who := f.SignIn(apiv1.Role_ROLE_CUSTOMER,
		servicetest.Member(id.FirstSalon, master), servicetest.Member(f.other, receptionist, manager))
	f.refreshed(who.UserID)
	own := f.addCustomer(Customer{SalonID: third, AccountID: who.UserID})
	f.addCustomer(Customer{SalonID: third, DisplayName: "Third"})
	f.addCustomer(Customer{SalonID: f.other, DisplayName: "Other"})
	f.addCustomer(Customer{DisplayName: "First"})
	for _, tt := range []struct {
		name    string
		as      auth.Principal
		salonID string
		want    []string
	}{
		{"all of their salons", who, "", []string{"First", "Other"}},
		{"one of their salons", who, f.other, []string{"Other"}},
		{"another salon", who, third, nil},
		{"an administrator", f.admin, third, []string{"Third", f.customer(own.ID).ShownName()}},
	} {
		page, err := f.client.ListCustomers(f.As(tt.as), &appointmentv1.ListCustomersRequest{SalonId: postgres.Null(tt.salonID)})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if got := namesOf(page); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	// Customers do not see the salon's row of themselves, with its notes.
	_, err := f.client.GetCustomer(f.As(who), &appointmentv1.GetCustomerRequest{CustomerId: own.ID})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

func namesOf(page *appointmentv1.ListCustomersResponse) []string {
	var names []string
	for _, c := range page.GetCustomers() {
		names = append(names, c.GetDisplayName())
	}
	return names
}

func TestListCustomers(t *testing.T) {
	f := newFixture(t).signedIn()
	ann := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.SetAccount(&userv1.LookupUserResponse{
		UserId: ann.UserID, DisplayName: "Änne Groß", Phone: "+33123456789", Email: "aenne@mail.example", Version: 4,
	})
	f.refreshed(ann.UserID)
	oldest := f.Clock.Now()
	for i, c := range []Customer{
		{DisplayName: "Élodie 100%", Phone: "+4930123456", Email: "elodie@salon.example"},
		{AccountID: ann.UserID},
		{DisplayName: "Under_score"},
		{DisplayName: "ΟΔΟΣ"},
	} {
		c.CreateTime = oldest.Add(time.Duration(i) * time.Second)
		f.addCustomer(c)
	}
	all := []string{"ΟΔΟΣ", "Under_score", "Änne Groß", "Élodie 100%"}
	for _, tt := range []struct {
		name, query string
		want        []string
	}{
		{"all, newest first", "", all},
		{"case and accents", "elodie", all[3:]},
		{"the account's name", "ÄNNE GROSS", all[2:3]},
		{"the account's number", "+331", all[2:3]},
		{"number", "30123", all[3:]},
		{"the account's address", "@MAIL", all[2:3]},
		{"address", "salon.example", all[3:]},
		{"Greek final sigma", "οδος", all[:1]},
		{"percent is no wildcard", "%", all[3:]},
		{"underscore is no wildcard", "r_s", all[1:2]},
		{"nothing", "xyz", nil},
	} {
		req := &appointmentv1.ListCustomersRequest{Query: tt.query, PageSize: 2}
		var got []string
		for {
			page, err := f.client.ListCustomers(f.As(f.staff(id.FirstSalon, master)), req)
			if err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			got = append(got, namesOf(page)...)
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	_, err := f.client.ListCustomers(f.As(f.admin), &appointmentv1.ListCustomersRequest{PageToken: "x"})
	servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_PAGE_TOKEN", "page_token")
}
