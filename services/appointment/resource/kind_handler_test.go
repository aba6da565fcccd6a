package resource

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// kinds lists the names of the kinds of the first salon, as everybody sees them.
func (f *fixture) kinds() (names []string) {
	f.t.Helper()
	list, err := f.client.ListResourceKinds(f.t.Context(), &appointmentv1.ListResourceKindsRequest{SalonId: id.FirstSalon})
	if err != nil {
		f.t.Fatalf("list kinds: %v", err)
	}
	for _, k := range list.GetResourceKinds() {
		names = append(names, k.GetName())
	}
	return names
}

func TestKinds(t *testing.T) {
	f := newFixture(t)
	req := &appointmentv1.CreateResourceKindRequest{SalonId: id.FirstSalon, Name: " Wash basin ", RequestId: f.NewID()}
	before := f.rulesVersion()
	got, err := f.client.CreateResourceKind(f.As(f.manager), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, got, &appointmentv1.ResourceKind{
		Id: got.GetId(), SalonId: id.FirstSalon, Name: "Wash basin", CreateTime: timestamppb.New(f.Clock.Now()),
	})
	again, err := f.client.CreateResourceKind(f.As(f.manager), req)
	if err != nil {
		t.Fatal(err)
	}
	servicetest.WantMessage(t, again, got)
	if f.rulesVersion() != before+1 {
		t.Errorf("the rules have version %d after one change of version %d", f.rulesVersion(), before)
	}
	f.newKind("Chair")
	if names := f.kinds(); !slices.Equal(names, []string{"Chair", "Wash basin"}) {
		t.Errorf("kinds %q", names)
	}
	list, err := f.client.ListResourceKinds(t.Context(), &appointmentv1.ListResourceKindsRequest{SalonId: f.other})
	if err != nil || len(list.GetResourceKinds()) != 0 {
		t.Errorf("the other salon has %v, %v", list, err)
	}
	_, err = f.client.ListResourceKinds(t.Context(), &appointmentv1.ListResourceKindsRequest{SalonId: f.NewID()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}

func TestKindsAreRefused(t *testing.T) {
	f := newFixture(t)
	f.newKind("Chair")
	for _, tt := range []struct {
		name   string
		as     auth.Principal
		req    *appointmentv1.CreateResourceKindRequest
		code   codes.Code
		reason string
		field  string
	}{
		{"not signed in", auth.Principal{}, &appointmentv1.CreateResourceKindRequest{Name: "Room"}, codes.Unauthenticated, "UNAUTHENTICATED", ""},
		{"a customer", f.nobody, &appointmentv1.CreateResourceKindRequest{Name: "Room"}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a receptionist", f.receptionist, &appointmentv1.CreateResourceKindRequest{Name: "Room"}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		// Kinds are public, so that the salon is no secret.
		{"another manager", f.otherManager, &appointmentv1.CreateResourceKindRequest{Name: "Room"}, codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"an unknown salon", f.manager, &appointmentv1.CreateResourceKindRequest{SalonId: f.NewID(), Name: "Room"}, codes.NotFound, "NOT_FOUND", ""},
		{"a name in use", f.manager, &appointmentv1.CreateResourceKindRequest{Name: "CHAIR"}, codes.AlreadyExists, "NAME_TAKEN", "name"},
		{"no name", f.manager, &appointmentv1.CreateResourceKindRequest{Name: " "}, codes.InvalidArgument, "INVALID_FIELDS", "name"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.req.SalonId == "" {
				tt.req.SalonId = id.FirstSalon
			}
			_, err := f.client.CreateResourceKind(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	// Another salon may use the name.
	_, err := f.client.CreateResourceKind(f.As(f.otherManager), &appointmentv1.CreateResourceKindRequest{SalonId: f.other, Name: "Chair"})
	if err != nil {
		t.Error(err)
	}
}

// A salon has at most 50 kinds, also when many are made at once.
func TestMostKinds(t *testing.T) {
	f := newFixture(t)
	for n := range maxKinds - 1 {
		f.newKind(fmt.Sprint("Kind ", n))
	}
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for n := range 4 {
		all.Go(func() {
			_, err := f.client.CreateResourceKind(f.As(f.manager), &appointmentv1.CreateResourceKindRequest{
				SalonId: id.FirstSalon, Name: fmt.Sprint("Another ", n),
			})
			switch {
			case err == nil:
				made.Add(1)
			case servicetest.FieldOf(apierr.From(err)) == "salon_id":
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 || refused.Load() != 3 || len(f.kinds()) != maxKinds {
		t.Errorf("%d made, %d refused, %d kinds", made.Load(), refused.Load(), len(f.kinds()))
	}
}

func TestDeleteKind(t *testing.T) {
	f := newFixture(t)
	remove := func(as auth.Principal, id string) error {
		_, err := f.client.DeleteResourceKind(f.As(as), &appointmentv1.DeleteResourceKindRequest{ResourceKindId: id})
		return err
	}
	chair := f.newKind("Chair")
	servicetest.WantError(t, remove(f.otherManager, chair.GetId()), codes.PermissionDenied, "PERMISSION_DENIED", "")
	servicetest.WantError(t, remove(f.receptionist, chair.GetId()), codes.PermissionDenied, "PERMISSION_DENIED", "")
	servicetest.WantError(t, remove(f.manager, f.NewID()), codes.NotFound, "NOT_FOUND", "")
	f.newKind("Room")
	before := f.rulesVersion()
	if err := remove(f.manager, chair.GetId()); err != nil {
		t.Fatal(err)
	}
	if f.rulesVersion() != before+1 {
		t.Error("the rules have not changed")
	}
	if names := f.kinds(); !slices.Equal(names, []string{"Room"}) {
		t.Errorf("kinds %q", names)
	}
	servicetest.WantError(t, remove(f.manager, chair.GetId()), codes.NotFound, "NOT_FOUND", "")
	f.newKind("Chair") // the name is free again
}

// A kind that is needed stays: by a resource, by a phase of a service or of an offering. What is deleted needs none.
func TestKindsInUse(t *testing.T) {
	f := newFixture(t)
	service := f.NewID()
	phases := func(k *appointmentv1.ResourceKind) string {
		return fmt.Sprintf(`[{"minutes":10},{"minutes":10,"kinds":[%q,%q]},{"minutes":10}]`, f.NewID(), k.GetId())
	}
	for _, tt := range []struct {
		name      string
		use, free func(k *appointmentv1.ResourceKind)
	}{
		{
			"a resource", func(k *appointmentv1.ResourceKind) { f.newResource(k, "Chair 1") },
			func(*appointmentv1.ResourceKind) { f.exec("UPDATE resources SET deleted_at = now()") },
		},
		{"a service", func(k *appointmentv1.ResourceKind) {
			f.exec(`INSERT INTO services (id, salon_id, name, description, category, price_minor, currency, duration_minutes,
				buffer_before_minutes, buffer_after_minutes, active, search_text, version, create_time, update_time, phases)
				VALUES (?, ?, 'Dye', '', 'Hair', 4500, 'EUR', 30, 0, 0, true, 'dye', 1, now(), now(), ?)`, service, id.FirstSalon, phases(k))
		}, func(*appointmentv1.ResourceKind) {
			f.exec("UPDATE services SET deleted_at = now() WHERE phases IS NOT NULL")
		}},
		{"an offering", func(k *appointmentv1.ResourceKind) {
			f.exec("INSERT INTO offerings (salon_id, master_id, service_id, version, create_time, update_time, phases_override) VALUES (?, ?, ?, 1, now(), now(), ?)",
				id.FirstSalon, f.mira, service, phases(k))
		}, func(*appointmentv1.ResourceKind) { f.exec("UPDATE offerings SET deleted_at = now()") }},
	} {
		kind := f.newKind("Kind of " + tt.name)
		remove := func() error {
			_, err := f.client.DeleteResourceKind(f.As(f.manager), &appointmentv1.DeleteResourceKindRequest{ResourceKindId: kind.GetId()})
			return err
		}
		tt.use(kind)
		t.Run(tt.name, func(t *testing.T) {
			servicetest.WantError(t, remove(), codes.FailedPrecondition, "RESOURCE_KIND_IN_USE", "")
			tt.free(kind)
			if err := remove(); err != nil {
				t.Error(err)
			}
		})
	}
}
