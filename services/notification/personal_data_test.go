package notification

import (
	"strings"
	"testing"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
)

// TestEraseAccount: the inbox goes and stays empty; others read what is shown of the person by then.
func TestEraseAccount(t *testing.T) {
	f := newFixture(t)
	appointment := f.appointment()
	f.publish("appointment.created", 1, appointment)
	f.inbox(f.customer, 1)
	if ns := f.inbox(f.master, 1); !strings.Contains(ns[0].GetBody(), "Carla") {
		t.Fatalf("the master reads %v", ns)
	}
	personal := notificationv1.NewPersonalDataServiceClient(f.Conns.For("notification"))
	export, err := personal.ExportAccount(t.Context(), &apiv1.ExportAccountRequest{AccountId: f.customer.UserID, Limit: 100})
	if err != nil || len(export.GetRecords()) != 1 {
		t.Errorf("exported %v, %v", export, err)
	}
	for range 2 {
		got, err := personal.EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: f.customer.UserID})
		if err != nil || len(got.GetRemoved()) != 1 || got.GetRemoved()[0].GetCount() != 1 {
			t.Fatalf("removed %v, %v", got, err)
		}
	}
	f.directory.set(func() {
		f.directory.names = &appointmentv1.LookupNamesResponse{Customers: map[string]string{f.customerID: "Deleted customer"}}
	})
	f.publish("appointment.confirmed", 2, appointment)
	for _, n := range f.inbox(f.master, 2) {
		if strings.Contains(n.GetBody(), "Carla") {
			t.Errorf("the master reads %q", n.GetBody())
		}
	}
	if n, err := f.service.store.CountUnread(t.Context(), f.customer.UserID); err != nil || n != 0 {
		t.Errorf("the inbox has %d, %v", n, err)
	}
}
