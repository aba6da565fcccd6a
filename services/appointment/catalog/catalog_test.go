package catalog

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/beauty-salon/platform/gen/salon/api/v1"
	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	userv1 "github.com/beauty-salon/platform/gen/salon/user/v1"
	"github.com/beauty-salon/platform/internal/apierr"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/events"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
	"github.com/beauty-salon/platform/services/appointment/claims"
)

// Offerings go with the profile of the master, and with the salon that the master leaves. A profile that is
// made again brings none of them back.
func TestOfferingsOfMastersWhoLeave(t *testing.T) {
	for name, left := range map[string]*userv1.LookupMasterResponse{
		"deleted": {SalonId: id.FirstSalon, Deleted: true}, "moved": {Deleted: false},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			listener := f.Listen("offerings", "offering.deleted")
			if left.SalonId == "" {
				left.SalonId = f.other
			}
			left.MasterId, left.Version = f.mira.UserID, 2
			f.setMaster(left)
			f.setMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, Version: 3})
			list, err := f.client.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: f.mira.UserID})
			if err != nil || len(list.GetOfferings()) != 0 {
				t.Errorf("still offered: %v, %v", list, err)
			}
			var body appointmentv1.OfferingEvent
			if err := listener.Wait(1)[0].Decode(&body); err != nil {
				t.Fatal(err)
			}
			servicetest.WantMessage(t, &body, &appointmentv1.OfferingEvent{
				MasterId: f.mira.UserID, ServiceId: f.cut.GetId(), SalonId: id.FirstSalon, Deleted: true,
			})
		})
	}
}

// The event of a deletion removes what the master had offered before, also when the profile was made again
// before anybody read it.
func TestOfferingsOfAProfileThatWasMadeAgain(t *testing.T) {
	f := newFixture(t)
	for _, c := range f.people.Consumers() {
		f.Go(events.NewConsumer(f.db, f.Bus, c, f.Log, nil).Run)
	}
	deleted := f.Clock.Now().Add(time.Minute)
	f.Clock.Advance(time.Hour)
	dye := f.newService("Dye", 100)
	f.offer(f.mira, dye)
	f.SetMaster(&userv1.LookupMasterResponse{MasterId: f.mira.UserID, SalonId: id.FirstSalon, Version: 3})
	f.Publish("master.deleted", f.mira.UserID, 2, deleted, &userv1.MasterEvent{MasterId: f.mira.UserID, Deleted: true})
	f.Eventually("the former offering is removed", func() bool { return f.count("offerings WHERE deleted_at IS NULL") == 1 })
	if n := f.count("offerings WHERE deleted_at IS NULL AND service_id = ?", dye.GetId()); n != 1 {
		t.Error("the new offering is removed")
	}
}

// Whoever changes what a booking relies on waits for the locks that bookings hold.
func TestChangesWaitForBookings(t *testing.T) {
	f := newFixture(t)
	mira, cut := f.mira.UserID, f.cut.GetId()
	for _, tt := range []struct {
		name   string
		change func(ctx context.Context) error
	}{
		{"put an offering", func(ctx context.Context) error {
			_, err := f.client.PutOffering(ctx, &appointmentv1.PutOfferingRequest{MasterId: mira, ServiceId: cut, DurationOverrideMinutes: proto.Int32(30)})
			return err
		}},
		{"update a service", func(ctx context.Context) error {
			_, err := f.client.UpdateService(ctx, &appointmentv1.UpdateServiceRequest{ServiceId: cut, Active: proto.Bool(false)})
			return err
		}},
		{"delete an offering", func(ctx context.Context) error {
			_, err := f.client.DeleteOffering(ctx, &appointmentv1.DeleteOfferingRequest{MasterId: mira, ServiceId: cut})
			return err
		}},
		{"delete a service", func(ctx context.Context) error {
			_, err := f.client.DeleteService(ctx, &appointmentv1.DeleteServiceRequest{ServiceId: cut})
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f.offer(f.mira, f.cut) // as far as there is no offering
			held, release := make(chan struct{}), make(chan struct{})
			var both sync.WaitGroup
			both.Go(func() {
				err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
					err := claims.Lock(t.Context(), tx, mira)
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

// A service that is deleted while masters begin to offer it leaves no offering behind.
func TestDeletionRacesWithOfferings(t *testing.T) {
	f := newFixture(t)
	var masters []auth.Principal
	for range 6 {
		m := f.SignIn(apiv1.Role_ROLE_CUSTOMER, servicetest.Member(id.FirstSalon, apiv1.SalonRole_SALON_ROLE_MASTER))
		if _, err := f.people.Master(t.Context(), m.UserID); err != nil {
			t.Fatal(err)
		}
		masters = append(masters, m)
	}
	for range 5 {
		s := f.newService("Dye", 100)
		var all sync.WaitGroup
		for _, m := range masters {
			all.Go(func() {
				_, err := f.client.PutOffering(f.As(f.manager), &appointmentv1.PutOfferingRequest{MasterId: m.UserID, ServiceId: s.GetId()})
				if reason := apierr.ReasonOf(err); reason != "" && reason != "NOT_FOUND" {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			deleted := false
			for !deleted {
				_, err := f.client.DeleteService(f.As(f.manager), &appointmentv1.DeleteServiceRequest{ServiceId: s.GetId()})
				if reason := apierr.ReasonOf(err); reason != "" && reason != "CONTENTION" {
					t.Error(err)
				}
				deleted = err == nil
			}
		})
		all.Wait()
		if n := f.count("offerings WHERE service_id = ? AND deleted_at IS NULL", s.GetId()); n != 0 {
			t.Errorf("%d offerings of a deleted service", n)
		}
	}
}

// A profile that was made again brings nothing back, also when nobody has seen the deletion. What is offered
// since stays, unless the master has moved to another salon.
func TestOfferingsWithoutTheEventOfTheDeletion(t *testing.T) {
	for _, tt := range []struct {
		name  string
		moved bool
		want  int
	}{{"made again", false, 1}, {"moved to another salon", true, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			again := &userv1.LookupMasterResponse{
				MasterId: f.mira.UserID, SalonId: id.FirstSalon, Version: 3, ProfileTime: timestamppb.New(f.Clock.Now().Add(time.Minute)),
			}
			if tt.moved {
				again.SalonId = f.other
			}
			f.Clock.Advance(time.Hour)
			dye := f.newService("Dye", 100)
			f.offer(f.mira, dye)
			for range 2 {
				f.setMaster(again)
				if n := f.count("offerings WHERE deleted_at IS NULL"); n != tt.want {
					t.Errorf("%d are offered, want %d", n, tt.want)
				}
				again.Version++ // a change of the same profile
			}
			if n := f.count("offerings WHERE deleted_at IS NULL AND service_id = ?", dye.GetId()); n != tt.want {
				t.Error("the wrong offering is left")
			}
		})
	}
}
