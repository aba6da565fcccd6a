package resource

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Appointments that have not ended and have a resource are named, by start, when the resource cannot be used any more. They stay.
func TestConflicts(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	chair, other := f.newResource(kind, "Chair 1"), f.newResource(kind, "Chair 2")
	add := func(a appointment, from int) string {
		a.start = f.hours(from)
		if a.resourceID == "" {
			a.resourceID = chair.GetId()
		}
		return f.add(a)
	}
	tomorrow := add(appointment{overbooked: true}, 24)
	soon := add(appointment{state: "PENDING", before: 10 * time.Minute, after: 5 * time.Minute}, 3)
	underWay := f.add(appointment{resourceID: chair.GetId(), start: f.Clock.Now().Add(-30 * time.Minute)})
	add(appointment{}, -5)                                  // ended
	add(appointment{state: "COMPLETED"}, 6)                 // completed early
	add(appointment{resourceID: other.GetId()}, 3)          // another chair
	f.add(appointment{start: f.hours(5)})                   // without a resource
	add(appointment{state: "NO_SHOW", overbooked: true}, 8) // whose claim is still there

	ids := func(conflicts []*appointmentv1.Conflict) (ids []string) {
		for _, c := range conflicts {
			ids = append(ids, c.GetAppointmentId())
		}
		return ids
	}
	for _, tt := range []struct {
		name     string
		from, to int
		want     []string
	}{
		{"around all", -10, 100, []string{underWay, soon, tomorrow}},
		{"inside one", 3, 4, []string{soon}},
		{"before its buffer", 1, 2, nil},
		{"touching at the end", 25, 30, nil},
	} {
		req := f.closure(chair, tt.from, tt.to)
		req.ValidateOnly = true
		if got := f.close(req); !slices.Equal(ids(got.GetConflicts()), tt.want) || got.GetMoreConflicts() {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	buffer := f.closure(chair, 2, 3)
	got := f.close(buffer)
	if len(got.GetConflicts()) != 1 {
		t.Fatalf("in the buffer: %v", got)
	}
	servicetest.WantMessage(t, got.GetConflicts()[0], &appointmentv1.Conflict{
		AppointmentId: soon, Etag: "3", StartTime: timestamppb.New(f.hours(3)), EndTime: timestamppb.New(f.hours(4)), MasterIds: []string{f.mira},
	})

	all := []string{underWay, soon, tomorrow}
	named, err := f.client.UpdateResource(f.As(f.manager), &appointmentv1.UpdateResourceRequest{ResourceId: chair.GetId(), Name: proto.String("Chair A")})
	if err != nil || len(named.GetConflicts()) != 0 {
		t.Errorf("another name: %v, %v", named, err)
	}
	inactive := &appointmentv1.UpdateResourceRequest{ResourceId: chair.GetId(), Active: proto.Bool(false)}
	for range 2 { // also when it is not active already
		if got, err := f.client.UpdateResource(f.As(f.manager), inactive); err != nil || !slices.Equal(ids(got.GetConflicts()), all) {
			t.Errorf("not active: %v, %v", got, err)
		}
	}
	deleted, err := f.client.DeleteResource(f.As(f.manager), &appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId()})
	if err != nil || !slices.Equal(ids(deleted.GetConflicts()), all) || deleted.GetResource() != nil {
		t.Errorf("deleted: %v, %v", deleted, err)
	}
	if n := f.count("appointments WHERE version = 3"); n != 8 {
		t.Errorf("%d appointments stayed as they were", n)
	}
}

// An answer names 100 conflicts, and says when there are more.
func TestManyConflicts(t *testing.T) {
	f := newFixture(t)
	chair := f.newResource(f.newKind("Chair"), "Chair 1")
	for n := range maxConflicts - 1 {
		f.add(appointment{resourceID: chair.GetId(), start: f.hours(n + 1)})
	}
	req := &appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId(), ValidateOnly: true}
	for n, more := range []bool{false, true} {
		f.add(appointment{resourceID: chair.GetId(), start: f.hours(1000 + n)})
		got, err := f.client.DeleteResource(f.As(f.manager), req)
		if err != nil || len(got.GetConflicts()) != maxConflicts || got.GetMoreConflicts() != more {
			t.Errorf("%d conflicts, more: %t, %v", len(got.GetConflicts()), got.GetMoreConflicts(), err)
		}
	}
}

// Every change waits for bookings with each master of the salon.
func TestChangesWaitForBookings(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	chair := f.newResource(kind, "Chair 1")
	closure := f.close(f.closure(chair, 1, 2)).GetResourceClosure()
	unused := f.newKind("Unused")
	for _, tt := range []struct {
		name   string
		change func(ctx context.Context) error
	}{
		{"create a kind", func(ctx context.Context) error {
			_, err := f.client.CreateResourceKind(ctx, &appointmentv1.CreateResourceKindRequest{SalonId: id.FirstSalon, Name: "Room"})
			return err
		}},
		{"delete a kind", func(ctx context.Context) error {
			_, err := f.client.DeleteResourceKind(ctx, &appointmentv1.DeleteResourceKindRequest{ResourceKindId: unused.GetId()})
			return err
		}},
		{"create a resource", func(ctx context.Context) error {
			_, err := f.client.CreateResource(ctx, &appointmentv1.CreateResourceRequest{SalonId: id.FirstSalon, ResourceKindId: kind.GetId(), Name: "Chair 2"})
			return err
		}},
		{"update a resource", func(ctx context.Context) error {
			_, err := f.client.UpdateResource(ctx, &appointmentv1.UpdateResourceRequest{ResourceId: chair.GetId(), Active: proto.Bool(false)})
			return err
		}},
		{"create a closure", func(ctx context.Context) error {
			_, err := f.client.CreateResourceClosure(ctx, f.closure(chair, 3, 4))
			return err
		}},
		{"delete a closure", func(ctx context.Context) error {
			_, err := f.client.DeleteResourceClosure(ctx, &appointmentv1.DeleteResourceClosureRequest{ResourceClosureId: closure.GetId()})
			return err
		}},
		{"delete a resource", func(ctx context.Context) error {
			_, err := f.client.DeleteResource(ctx, &appointmentv1.DeleteResourceRequest{ResourceId: chair.GetId()})
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			held, release := make(chan struct{}), make(chan struct{})
			var both sync.WaitGroup
			both.Go(func() {
				err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
					err := claims.Lock(t.Context(), tx, f.mira)
					close(held)
					<-release
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
			<-held
			var changed atomic.Bool
			both.Go(func() {
				if err := tt.change(f.As(f.manager)); err != nil {
					t.Error(err)
				}
				changed.Store(true)
			})
			f.Eventually("the change waits", func() bool { return f.waiting(t.Context()) == 1 })
			if changed.Load() {
				t.Error("the change was made while the lock was held")
			}
			close(release)
			both.Wait()
		})
	}
}

// A kind is not deleted while something begins to need it: one of the two is refused.
func TestKindIsDeletedWhileItIsNeeded(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	shared, commit := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
			store := NewStore(tx)
			if err := store.ShareKind(t.Context(), id.FirstSalon, kind.GetId()); err != nil {
				return err
			}
			close(shared)
			<-commit
			return store.Create(t.Context(), Resource{
				ID: id.New(), SalonID: id.FirstSalon, KindID: kind.GetId(), Name: "Chair 1", Version: 1,
				CreateTime: f.Clock.Now(), UpdateTime: f.Clock.Now(),
			})
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-shared
	var deleted error
	both.Go(func() {
		_, deleted = f.client.DeleteResourceKind(f.As(f.manager), &appointmentv1.DeleteResourceKindRequest{ResourceKindId: kind.GetId()})
	})
	f.Eventually("the deletion waits", func() bool { return f.waiting(t.Context()) == 1 })
	close(commit)
	both.Wait()
	servicetest.WantError(t, deleted, codes.FailedPrecondition, "RESOURCE_KIND_IN_USE", "")
}
