package appointment

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/services/appointment/people"
)

// marker is in every text about the person who is erased.
const marker = "Xenia-Marker"

func (f *fixture) personal() appointmentv1.PersonalDataServiceClient {
	return appointmentv1.NewPersonalDataServiceClient(f.Conns.For("appointment"))
}

// known signs a customer in whom the user service describes with the marker.
func (f *fixture) known() auth.Principal {
	who := f.SignIn(apiv1.Role_ROLE_CUSTOMER)
	f.SetAccount(&userv1.LookupUserResponse{
		UserId: who.UserID, DisplayName: marker, Phone: "+4915112345678", Email: "xenia-marker@example.com", Version: 2,
	})
	return who
}

// rowsWith counts the rows of all tables of the schema that hold a text.
func (f *fixture) rowsWith(text string) map[string]int {
	f.t.Helper()
	var tables []string
	err := f.db.Conn(f.t.Context()).Raw("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()").Scan(&tables).Error
	if err != nil || len(tables) < 10 {
		f.t.Fatal(tables, err)
	}
	found := map[string]int{}
	for _, table := range tables {
		if n := f.count(table+" AS r WHERE position(lower(?) IN lower(convert_from(convert_to(to_jsonb(r)::text, 'UTF8'), 'UTF8'))) > 0", text); n > 0 {
			found[table] = n
		}
	}
	return found
}

// TestEraseAccount: nothing names the person afterwards, future appointments are cancelled, and the others stay in the books.
func TestEraseAccount(t *testing.T) {
	f := newFixture(t)
	xenia := f.known()
	req := f.request(time.Hour)
	req.Note, req.RequestId = marker+" is allergic", f.NewID()
	first, err := f.appointments.CreateAppointment(f.As(xenia), req)
	if err != nil {
		t.Fatal(err)
	}
	// A request would lapse when its time has come.
	first, err = f.appointments.ConfirmAppointment(f.As(f.mira), &appointmentv1.ConfirmAppointmentRequest{AppointmentId: first.GetId()})
	if err != nil {
		t.Fatal(err)
	}
	other := f.book(f.ann, 3*time.Hour)
	cancelled := f.book(xenia, 5*time.Hour)
	if _, err := f.appointments.CancelAppointment(f.As(xenia), &appointmentv1.CancelAppointmentRequest{
		AppointmentId: cancelled.GetId(), Reason: "the mother of " + marker,
	}); err != nil {
		t.Fatal(err)
	}
	customers := appointmentv1.NewCustomerServiceClient(f.Conns.For("appointment"))
	if _, err := customers.UpdateCustomer(f.As(f.admin), &appointmentv1.UpdateCustomerRequest{
		CustomerId: first.GetCustomerId(), Notes: new(marker + " pays late"), DisplayName: new(marker + " the second"),
	}); err != nil {
		t.Fatal(err)
	}
	f.Clock.Advance(90 * time.Minute) // the first appointment has begun
	future := f.book(xenia, 24*time.Hour)
	if len(f.rowsWith(marker)) < 4 {
		t.Fatalf("the marker is only in %v", f.rowsWith(marker))
	}
	published := f.Listen("appointments", "appointment.cancelled")
	published.Wait(1)

	if _, err := f.personal().EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: xenia.UserID}); err == nil {
		t.Fatal("erased an account that exists")
	}
	f.EraseAccount(xenia.UserID)
	got, err := f.personal().EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: xenia.UserID})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int32{}
	for _, c := range got.GetRemoved() {
		counts[c.GetKind()] = c.GetCount()
	}
	if counts["customers"] != 1 || counts["appointments cancelled"] != 1 || counts["notes and reasons"] != 3 || counts["stored answers"] < 1 {
		t.Errorf("removed %v", got.GetRemoved())
	}
	for _, text := range []string{marker, "xenia-marker@example.com", "4915112345678"} {
		if found := f.rowsWith(text); len(found) != 0 {
			t.Errorf("%q is in %v", text, found)
		}
	}
	// The answers of idempotency are bytes, which the search above does not read.
	if n := f.count("idempotency_keys WHERE position(convert_to(?, 'UTF8') IN response) > 0", marker); n != 0 {
		t.Errorf("%d stored answers name the person", n)
	}
	again, err := f.personal().EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: xenia.UserID})
	if err != nil || len(again.GetRemoved()) != len(got.GetRemoved()) || again.GetRemoved()[0].GetCount() != 1 {
		t.Errorf("again %v, %v", again, err)
	}

	read := func(id string) *appointmentv1.Appointment {
		a, err := f.appointments.GetAppointment(f.As(f.mira), &appointmentv1.GetAppointmentRequest{AppointmentId: id})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	a := read(future.GetId())
	if a.GetState() != appointmentv1.AppointmentState_APPOINTMENT_STATE_CANCELLED || a.GetCancelledBy() != appointmentv1.Actor_ACTOR_SYSTEM ||
		a.GetCustomer().GetDisplayName() != people.ErasedName || a.GetCustomer().GetPhone() != "" {
		t.Errorf("the future appointment is %v", a)
	}
	if a := read(first.GetId()); a.GetState() != first.GetState() || a.GetNote() != "" || a.GetEtag() == first.GetEtag() {
		t.Errorf("the appointment that has begun is %v", a)
	}
	if a := read(other.GetId()); a.GetState() != other.GetState() {
		t.Errorf("the appointment of somebody else is %v", a)
	}
	var body appointmentv1.AppointmentEvent
	if err := published.Wait(2)[1].Decode(&body); err != nil || body.GetAppointmentId() != future.GetId() || body.GetAccountId() != "" {
		t.Errorf("the event is %v, %v", &body, err)
	}
	f.book(f.ann, 24*time.Hour) // the time is free again

	// Nobody books for the person again, or changes who that was.
	staffRequest := f.request(48 * time.Hour)
	staffRequest.CustomerId = new(first.GetCustomerId())
	_, err = f.appointments.CreateAppointment(f.As(f.admin), staffRequest)
	wantError(t, err, codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE")
	_, err = customers.UpdateCustomer(f.As(f.admin), &appointmentv1.UpdateCustomerRequest{CustomerId: first.GetCustomerId(), Notes: new("x")})
	wantError(t, err, codes.NotFound, "NOT_FOUND")
	list, err := customers.ListCustomers(f.As(f.admin), &appointmentv1.ListCustomersRequest{})
	if err != nil || slices.ContainsFunc(list.GetCustomers(), func(c *appointmentv1.Customer) bool { return c.GetId() == first.GetCustomerId() }) {
		t.Errorf("listed: %v, %v", list, err)
	}
	_, err = f.appointments.CreateAppointment(f.As(xenia), f.request(72*time.Hour))
	wantError(t, err, codes.FailedPrecondition, "CUSTOMER_UNAVAILABLE")
}

// TestEraseWhileBooking: whatever the order, no appointment of the account stands after the erasure.
func TestEraseWhileBooking(t *testing.T) {
	f := newFixture(t)
	for round := range 10 {
		who := f.known()
		f.book(who, time.Duration(10*round+1)*24*time.Hour)
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				// Refused, or cancelled by the erasure.
				_, _ = f.appointments.CreateAppointment(f.As(who), f.request(time.Duration(10*round+2+i)*24*time.Hour))
			})
		}
		f.EraseAccount(who.UserID)
		if _, err := f.personal().EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: who.UserID}); err != nil {
			t.Fatal(err)
		}
		standing := "appointments a JOIN customers c ON c.id = a.customer_id WHERE c.erase_time IS NOT NULL AND a.state IN ('PENDING', 'CONFIRMED')"
		if n := f.count(standing); n != 0 {
			t.Errorf("%d appointments stand", n)
		}
		wg.Wait()
		if n := f.count(standing) + f.count("customers WHERE account_id = ?", who.UserID); n != 0 {
			t.Errorf("%d rows of the account came later", n)
		}
	}
}

// TestExportAccount: the export has what the salon keeps, also the notes of staff, and nothing of others.
func TestExportAccount(t *testing.T) {
	f := newFixture(t)
	xenia := f.known()
	a := f.book(xenia, time.Hour)
	f.book(f.ann, 3*time.Hour)
	customers := appointmentv1.NewCustomerServiceClient(f.Conns.For("appointment"))
	if _, err := customers.UpdateCustomer(f.As(f.admin), &appointmentv1.UpdateCustomerRequest{
		CustomerId: a.GetCustomerId(), Notes: new("pays late"),
	}); err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	for offset := int32(0); ; offset++ {
		page, err := f.personal().ExportAccount(t.Context(), &apiv1.ExportAccountRequest{AccountId: xenia.UserID, Offset: offset, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		if len(page.GetRecords()) == 0 {
			break
		}
		r := page.GetRecords()[0]
		kinds[r.GetKind()]++
		if fields := r.GetData().GetFields(); r.GetKind() == "customers" && fields["notes"].GetStringValue() != "pays late" ||
			r.GetKind() == "appointments" && fields["salonId"].GetStringValue() != id.FirstSalon {
			t.Errorf("%s: %v", r.GetKind(), fields)
		}
	}
	for kind, want := range map[string]int{"account": 1, "customers": 1, "appointments": 1, "segments": 1, "appointment_history": 1} {
		if kinds[kind] != want {
			t.Errorf("%d %s in %v, want %d", kinds[kind], kind, kinds, want)
		}
	}
}
