package notification

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
)

func TestNamesAreLookedUpOnceAPage(t *testing.T) {
	f := newFixture(t)
	for range 3 {
		f.Clock.Advance(time.Second)
		f.publish("appointment.created", 1, f.appointment())
	}
	f.inbox(f.customer, 3)
	f.inbox(f.master, 3)
	f.directory.take()

	for _, reader := range []struct {
		as        auth.Principal
		customers []string
	}{{f.customer, nil}, {f.master, []string{f.customerID}}} {
		token := ""
		for range 2 { // two of the notifications, then one
			page, err := f.client.ListNotifications(f.As(reader.as), &notificationv1.ListNotificationsRequest{
				PageSize: 2, PageToken: token,
			})
			wantReason(t, err, "")
			token = page.GetNextPageToken()
			requests := f.directory.take()
			if len(requests) != 1 {
				t.Fatalf("%d lookups for a page, want one", len(requests))
			}
			req := requests[0]
			if !slices.Equal(req.GetSalonIds(), []string{f.salonID}) ||
				!slices.Equal(req.GetServiceIds(), []string{f.serviceID}) ||
				!slices.Equal(sorted(req.GetMasterIds()...), sorted(f.master.UserID, f.colleague.UserID)) ||
				!slices.Equal(req.GetCustomerIds(), reader.customers) {
				t.Errorf("looked up %v", req)
			}
		}
	}
	_, err := f.client.ListNotifications(f.As(f.SignIn(f.customer.Role)), &notificationv1.ListNotificationsRequest{})
	wantReason(t, err, "")
	if requests := f.directory.take(); len(requests) != 0 {
		t.Errorf("looked up %v for an empty page", requests)
	}
}

func TestListWithoutNames(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	f.publish("appointment.created", 1, appointment)
	f.inbox(f.customer, 1)
	want := "Your visit on " + wall(appointment) + " is booked."
	for name, answer := range map[string]func(context.Context) error{
		"the lookup fails": func(context.Context) error { return apierr.Internal(nil) },
		"no answer":        func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		f.directory.set(func() { f.directory.answer = answer })
		ns := f.list(f.customer)
		if len(ns) != 1 || ns[0].GetTitle() != "Visit booked" || ns[0].GetBody() != want {
			t.Errorf("%s: %v", name, ns)
		}
		marked, err := f.client.MarkNotificationRead(f.As(f.customer),
			&notificationv1.MarkNotificationReadRequest{NotificationId: ns[0].GetId()})
		wantReason(t, err, "")
		if marked.GetBody() != want {
			t.Errorf("%s: marked %v", name, marked)
		}
	}
	f.directory.set(func() { f.directory.answer, f.directory.names = nil, nil }) // nothing is known
	if ns := f.list(f.customer); len(ns) != 1 || ns[0].GetBody() != want {
		t.Errorf("no names: %v", ns)
	}
}

func TestNamesRequest(t *testing.T) {
	stored := Notification{Notice: appointmentNotice(1), Title: "Booked", Body: "Long ago."}
	if got := namesRequest([]Notification{stored, stored}); got != nil {
		t.Errorf("for stored texts: %v", got)
	}
	// The largest page stays below what a request can have.
	page := make([]Notification, 100)
	for i := range page {
		n := appointmentNotice(1)
		n.SalonID, n.CustomerID, n.ForCustomer = id.New(), id.New(), false
		n.MasterIDs, n.ServiceIDs = nil, nil
		for range 8 {
			n.MasterIDs, n.ServiceIDs = append(n.MasterIDs, id.New()), append(n.ServiceIDs, id.New())
		}
		page[i] = Notification{Notice: n}
	}
	got := namesRequest(slices.Concat(page, page))
	if len(got.GetSalonIds()) != 100 || len(got.GetCustomerIds()) != 100 || len(got.GetMasterIds()) != 800 || len(got.GetServiceIds()) != 800 {
		t.Errorf("request of %d bytes: %d salons, %d customers, %d masters, %d services", proto.Size(got),
			len(got.GetSalonIds()), len(got.GetCustomerIds()), len(got.GetMasterIds()), len(got.GetServiceIds()))
	}
}
