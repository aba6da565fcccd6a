package catalog

import (
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/id"
	"github.com/beauty-salon/platform/internal/postgres"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// colour is work, a wait and work again, an hour together.
func colour() []*appointmentv1.Phase { return []*appointmentv1.Phase{work(30), wait(20), work(10)} }

// phases reads the phases of a service.
func (f *fixture) phases(serviceID string) *appointmentv1.Service {
	f.t.Helper()
	s, err := f.client.GetService(f.t.Context(), &appointmentv1.GetServiceRequest{ServiceId: serviceID})
	if err != nil {
		f.t.Fatalf("get a service: %v", err)
	}
	return &appointmentv1.Service{Phases: s.GetPhases(), DurationMinutes: s.GetDurationMinutes()}
}

func (f *fixture) wantPhases(what, serviceID string, minutes int32, phases ...*appointmentv1.Phase) {
	f.t.Helper()
	if got, want := f.phases(serviceID), (&appointmentv1.Service{Phases: phases, DurationMinutes: minutes}); !proto.Equal(got, want) {
		f.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCreateServiceWithPhases(t *testing.T) {
	f := newFixture(t)
	chair, room, deleted, foreign := f.addKind(id.FirstSalon), f.addKind(id.FirstSalon), f.addKind(id.FirstSalon), f.addKind(f.other)
	f.exec("UPDATE resource_kinds SET deleted_at = now() WHERE id = ?", deleted)
	others := []string{f.addKind(id.FirstSalon), f.addKind(id.FirstSalon)}
	for _, tt := range []struct {
		name    string
		phases  []*appointmentv1.Phase
		minutes *int32
		want    int32  // minutes
		field   string // to blame
	}{
		{"several", colour(), nil, 60, ""},
		{"several, and as long as they are", colour(), proto.Int32(60), 60, ""},
		{"one", []*appointmentv1.Phase{work(45)}, nil, 45, ""},
		{"resources", []*appointmentv1.Phase{work(30, chair, room), wait(20, chair), work(10)}, nil, 60, ""},
		{"neither phases nor a duration", nil, nil, 0, "duration_minutes"},
		{"another duration", colour(), proto.Int32(61), 0, "duration_minutes"},
		{"waiting first", []*appointmentv1.Phase{wait(10), work(10)}, nil, 0, "phases[0].kind"},
		{"waiting last", []*appointmentv1.Phase{work(10), wait(10)}, nil, 0, "phases[1].kind"},
		{"too short", []*appointmentv1.Phase{work(1), work(1)}, nil, 0, "phases"},
		{"no kind of a phase", []*appointmentv1.Phase{{DurationMinutes: 10}}, nil, 0, "phases[0].kind"},
		{"no time", []*appointmentv1.Phase{work(10), work(0)}, nil, 0, "phases[1].duration_minutes"},
		{"an unknown resource", []*appointmentv1.Phase{work(10, chair), work(10, chair, f.NewID())}, nil, 0, "phases[1].resource_kind_ids[1]"},
		{"a resource of another salon", []*appointmentv1.Phase{work(10, foreign)}, nil, 0, "phases[0].resource_kind_ids[0]"},
		{"a deleted resource", []*appointmentv1.Phase{work(10, deleted)}, nil, 0, "phases[0].resource_kind_ids[0]"},
		{
			"four kinds", []*appointmentv1.Phase{work(10, chair, room), work(10, others...)}, nil, 0, "phases[1].resource_kind_ids[1]",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := f.rulesVersion(id.FirstSalon)
			got, err := f.client.CreateService(f.As(f.manager), &appointmentv1.CreateServiceRequest{
				Name: tt.name, Category: "Hair", Price: euros(100), Phases: tt.phases, DurationMinutes: tt.minutes,
			})
			if tt.field != "" {
				servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", tt.field)
				if f.rulesVersion(id.FirstSalon) != before {
					t.Error("what was refused changed the rules")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			servicetest.WantMessage(t, &appointmentv1.Service{Phases: got.GetPhases(), DurationMinutes: got.GetDurationMinutes()},
				&appointmentv1.Service{Phases: tt.phases, DurationMinutes: tt.want})
			f.wantPhases("read again", got.GetId(), tt.want, tt.phases...)
			if f.rulesVersion(id.FirstSalon) != before+1 {
				t.Errorf("the rules have version %d after one change of version %d", f.rulesVersion(id.FirstSalon), before)
			}
		})
	}
}

func TestUpdatePhases(t *testing.T) {
	f := newFixture(t)
	chair, cut := f.addKind(id.FirstSalon), f.cut.GetId()
	mask := func(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }
	for _, tt := range []struct {
		name    string
		req     *appointmentv1.UpdateServiceRequest
		minutes int32
		want    []*appointmentv1.Phase
		field   string
	}{
		{"a duration", &appointmentv1.UpdateServiceRequest{DurationMinutes: proto.Int32(50)}, 50, []*appointmentv1.Phase{work(50)}, ""},
		{"a resource", &appointmentv1.UpdateServiceRequest{Phases: []*appointmentv1.Phase{work(50, chair)}}, 50, []*appointmentv1.Phase{work(50, chair)}, ""},
		{"a duration keeps the resource", &appointmentv1.UpdateServiceRequest{DurationMinutes: proto.Int32(40)}, 40, []*appointmentv1.Phase{work(40, chair)}, ""},
		{"several phases", &appointmentv1.UpdateServiceRequest{Phases: colour()}, 60, colour(), ""},
		{"the duration that they have", &appointmentv1.UpdateServiceRequest{DurationMinutes: proto.Int32(60)}, 60, colour(), ""},
		{"a duration alone", &appointmentv1.UpdateServiceRequest{DurationMinutes: proto.Int32(50)}, 60, colour(), "duration_minutes"},
		{
			"a duration that is not theirs", &appointmentv1.UpdateServiceRequest{Phases: colour(), DurationMinutes: proto.Int32(50)},
			60, colour(), "duration_minutes",
		},
		{"phases that cannot be", &appointmentv1.UpdateServiceRequest{Phases: []*appointmentv1.Phase{wait(60)}}, 60, colour(), "phases[0].kind"},
		{
			"an unknown resource", &appointmentv1.UpdateServiceRequest{Phases: []*appointmentv1.Phase{work(60, f.NewID())}},
			60, colour(), "phases[0].resource_kind_ids[0]",
		},
		{"phases that the mask does not name", &appointmentv1.UpdateServiceRequest{
			Phases: []*appointmentv1.Phase{work(5)}, Description: proto.String("X"), UpdateMask: mask("description"),
		}, 60, colour(), ""},
		{"away with them", &appointmentv1.UpdateServiceRequest{UpdateMask: mask("phases")}, 60, []*appointmentv1.Phase{work(60)}, ""},
		{"several again, with their duration", &appointmentv1.UpdateServiceRequest{Phases: colour(), DurationMinutes: proto.Int32(60)}, 60, colour(), ""},
		{"away with them, for another duration", &appointmentv1.UpdateServiceRequest{
			DurationMinutes: proto.Int32(45), UpdateMask: mask("phases", "duration_minutes"),
		}, 45, []*appointmentv1.Phase{work(45)}, ""},
	} {
		tt.req.ServiceId = cut
		_, err := f.client.UpdateService(f.As(f.manager), tt.req)
		if tt.field != "" {
			t.Run(tt.name, func(t *testing.T) {
				servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", tt.field)
			})
		} else if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		f.wantPhases(tt.name, cut, tt.minutes, tt.want...)
	}
}

// A service gets several phases when no master has a duration of their own any more: nobody could say of which phase it is.
func TestPhasesAndOwnDurations(t *testing.T) {
	f := newFixture(t)
	mira, cut := f.mira.UserID, f.cut.GetId()
	put := func(req *appointmentv1.PutOfferingRequest) error {
		req.MasterId, req.ServiceId = mira, cut
		_, err := f.client.PutOffering(f.As(f.manager), req)
		return err
	}
	several := func() error {
		_, err := f.client.UpdateService(f.As(f.manager), &appointmentv1.UpdateServiceRequest{ServiceId: cut, Phases: colour()})
		return err
	}
	if err := put(&appointmentv1.PutOfferingRequest{DurationOverrideMinutes: proto.Int32(75)}); err != nil {
		t.Fatal(err)
	}
	servicetest.WantError(t, several(), codes.InvalidArgument, "INVALID_FIELDS", "phases")
	f.wantPhases("refused", cut, 60, work(60))
	if err := put(&appointmentv1.PutOfferingRequest{PhasesOverride: []*appointmentv1.Phase{work(75)}}); err != nil {
		t.Fatal(err)
	}
	if err := several(); err != nil {
		t.Errorf("with phases of the master's own: %v", err)
	}
	servicetest.WantError(t, put(&appointmentv1.PutOfferingRequest{DurationOverrideMinutes: proto.Int32(75)}),
		codes.InvalidArgument, "INVALID_FIELDS", "duration_override_minutes")

	// An offering that has ended has no say.
	if _, err := f.client.DeleteOffering(f.As(f.manager), &appointmentv1.DeleteOfferingRequest{MasterId: mira, ServiceId: cut}); err != nil {
		t.Fatal(err)
	}
	f.exec("UPDATE offerings SET duration_override_minutes = 75")
	if err := several(); err != nil {
		t.Errorf("after the offering: %v", err)
	}
}

func TestPhasesOfOfferings(t *testing.T) {
	f := newFixture(t)
	chair, foreign := f.addKind(id.FirstSalon), f.addKind(f.other)
	put := func(req *appointmentv1.PutOfferingRequest) (*appointmentv1.Offering, error) {
		req.MasterId, req.ServiceId = f.mira.UserID, f.cut.GetId()
		return f.client.PutOffering(f.As(f.manager), req)
	}
	own := []*appointmentv1.Phase{work(40, chair), wait(25), work(15)}
	before := f.rulesVersion(id.FirstSalon)
	got, err := put(&appointmentv1.PutOfferingRequest{
		PhasesOverride: own, BufferBeforeOverrideMinutes: proto.Int32(0), BufferAfterOverrideMinutes: proto.Int32(15),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := proto.CloneOf(got)
	want.PhasesOverride, want.Phases, want.DurationMinutes, want.Etag = own, own, 80, "2"
	want.BufferBeforeOverrideMinutes, want.BufferAfterOverrideMinutes = proto.Int32(0), proto.Int32(15)
	servicetest.WantMessage(t, got, want)
	list, err := f.client.ListOfferings(t.Context(), &appointmentv1.ListOfferingsRequest{MasterId: f.mira.UserID})
	if err != nil || len(list.GetOfferings()) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	servicetest.WantMessage(t, list.GetOfferings()[0], want)
	if f.rulesVersion(id.FirstSalon) != before+1 {
		t.Error("the rules have not changed")
	}

	for _, tt := range []struct {
		name  string
		req   *appointmentv1.PutOfferingRequest
		field string
	}{
		{"a duration too", &appointmentv1.PutOfferingRequest{PhasesOverride: own, DurationOverrideMinutes: proto.Int32(80)}, "duration_override_minutes"},
		{"waiting last", &appointmentv1.PutOfferingRequest{PhasesOverride: own[:2]}, "phases_override[1].kind"},
		{"an unknown resource", &appointmentv1.PutOfferingRequest{PhasesOverride: []*appointmentv1.Phase{work(10, f.NewID())}}, "phases_override[0].resource_kind_ids[0]"},
		{"a resource of another salon", &appointmentv1.PutOfferingRequest{PhasesOverride: []*appointmentv1.Phase{work(10, foreign)}}, "phases_override[0].resource_kind_ids[0]"},
		{"a buffer that is too long", &appointmentv1.PutOfferingRequest{BufferAfterOverrideMinutes: proto.Int32(241)}, "buffer_after_override_minutes"},
	} {
		_, err := put(tt.req)
		t.Run(tt.name, func(t *testing.T) { servicetest.WantError(t, err, codes.InvalidArgument, "INVALID_FIELDS", tt.field) })
	}

	// A booking sees them, and what is the service's again.
	o, err := f.root.store.Offering(t.Context(), f.mira.UserID, f.cut.GetId())
	if err != nil || len(o.Phases()) != 3 || !o.Phases()[1].Wait || o.Minutes() != 80 || o.BufferAfter() != 15 {
		t.Errorf("booked: %+v, %v", o, err)
	}
	if got, err = put(&appointmentv1.PutOfferingRequest{}); err != nil {
		t.Fatal(err)
	}
	want.PhasesOverride, want.Phases, want.DurationMinutes, want.Etag = nil, []*appointmentv1.Phase{work(60)}, 60, "3"
	want.BufferBeforeOverrideMinutes, want.BufferAfterOverrideMinutes, want.UpdateTime = nil, nil, got.GetUpdateTime()
	servicetest.WantMessage(t, got, want)
}

// A kind of resources is not deleted while a service begins to need it.
func TestKindsAreKept(t *testing.T) {
	f := newFixture(t)
	kind := f.addKind(id.FirstSalon)
	locked, commit := make(chan struct{}), make(chan struct{})
	var both sync.WaitGroup
	both.Go(func() {
		err := f.db.InTx(t.Context(), func(tx *postgres.DB) error {
			err := NewStore(tx).checkKinds(t.Context(), id.FirstSalon, "phases", []Phase{{Minutes: 10, Kinds: []string{kind}}})
			close(locked)
			<-commit
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-locked
	both.Go(func() {
		if err := f.db.Conn(t.Context()).Exec("UPDATE resource_kinds SET deleted_at = now() WHERE id = ?", kind).Error; err != nil {
			t.Error(err)
		}
	})
	f.Eventually("the deletion waits", func() bool { return f.waiting(t.Context()) == 1 })
	close(commit)
	both.Wait()
}
