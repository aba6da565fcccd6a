package resource

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	appointmentv1 "github.com/beauty-salon/platform/gen/salon/appointment/v1"
	"github.com/beauty-salon/platform/internal/auth"
	"github.com/beauty-salon/platform/internal/servicetest"
)

// hours is a time some hours from now.
func (f *fixture) hours(n int) time.Time { return f.Clock.Now().Add(time.Duration(n) * time.Hour) }

// closure asks for a closure of a resource, in hours from now.
func (f *fixture) closure(r *appointmentv1.Resource, from, to int) *appointmentv1.CreateResourceClosureRequest {
	return &appointmentv1.CreateResourceClosureRequest{
		ResourceId: r.GetId(), StartTime: timestamppb.New(f.hours(from)), EndTime: timestamppb.New(f.hours(to)),
	}
}

// close takes a resource out of use.
func (f *fixture) close(req *appointmentv1.CreateResourceClosureRequest) *appointmentv1.CreateResourceClosureResponse {
	f.t.Helper()
	got, err := f.client.CreateResourceClosure(f.As(f.manager), req)
	if err != nil {
		f.t.Fatalf("create a closure: %v", err)
	}
	return got
}

func TestClosures(t *testing.T) {
	f := newFixture(t)
	kind := f.newKind("Chair")
	chair, other := f.newResource(kind, "Chair 1"), f.newResource(kind, "Chair 2")
	f.close(f.closure(other, 0, 100))
	rules := f.rulesVersion()

	req := f.closure(chair, 10, 12)
	req.Note, req.RequestId = "Being repaired.", f.NewID()
	got := f.close(req)
	want := &appointmentv1.CreateResourceClosureResponse{ResourceClosure: &appointmentv1.ResourceClosure{
		Id: got.GetResourceClosure().GetId(), ResourceId: chair.GetId(), StartTime: req.GetStartTime(), EndTime: req.GetEndTime(),
		Note: "Being repaired.", CreateTime: timestamppb.New(f.Clock.Now()),
	}}
	servicetest.WantMessage(t, got, want)
	servicetest.WantMessage(t, f.close(req), want)
	if f.rulesVersion() != rules+1 {
		t.Errorf("the rules have version %d after one change of version %d", f.rulesVersion(), rules)
	}

	// Only to validate it makes nothing, under whatever request id.
	would := proto.CloneOf(req)
	would.ValidateOnly, would.Note, would.RequestId = true, "", f.NewID()
	servicetest.WantMessage(t, f.close(would), &appointmentv1.CreateResourceClosureResponse{ResourceClosure: &appointmentv1.ResourceClosure{
		ResourceId: chair.GetId(), StartTime: req.GetStartTime(), EndTime: req.GetEndTime(), CreateTime: timestamppb.New(f.Clock.Now()),
	}})
	if f.rulesVersion() != rules+1 {
		t.Error("only to validate it changed the rules")
	}
	would.ValidateOnly = false
	overlapping := f.close(would).GetResourceClosure() // closures may overlap
	f.close(f.closure(chair, 2, 3))

	list := func(from *timestamppb.Timestamp) (starts []time.Duration) {
		t.Helper()
		req := &appointmentv1.ListResourceClosuresRequest{ResourceId: chair.GetId(), PageSize: 1, FromTime: from}
		for {
			page, err := f.client.ListResourceClosures(f.As(f.receptionist), req)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.GetResourceClosures() {
				starts = append(starts, c.GetStartTime().AsTime().Sub(f.Clock.Now()).Round(time.Hour)/time.Hour)
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return starts
			}
		}
	}
	if got := list(nil); !slices.Equal(got, []time.Duration{2, 10, 10}) {
		t.Errorf("closures start in %d hours", got)
	}
	if got := list(timestamppb.New(f.hours(3))); !slices.Equal(got, []time.Duration{10, 10}) {
		t.Errorf("closures that end later start in %d hours", got)
	}

	rules = f.rulesVersion()
	remove := func(as auth.Principal) error {
		_, err := f.client.DeleteResourceClosure(f.As(as), &appointmentv1.DeleteResourceClosureRequest{ResourceClosureId: overlapping.GetId()})
		return err
	}
	servicetest.WantError(t, remove(f.receptionist), codes.PermissionDenied, "PERMISSION_DENIED", "")
	servicetest.WantError(t, remove(f.otherManager), codes.NotFound, "NOT_FOUND", "")
	if err := remove(f.manager); err != nil || len(list(nil)) != 2 || f.rulesVersion() != rules+1 {
		t.Errorf("%v; left are %d", err, list(nil))
	}
	servicetest.WantError(t, remove(f.manager), codes.NotFound, "NOT_FOUND", "")
}

func TestClosuresAreRefused(t *testing.T) {
	f := newFixture(t)
	chair := f.newResource(f.newKind("Chair"), "Chair 1")
	seconds := f.closure(chair, 1, 2)
	seconds.StartTime = timestamppb.New(f.hours(1).Add(time.Second))
	unknown := f.closure(chair, 1, 2)
	unknown.ResourceId = f.NewID()
	for _, tt := range []struct {
		name          string
		as            auth.Principal
		req           *appointmentv1.CreateResourceClosureRequest
		code          codes.Code
		reason, field string
	}{
		{"a receptionist", f.receptionist, f.closure(chair, 1, 2), codes.PermissionDenied, "PERMISSION_DENIED", ""},
		{"a manager of another salon", f.otherManager, f.closure(chair, 1, 2), codes.NotFound, "NOT_FOUND", ""},
		{"an unknown resource", f.manager, unknown, codes.NotFound, "NOT_FOUND", ""},
		{"backwards", f.manager, f.closure(chair, 2, 1), codes.InvalidArgument, "INVALID_FIELDS", "end_time"},
		{"seconds", f.manager, seconds, codes.InvalidArgument, "INVALID_FIELDS", "start_time"},
		{"more than a year", f.manager, f.closure(chair, 0, 24*367), codes.InvalidArgument, "INVALID_FIELDS", "end_time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := f.client.CreateResourceClosure(f.As(tt.as), tt.req)
			servicetest.WantError(t, err, tt.code, tt.reason, tt.field)
		})
	}
	if n := f.count("times_off"); n != 0 {
		t.Errorf("%d closures were made", n)
	}
	_, err := f.client.ListResourceClosures(f.As(f.otherManager), &appointmentv1.ListResourceClosuresRequest{ResourceId: chair.GetId()})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
	// Time off of a master is no closure.
	vacation := f.NewID()
	f.exec(`INSERT INTO times_off (salon_id, id, subject_id, subject_kind, kind, start_time, end_time, note, create_time)
		VALUES (?, ?, ?, 'MASTER', 'VACATION', now(), now() + interval '1 day', '', now())`, chair.GetSalonId(), vacation, f.mira)
	_, err = f.client.DeleteResourceClosure(f.As(f.manager), &appointmentv1.DeleteResourceClosureRequest{ResourceClosureId: vacation})
	servicetest.WantError(t, err, codes.NotFound, "NOT_FOUND", "")
}
