package notification

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	notificationv1 "github.com/beauty-salon/platform/gen/salon/notification/v1"
	"github.com/beauty-salon/platform/internal/auth"
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

// TestErasureEndsStreams: the open streams of an account that is erased end in all processes, its tickets are removed, and there are no new ones,
// whether or not its sessions are known to have ended.
func TestErasureEndsStreams(t *testing.T) {
	t.Parallel()
	for name, elsewhere := range map[string]bool{"by this process": false, "by another process": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			ticket, err := f.client.IssueNotificationTicket(f.As(f.customer), &notificationv1.IssueNotificationTicketRequest{})
			if err != nil {
				t.Fatal(err)
			}
			own, other := f.watch(f.customer, begin), f.watch(f.master, begin)
			own.want(eventReady)
			other.want(eventReady)
			eraser := f.service
			if elsewhere {
				if eraser, err = New(f.Deps("notifications")); err != nil {
					t.Fatal(err)
				}
			}
			h := &personalDataHandler{Service: eraser}
			if _, err := h.EraseAccount(t.Context(), &apiv1.EraseAccountRequest{AccountId: f.customer.UserID}); err != nil {
				t.Fatal(err)
			}
			own.ends(codes.Unauthenticated, "UNAUTHENTICATED")
			var left int
			if err := f.service.deps.DB.Conn(t.Context()).Raw("SELECT count(*) FROM watch_tickets").Scan(&left).Error; err != nil || left != 0 {
				t.Errorf("%d tickets are left, %v", left, err)
			}
			f.watch(auth.Principal{}, &notificationv1.WatchNotificationsRequest{Ticket: ticket.GetTicket()}).ends(codes.FailedPrecondition, "TICKET_SPENT")
			_, err = f.client.IssueNotificationTicket(f.As(f.customer), &notificationv1.IssueNotificationTicketRequest{})
			if status.Code(err) != codes.Unauthenticated {
				t.Errorf("a new ticket: %v", err)
			}
			f.publish("appointment.created", 1, f.appointment())
			other.want(eventCreated) // goes on
		})
	}
}
